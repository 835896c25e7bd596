"""Lapsed holds: free for every buyer while the sweeper is off, and never a backlog that slows a sale."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest

from holdfast.errors import HoldExpired, SoldOut
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.hold import Hold
from support.selling import (
    a_confirm,
    a_place,
    an_engine,
    in_one_batch,
    move_time,
    new_event,
    place,
    quantity,
    sql,
    waiting_for_the_lock,
)

MINUTE = timedelta(seconds=61)


async def test_an_expired_hold_does_not_keep_its_seat(inventory: Inventory, database_url: str) -> None:
    number = await new_event(inventory, widths=(3,))
    first = await place(inventory, number, c.SeatsLine(labels=("A-1-2",)), ttl_seconds=60)
    move_time(database_url, number, MINUTE, inventory)
    assert (await inventory.queries.get_availability(number)).counts.available == 3
    assert isinstance(await place(inventory, number, c.SeatsLine(labels=("A-1-2",))), Hold)
    with pytest.raises(HoldExpired):
        await inventory.execute(number, a_confirm(inventory, number, first))


async def test_availability_never_grows_past_capacity(inventory: Inventory, database_url: str) -> None:
    """Expired, reclaimed by a sale, and swept twice: the admissions return once."""
    number = await new_event(inventory, areas={"floor": 5}, widths=(2,))
    for _ in range(3):
        await place(inventory, number, quantity(4), c.BestAvailableLine(quantity=2), ttl_seconds=60)
        move_time(database_url, number, MINUTE, inventory)
        await place(inventory, number, quantity(2), ttl_seconds=60)
        move_time(database_url, number, MINUTE, inventory)
        for _ in range(2):
            await inventory.execute(number, c.ReclaimLapsed(limit=10))
        counts = (await inventory.queries.get_availability(number)).counts
        assert (counts.capacity, counts.available, counts.held) == (7, 7, 0)


async def test_a_short_area_gets_its_lapsed_holds_despite_older_ones_elsewhere(
    inventory: Inventory, database_url: str
) -> None:
    """The floor has room and a hundred older lapsed holds. The stand has only lapsed ones."""
    number = await new_event(inventory, areas={"floor": 1_000, "stand": 3, "box": 2})
    for _ in range(100):
        await place(inventory, number, quantity(1, "floor"), ttl_seconds=60)
    for area, count in (("stand", 3), ("box", 2)):
        for _ in range(count):
            await place(inventory, number, quantity(1, area), ttl_seconds=60)
    move_time(database_url, number, MINUTE, inventory)
    held = await place(inventory, number, quantity(1, "floor"), quantity(3, "stand"), quantity(2, "box"))
    assert held.quantity == 6
    swept = sql(database_url, "SELECT count(*) FROM holds WHERE status = 'expired'")
    assert swept == [(5,)], "more was reclaimed than requested"


async def test_a_sweep_in_the_same_batch_hides_nothing(inventory: Inventory, database_url: str) -> None:
    number = await new_event(inventory, areas={"floor": 10})
    for _ in range(10):
        await place(inventory, number, quantity(1), ttl_seconds=60)
    move_time(database_url, number, MINUTE, inventory)
    swept, held = await in_one_batch(
        inventory, number, c.ReclaimLapsed(limit=1), a_place(inventory, number, quantity(10))
    )
    assert swept == 1
    assert isinstance(held, Hold)


async def test_a_sale_leaves_the_backlog_to_the_sweeper(inventory: Inventory, database_url: str) -> None:
    """100,000 holds have lapsed. A sale rewrites only as many as it needs."""
    number = await new_event(inventory, areas={"floor": 100_000})
    backlog = """
        WITH made AS (
            INSERT INTO holds (event_number, id, status, placed_at, expires_at, quantity, requested, placed_by)
            SELECT %(n)s, lpad(to_hex(g), 32, '0')::uuid, 'active', clock_timestamp() - interval '2 hours',
                   clock_timestamp() - interval '1 hour' + g * interval '1 millisecond', 1, 1, 'test'
            FROM generate_series(1, 100000) g RETURNING id
        ), counted AS (UPDATE areas SET held = 100000 WHERE event_number = %(n)s),
        bounded AS (UPDATE inventories SET reclaimed_until = '-infinity' WHERE event_number = %(n)s)
        INSERT INTO claims (event_number, hold_id, claim_number, line, kind, area_number, quantity, held_version)
        SELECT %(n)s, id, 0, 0, 'hold', 1, 1, 0 FROM made"""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE inventories SET reclaimed_until = '2020-01-01' WHERE event_number = %s", (number,)
        )
        connection.execute(backlog.replace("'-infinity'", "'2020-01-01'"), {"n": number})
    outcomes = await in_one_batch(
        inventory, number, *[a_place(inventory, number, quantity(2)) for _ in range(20)]
    )
    assert all(isinstance(each, Hold) for each in outcomes)
    assert sql(database_url, "SELECT count(*) FROM holds WHERE status = 'expired'") == [(40,)]
    counts = (await inventory.queries.get_availability(number)).counts
    assert (counts.available, counts.held) == (99_960, 40)


async def test_a_confirm_that_waited_past_the_expiry_is_refused(
    inventory: Inventory, database_url: str
) -> None:
    """A blocker that only locks. The hold was alive when the confirm arrived, and lapsed before its turn."""
    number = await new_event(inventory, areas={"floor": 10})
    hold = await place(inventory, number, quantity(1), ttl_seconds=1)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as blocker:
        await blocker.execute("BEGIN")
        await blocker.execute("SELECT FROM inventories WHERE event_number = %s FOR UPDATE", (number,))
        confirming = asyncio.ensure_future(inventory.execute(number, a_confirm(inventory, number, hold)))
        await waiting_for_the_lock(database_url)
        await blocker.execute(
            "SELECT pg_sleep(greatest(0, extract(epoch FROM expires_at - clock_timestamp()) + 0.01))"
            " FROM holds WHERE event_number = %s",
            (number,),
        )
        await blocker.execute("COMMIT")
    with pytest.raises(HoldExpired):
        await confirming
    assert (await inventory.queries.get_availability(number)).counts.available == 10


async def test_an_area_enlarged_elsewhere_shrinks_over_its_lapsed_holds(
    database_url: str,
) -> None:
    """The number of holds to reclaim follows from the area's present capacity, not from the one in memory."""
    async with an_engine(database_url) as one, an_engine(database_url) as other:
        number = await new_event(one, areas={"floor": 10})
        await place(one, number, quantity(1))
        await other.execute(number, c.ChangeEvent(capacity=20))
        for _ in range(4):
            await place(other, number, quantity(4))
        move_time(database_url, number, timedelta(hours=1), one, other)
        changed = await one.execute(number, c.ChangeEvent(capacity=10))
        assert changed.capacity == 10


async def test_lapsed_holds_are_loaded_if_ample_admissions_are_taken(database_url: str) -> None:
    """The process remembers far more than the batch needs and loads no lapsed holds. The counters under the lock
    correct it."""
    async with an_engine(database_url) as one, an_engine(database_url) as other:
        number = await new_event(one, areas={"floor": 20_000})
        await place(one, number, quantity(1), ttl_seconds=600)
        for _ in range(20):
            await place(other, number, quantity(999), ttl_seconds=60)
        move_time(database_url, number, MINUTE, one, other)
        assert (await place(one, number, quantity(500))).quantity == 500
        for _ in range(19):
            await place(one, number, quantity(999))
        with pytest.raises(SoldOut):
            await place(other, number, quantity(900))
