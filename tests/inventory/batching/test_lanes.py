"""Lanes: queues have a bound, hopeless commands are refused, and large commands run in steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import psycopg
import pytest

from holdfast.errors import Busy, OutcomeUnknown, SeatTaken
from holdfast.ids import make_id
from holdfast.inventory.batching.lane import Lane
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Answered, Replayed
from holdfast.inventory.rules.hold import Hold
from inventory.rules.sales import rows_of
from support.selling import (
    a_confirm,
    a_place,
    all_at_once,
    an_engine,
    in_one_batch,
    mirrored_seats,
    new_event,
    place,
    quantity,
    sql,
    waiting_for_the_lock,
)


async def test_a_full_queue_refuses_at_once(database_url: str) -> None:
    """While the database is blocked, the sixth command is refused before the first has its answer."""
    async with an_engine(database_url, queue_length=5) as inventory:
        number = await new_event(inventory, areas={"floor": 100})
        with psycopg.connect(database_url) as blocker:
            blocker.execute("SELECT FROM inventories WHERE event_number = %s FOR UPDATE", (number,))
            first = asyncio.ensure_future(place(inventory, number, quantity(1)))
            await waiting_for_the_lock(database_url)
            rest = [asyncio.ensure_future(place(inventory, number, quantity(1))) for _ in range(5)]
            await asyncio.sleep(0)
            with pytest.raises(Busy):
                await place(inventory, number, quantity(1))
            assert not first.done()
        assert len(await asyncio.gather(first, *rest)) == 6


async def test_a_command_that_waited_too_long_is_dropped_before_it_begins(database_url: str) -> None:
    async with an_engine(database_url, wait_seconds=20) as inventory:
        number = await new_event(inventory, areas={"floor": 100})
        await place(inventory, number, quantity(1))
        lane, limits = inventory._lanes[number], inventory._limits
        with psycopg.connect(database_url) as blocker:
            blocker.execute("SELECT FROM inventories WHERE event_number = %s FOR UPDATE", (number,))
            first = asyncio.ensure_future(place(inventory, number, quantity(1)))
            await waiting_for_the_lock(database_url)
            lane._limits = replace(limits, wait_seconds=0.0)
            late = asyncio.ensure_future(place(inventory, number, quantity(1)))
            await asyncio.sleep(0)
        assert isinstance(await first, Hold)
        with pytest.raises(Busy):
            await late
        assert sql(database_url, "SELECT count(*) FROM holds") == [(2,)]


async def test_a_command_that_would_expire_in_the_queue_is_refused(database_url: str) -> None:
    """At 10 s per command a new buyer would wait for more than a quarter of the limit, a confirmation less."""
    async with an_engine(database_url, wait_seconds=30, batch_maximum=1) as inventory:
        number = await new_event(inventory, areas={"floor": 100})
        hold = await place(inventory, number, quantity(1))
        lane = inventory._lanes[number]
        assert lane._pace == 0.0
        with psycopg.connect(database_url) as blocker:
            blocker.execute("SELECT FROM inventories WHERE event_number = %s FOR UPDATE", (number,))
            first = asyncio.ensure_future(place(inventory, number, quantity(1)))
            await waiting_for_the_lock(database_url)
            rest = [asyncio.ensure_future(place(inventory, number, quantity(1))) for _ in range(2)]
            await asyncio.sleep(0)
            lane._pace = 10.0
            with pytest.raises(Busy):
                await place(inventory, number, quantity(1))
            confirmed = asyncio.ensure_future(inventory.execute(number, a_confirm(inventory, number, hold)))
            await asyncio.sleep(0)
            assert not first.done()
        assert len(await asyncio.gather(first, *rest, confirmed)) == 4
        assert 0.0 < lane._pace < 10.0


async def test_one_slow_batch_refuses_nobody() -> None:
    """1,024 callers wait in turn for a lane whose first batch took a second, as that of a new server may."""
    lane = Lane(1, InventoryLimits(), by_seat=lambda _: False)
    loop = asyncio.get_running_loop()
    new_hold = c.PlaceHold(hold_id=make_id(1, unix_ms=1, random_bits=1), lines=(quantity(1),))
    lane.learn_pace(1.0, 1)
    waiting = [lane.submit(new_hold, None, loop) for _ in range(1_024)]
    for _ in range(9):
        lane.learn_pace(1.0, 32)
    with pytest.raises(Busy):  # but a database that stays slow is noticed
        lane.submit(new_hold, None, loop)
    assert lane.depth == len(waiting)


async def test_a_lane_that_was_slow_once_is_quick_again() -> None:
    lane = Lane(1, InventoryLimits(), by_seat=lambda _: False)
    for _ in range(9):
        lane.learn_pace(0.01, 256)
    lane.learn_pace(30.0, 32)
    assert lane._pace <= 0.25 * 2.0 / 4_096  # no queue is hopeless at this pace


async def test_a_batch_takes_half_of_all_known_callers(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Buyers who return after each answer do not all gather in one batch, with the database idle between two."""
    number = await new_event(inventory, areas={"floor": 1_000})
    sizes: list[int] = []
    run = inventory._batches.run

    async def noted(
        number: int, commands: list[c.AnyCommand], *, committing: Callable[[], object]
    ) -> list[object]:
        sizes.append(len(commands))
        return await run(number, commands, committing=committing)

    monkeypatch.setattr(inventory._batches, "run", noted)

    async def buyer() -> None:
        for _ in range(3):
            await place(inventory, number, quantity(1))

    await asyncio.gather(*(buyer() for _ in range(200)))
    assert sum(sizes) == 600
    assert max(sizes) <= 101


