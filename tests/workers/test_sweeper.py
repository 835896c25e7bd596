"""The sweeper: rows of lapsed holds are rewritten eventually, and no answer depends on it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from holdfast.errors import SoldOut
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.workers.sweeper import Sweeper
from support.ageing import lapse_hold
from support.house_of import confirm, fetch, make_event, place


async def statuses(url: str) -> list[str]:
    return [str(row[0]) for row in fetch(url, "SELECT status FROM holds ORDER BY id")]


async def test_lapsed_holds_are_rewritten_and_live_holds_kept(
    inventory: Inventory, database_url: str
) -> None:
    """Counters, claims and the journal then agree with what readers saw before."""
    event = await make_event(inventory, capacity=10)
    lapsed, live = await place(inventory, event.number, 3), await place(inventory, event.number, 2)
    lapse_hold(database_url, lapsed)
    before = await inventory.queries.get_availability(event.number)

    assert await Sweeper(inventory).run_once() == 1

    after = await inventory.queries.get_availability(event.number)
    assert (before.counts, after.counts) == (after.counts, before.counts)
    assert (before.lapsed, after.lapsed) == (1, 0)
    assert after.counts.held == 2
    assert await statuses(database_url) == ["expired", "active"]
    assert (await confirm(inventory, event.number, live)) is not None
    assert await Sweeper(inventory).run_once() == 0


async def test_a_booking_is_never_swept(inventory: Inventory, database_url: str) -> None:
    """Its hold's expiry passes soon."""
    event = await make_event(inventory, capacity=10)
    sold = await place(inventory, event.number, 3)
    await confirm(inventory, event.number, sold)
    lapse_hold(database_url, sold)
    assert await Sweeper(inventory).run_once() == 0
    assert (await inventory.queries.get_availability(event.number)).counts.booked == 3


async def test_a_backlog_is_swept_in_small_steps(inventory: Inventory, database_url: str) -> None:
    """No step rewrites more than its limit, however much has lapsed."""
    numbers = [(await make_event(inventory, capacity=100)).number for _ in range(3)]
    for number in numbers:
        for _ in range(5):
            lapse_hold(database_url, await place(inventory, number, 1))
    sizes: list[int] = []
    inventory._on_commit.append(lambda number, version, changes: sizes.append(len(changes.moved_holds)))

    assert await Sweeper(inventory, holds_per_step=2, events_per_round=2).run_once() == 15

    assert max(sizes) == 2
    assert set(await statuses(database_url)) == {"expired"}
    held = fetch(database_url, "SELECT sum(held) FROM areas")
    assert held == [(0,)]


async def test_one_sweep_is_bounded_and_the_next_continues(inventory: Inventory, database_url: str) -> None:
    event = await make_event(inventory, capacity=100)
    for _ in range(5):
        lapse_hold(database_url, await place(inventory, event.number, 1))
    sweeper = Sweeper(inventory, holds_per_step=2, max_rounds=2)
    assert [await sweeper.run_once() for _ in range(3)] == [4, 1, 0]


async def test_live_holds_of_a_cancelled_event_are_released(inventory: Inventory, database_url: str) -> None:
    """The cancel was one small batch; the rows follow, and the booking stays."""
    event = await make_event(inventory, capacity=10, rows=1)
    for _ in range(3):
        await place(inventory, event.number, 1)
    await place(inventory, event.number, "A-1-1")
    await confirm(inventory, event.number, await place(inventory, event.number, 2))
    await inventory.execute(event.number, c.CancelEvent(by="test"))

    assert await Sweeper(inventory, holds_per_step=2).run_once() == 4

    rows = fetch(database_url, "SELECT status, count(*) FROM holds GROUP BY 1 ORDER BY 1")
    assert rows == [("confirmed", 1), ("released", 4)]
    counts = (await inventory.queries.get_availability(event.number)).counts
    assert (counts.held, counts.booked, counts.available) == (0, 2, 0)
    assert await Sweeper(inventory).run_once() == 0


async def test_only_one_process_sweeps_at_a_time(inventory: Inventory, database_url: str) -> None:
    """The lease decides, until it expires."""
    event = await make_event(inventory, capacity=10)
    lapse_hold(database_url, await place(inventory, event.number, 1))
    assert await inventory.operations.take_lease("sweeper", uuid4(), 60)
    assert await Sweeper(inventory).run_once() == 0

    fetch(database_url, "UPDATE leases SET until = until - interval '2 minutes' RETURNING name")
    assert await Sweeper(inventory).run_once() == 1


async def test_an_idle_sweep_writes_nothing(inventory: Inventory, database_url: str) -> None:
    await make_event(inventory, capacity=10)
    assert await Sweeper(inventory).run_once() == 0
    assert fetch(database_url, "SELECT name FROM leases") == []


async def test_a_sweep_in_a_sales_batch_hides_no_lapsed_hold(inventory: Inventory, database_url: str) -> None:
    """The sweep's oldest holds are in the pit; the command for the stand must find the stand's lapsed hold."""
    areas = (c.AreaSpec(name="pit", capacity=5), c.AreaSpec(name="stand", capacity=1))
    event = await inventory.create_event(c.NewEvent(name="Concert", areas=areas), by="test")
    assert event is not None
    for area in ("pit", "pit", "pit", "stand"):
        hold_id = inventory.new_id(event.number)
        line = c.QuantityLine(area=area, quantity=1)
        await inventory.execute(event.number, c.PlaceHold(hold_id=hold_id, lines=(line,), ttl_seconds=60))
        lapse_hold(database_url, hold_id)

    line = c.QuantityLine(area="stand", quantity=1)
    swept, hold = await inventory._batches.run(
        event.number,
        [
            c.ReclaimLapsed(limit=1),
            c.PlaceHold(hold_id=inventory.new_id(event.number), lines=(line,), ttl_seconds=60),
        ],
    )
    assert swept == 1
    assert not isinstance(hold, SoldOut)
    assert await Sweeper(inventory).run_once() == 2
    assert (await statuses(database_url)).count("expired") == 4


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_the_scans_lower_bound_never_passes_a_live_hold(
    inventory: Inventory, database_url: str, limit: int
) -> None:
    """No sweep would find a hold below the bound, and it would keep its admissions forever."""
    event = await make_event(inventory, capacity=10)
    for _ in range(3):
        lapse_hold(database_url, await place(inventory, event.number, 1))
    live = await place(inventory, event.number, 1)
    await inventory.execute(event.number, c.ReclaimLapsed(limit=limit))
    ((bound,),) = fetch(database_url, "SELECT reclaimed_until FROM inventories")
    ((oldest,),) = fetch(database_url, "SELECT min(expires_at) FROM holds WHERE status = 'active'")
    assert isinstance(bound, datetime)
    assert isinstance(oldest, datetime)
    assert bound <= oldest
    assert bound <= datetime.now(UTC)
    lapse_hold(database_url, live)
    assert await Sweeper(inventory).run_once() == 4 - min(limit, 3)
