"""Selling: engines over real databases, events to sell, and a check of the rows afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg

from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.sale_rules import SaleRules
from holdfast.postgres.connections import Connections
from inventory.rules.sales import rows_of
from support.citus import count_waiting

KEY = b"k" * 32


@asynccontextmanager
async def an_engine(
    urls: str | Sequence[str], *, size: int = 4, wait_seconds: float = 20.0, **limits: Any
) -> AsyncIterator[Inventory]:
    """Yield an engine with long timeouts, because the machine of a test may be slow."""
    inventory = Inventory(
        Connections(urls, size=size, wait_seconds=wait_seconds),
        HoldTokens(KEY),
        InventoryLimits(**{"wait_seconds": 30.0, "answer_seconds": 30.0, **limits}),
    )
    await inventory.open()
    try:
        yield inventory
    finally:
        await inventory.close()


async def new_event(
    inventory: Inventory, *, areas: dict[str, int] | None = None, widths: tuple[int, ...] = (), **rules: Any
) -> int:
    """Create an event with areas, and rows of seats `A-row-seat` in one category. Return its number."""
    specs = tuple(c.AreaSpec(name=name, capacity=capacity) for name, capacity in (areas or {}).items())
    seats = rows_of(widths, ("gold",) * len(widths))
    event = await inventory.create_event(
        c.NewEvent(name="E", areas=specs, seats=seats, rules=SaleRules(**rules)), by="test"
    )
    assert event is not None
    return event.number


async def mirrored_seats(inventory: Inventory, number: int) -> dict[str, str]:
    """Return the status of each taken seat by label, from the occupancy of this process."""
    event = await inventory.queries.get_event(number)
    now = (await inventory.queries.get_availability(number)).as_of
    occupancy = await inventory._occupancies.get_current(number, event.map_version)
    return {
        occupancy.seat_map.label_of(seat): occupant.status
        for seat, occupant in occupancy.by_seat.items()
        if not occupant.has_lapsed(now) and (event.status, occupant.status) != ("cancelled", "held")
    }


def a_place(inventory: Inventory, number: int, *lines: c.Line, **more: Any) -> c.PlaceHold:
    return c.PlaceHold(hold_id=inventory.new_id(number), lines=lines, **more)


async def run(inventory: Inventory, number: int, command: c.AnyCommand) -> Any:
    """Execute a command, with its retry key if it has one. Return the outcome."""
    if command.key is None:
        return await inventory.execute(number, command)
    return await inventory.execute_keyed(number, command)


async def place(inventory: Inventory, number: int, *lines: c.Line, **more: Any) -> Any:
    return await run(inventory, number, a_place(inventory, number, *lines, **more))


def quantity(count: int, area: str | None = None) -> c.QuantityLine:
    return c.QuantityLine(quantity=count, area=area)


def a_confirm(inventory: Inventory, number: int, hold: Any) -> c.ConfirmHold:
    return c.ConfirmHold(hold_id=hold.id, booking_id=inventory.new_id(number), authority=c.STAFF)


async def in_one_batch(inventory: Inventory, number: int, *commands: c.AnyCommand) -> list[Any]:
    """Let the lane take commands together in this order. Errors are items, not raised.

    `Inventory` first looks whether a token that the server did not make opens its hold. It would find none of a hold
    that the same batch places.
    """
    waiting = [inventory._lanes.submit(number, command) for command in commands]
    return [await outcome for outcome in waiting]


async def all_at_once(*awaitables: Any) -> list[Any]:
    return await asyncio.gather(*awaitables, return_exceptions=True)


def sql(url: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def move_time(url: str, number: int, by: timedelta, *engines: Inventory) -> None:
    """Let time pass for an event: move all its times back by `by`."""
    with psycopg.connect(url) as connection:
        at = {"by": by, "number": number}
        for statement in (
            "UPDATE holds SET placed_at = placed_at - %(by)s, expires_at = expires_at - %(by)s",
            "UPDATE inventories SET last_at = last_at - %(by)s, reclaimed_until = reclaimed_until - %(by)s",
            "UPDATE journal SET at = at - %(by)s",
        ):
            connection.execute(f"{statement} WHERE event_number = %(number)s".encode(), at)
    for inventory in engines:
        inventory._occupancies.drop(number)


async def waiting_for_the_lock(url: str, *, sessions: int = 1) -> None:
    """Return when this number of sessions waits for a lock, such as a batch of an engine."""
    while await asyncio.to_thread(count_waiting, url) < sessions:
        pass


WRONG = """
-- Areas whose counters are not the sums of their live claims.
SELECT 'counters', a.event_number, a.name, a.held, a.booked, a.blocked, s.held, s.booked, s.blocked
FROM areas a
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.quantity) FILTER (WHERE c.kind = 'hold' AND c.booked_version IS NULL), 0) AS held,
           coalesce(sum(c.quantity) FILTER (WHERE c.booked_version IS NOT NULL), 0) AS booked,
           coalesce(sum(c.quantity) FILTER (WHERE c.kind = 'block'), 0) AS blocked
    FROM claims c
    WHERE c.event_number = a.event_number AND c.area_number = a.area_number AND c.ended_version IS NULL
) s
WHERE (a.held, a.booked, a.blocked) <> (s.held, s.booked, s.blocked) OR a.held + a.booked + a.blocked > a.capacity
UNION ALL
-- Holds whose status is not what their claims say.
SELECT 'status', h.event_number, h.id::text, NULL, NULL, NULL, NULL, NULL, NULL
FROM holds h
LEFT JOIN bookings b ON b.event_number = h.event_number AND b.hold_id = h.id
WHERE EXISTS (
          SELECT FROM claims c WHERE c.event_number = h.event_number AND c.hold_id = h.id AND c.ended_version IS NULL
      ) <> (h.status = 'active' OR h.status = 'confirmed' AND b.status = 'confirmed')
   OR (h.status = 'confirmed') <> (b.id IS NOT NULL)
   OR h.quantity <> (
          SELECT sum(c.quantity) FROM claims c
          WHERE c.event_number = h.event_number AND c.hold_id = h.id AND NOT c.returned
      )
UNION ALL
-- Versions without a journal row, and journal rows without a version.
SELECT 'journal', i.event_number, NULL, i.version,
       (SELECT count(*) FROM journal j WHERE j.event_number = i.event_number), NULL, NULL, NULL, NULL
FROM inventories i
WHERE i.version + 1 <> (SELECT count(*) FROM journal j WHERE j.event_number = i.event_number)
UNION ALL
SELECT 'bound', h.event_number, h.id::text, NULL, NULL, NULL, NULL, NULL, NULL
FROM holds h
JOIN inventories i ON i.event_number = h.event_number
WHERE h.status = 'active' AND h.expires_at < i.reclaimed_until
"""


def what_is_wrong(url: str) -> list[tuple[Any, ...]]:
    """Return rows that disagree with each other, or an empty list."""
    return sql(url, WRONG)