async def test_a_command_whose_client_left_is_dropped(inventory: Inventory, database_url: str) -> None:
    number = await new_event(inventory, areas={"floor": 100})
    await place(inventory, number, quantity(1))
    with psycopg.connect(database_url) as blocker:
        blocker.execute("SELECT FROM inventories WHERE event_number = %s FOR UPDATE", (number,))
        first = asyncio.ensure_future(place(inventory, number, quantity(1)))
        await waiting_for_the_lock(database_url)
        left = asyncio.ensure_future(place(inventory, number, quantity(1)))
        stays = asyncio.ensure_future(place(inventory, number, quantity(1)))
        await asyncio.sleep(0)
        left.cancel()
    await asyncio.gather(first, stays)
    assert sql(database_url, "SELECT count(*) FROM holds") == [(3,)]


async def test_areas_are_loaded_in_any_order_of_their_rows(inventory: Inventory, database_url: str) -> None:
    """Rewritten rows have another place in their table. The event has the same areas."""
    number = await new_event(inventory, areas={"floor": 100, "stand": 100, "box": 100})
    sql(database_url, "ANALYZE areas")  # so small a table is read in the order of its rows
    for area in ("floor", "box", "stand", "floor", "floor", "box"):
        assert isinstance(await place(inventory, number, quantity(1, area)), Hold)
    names = [area.name for area in (await inventory.queries.get_availability(number)).areas]
    assert names == ["floor", "stand", "box"]


def a_large_block(inventory: Inventory, number: int, seats: int, key: str | None = None) -> c.BlockAdmissions:
    digest = sha256((key or "").encode()).digest()
    retry = c.RetryKey(
        scope=digest,
        body=digest,
        render=lambda outcome: c.StoredAnswer(
            status=201, body=repr(getattr(outcome, "quantity", outcome)).encode()
        ),
    )
    labels = tuple(f"A-{1 + at // 1_000}-{1 + at % 1_000}" for at in range(seats))
    return c.BlockAdmissions(
        block_id=inventory.new_id(number), labels=labels, key=retry if key is not None else None
    )


@pytest.fixture
async def large(inventory: Inventory) -> int:
    """An event of 6,000 seats."""
    return await new_event(inventory, widths=(1_000,) * 6)


async def test_a_large_block_runs_in_steps_and_is_lifted_in_one(
    inventory: Inventory, large: int, database_url: str
) -> None:
    block = await inventory.block(large, a_large_block(inventory, large, 5_000))
    assert block.quantity == 5_000
    assert (await inventory.queries.get_availability(large)).counts.blocked == 5_000
    assert sql(
        database_url,
        "SELECT max(jsonb_array_length(e->'seats')) FROM journal, jsonb_array_elements(changes) e",
    ) == [(2_000,)]
    await inventory.execute(large, c.LiftBlock(block_id=block.id))
    assert (await inventory.queries.get_availability(large)).counts.available == 6_000


async def test_a_large_block_that_is_refused_leaves_nothing_blocked(inventory: Inventory, large: int) -> None:
    await place(inventory, large, c.SeatsLine(labels=("A-5-7",)))
    with pytest.raises(SeatTaken):
        await inventory.block(large, a_large_block(inventory, large, 5_000))
    counts = (await inventory.queries.get_availability(large)).counts
    assert (counts.blocked, counts.held) == (0, 1)


async def test_a_retried_large_block_returns_the_stored_answer(inventory: Inventory, large: int) -> None:
    outcome = await inventory.block_keyed(large, a_large_block(inventory, large, 5_000, key="b"))
    assert isinstance(outcome, Answered)
    again = await inventory.block_keyed(large, a_large_block(inventory, large, 5_000, key="b"))
    assert isinstance(again, Replayed)
    assert again.answer == outcome.answer
    assert (await inventory.queries.get_availability(large)).counts.blocked == 5_000


async def test_two_equal_large_blocks_stand_in_full_or_not_at_all(
    inventory: Inventory,
) -> None:
    """Both get the same answer, and the answer is true."""
    number = await new_event(inventory, widths=(1_000,) * 7)
    one, other = await all_at_once(
        *[inventory.block_keyed(number, a_large_block(inventory, number, 7_000, key="b")) for _ in range(2)]
    )
    assert one.answer == other.answer
    counts = (await inventory.queries.get_availability(number)).counts
    assert counts.blocked == (7_000 if one.answer.body == b"7000" else 0)


async def test_commands_of_a_batch_are_unknown_when_the_server_stops(
    database_url: str,
) -> None:
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        await place(inventory, number, quantity(1))
        with psycopg.connect(database_url) as blocker:
            blocker.execute("SELECT FROM inventories WHERE event_number = %s FOR UPDATE", (number,))
            waits = asyncio.ensure_future(place(inventory, number, quantity(1)))
            await waiting_for_the_lock(database_url)
            (task,) = inventory._lanes._tasks
            task.cancel()
            with pytest.raises(OutcomeUnknown):
                await asyncio.wait_for(waits, 20)


async def test_a_block_that_grows_and_is_lifted_in_one_batch_ends(inventory: Inventory) -> None:
    number = await new_event(inventory, widths=(5,))
    first = c.BlockAdmissions(block_id=inventory.new_id(number), labels=("A-1-1",))
    await inventory.execute(number, first)
    more = c.BlockAdmissions(block_id=first.block_id, labels=("A-1-2",), extends=True)
    await in_one_batch(inventory, number, more, c.LiftBlock(block_id=first.block_id))
    assert (await inventory.queries.get_availability(number)).counts.available == 5
    await place(inventory, number, c.SeatsLine(labels=("A-1-1", "A-1-2")))


async def test_added_seats_are_on_sale_at_once_in_both_processes(database_url: str) -> None:
    async with an_engine(database_url) as one, an_engine(database_url) as other:
        number = await new_event(one, widths=(2,))
        for inventory in (one, other):
            await place(inventory, number, c.BestAvailableLine(quantity=1))
        seats = tuple(
            spec._replace(label=f"B{spec.label[1:]}", section="B")
            for spec in rows_of((3, 3), ("gold", "new"))
        )
        outcomes = await in_one_batch(
            one,
            number,
            c.ChangeEvent(seats=seats),
            a_place(one, number, c.SeatsLine(labels=("B-1-1",))),
            a_place(one, number, c.BestAvailableLine(quantity=3, category="new")),
        )
        assert [isinstance(each, Exception) for each in outcomes] == [False, False, False]
        held = await place(other, number, c.BestAvailableLine(quantity=2, together=False))
        assert held.quantity == 2
        assert set(await mirrored_seats(other, number)) >= {"B-1-1", "B-2-1", "B-2-3"}
        assert (await other.queries.get_availability(number)).counts.available == 0


async def test_one_key_twice_in_a_batch_is_decided_once(inventory: Inventory) -> None:
    number = await new_event(inventory, areas={"floor": 10})
    digest = b"d" * 32
    key = c.RetryKey(scope=digest, body=digest, render=lambda outcome: c.StoredAnswer(status=201, body=b"{}"))
    outcomes = await all_at_once(*[place(inventory, number, quantity(2), key=key) for _ in range(10)])
    assert [type(each) for each in outcomes] == [Answered, *[Replayed] * 9]
    assert (await inventory.queries.get_availability(number)).counts.held == 2
