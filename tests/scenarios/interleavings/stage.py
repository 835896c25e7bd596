"""Stage: one database, an engine behind a gate for each actor, and an engine without a gate to prepare and inspect."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from holdfast.errors import HoldNotFound
from holdfast.inventory.audit.check import Auditor
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.sale_rules import SaleRules
from scenarios.interleavings.floor import Floor
from scenarios.interleavings.gate import Gate
from scenarios.interleavings.oracle import ClaimRow, Found
from scenarios.interleavings.scenes import ACTORS, Scene
from support.selling import an_engine, in_one_batch, mirrored_seats

CLAIMS = """
SELECT c.hold_id,
       CASE WHEN c.kind = 'block' THEN 'blocked' WHEN c.booked_version IS NOT NULL THEN 'booked' ELSE 'held' END,
       s.label, a.name, c.quantity,
       coalesce(h.status = 'active' AND (h.expires_at <= clock_timestamp() OR e.status = 'cancelled'), false)
FROM claims c
JOIN events e ON e.event_number = c.event_number
JOIN areas a ON a.event_number = c.event_number AND a.area_number = c.area_number
LEFT JOIN seats s ON s.event_number = c.event_number AND s.seat_number = c.seat_number
LEFT JOIN holds h ON h.event_number = c.event_number AND h.id = c.hold_id
WHERE c.event_number = %s AND c.ended_version IS NULL
"""

EVENT = """
SELECT e.status, e.sales_stopped,
       (SELECT jsonb_object_agg(a.name, jsonb_build_array(a.held, a.booked, a.blocked, a.capacity))
        FROM areas a WHERE a.event_number = e.event_number),
       (SELECT coalesce(jsonb_object_agg(b.id, b.status), '{}') FROM bookings b WHERE b.event_number = e.event_number)
FROM events e
WHERE e.event_number = %s
"""

SET_EXPIRY = """
WITH moved AS (
    UPDATE holds h
    SET expires_at = n.at, placed_at = h.placed_at - (h.expires_at - n.at)
    FROM (SELECT clock_timestamp() + %(after)s AS at) n
    WHERE h.event_number = %(number)s AND h.id = %(id)s
    RETURNING h.expires_at
),
bounded AS (
    UPDATE inventories i
    SET reclaimed_until = least(i.reclaimed_until, m.expires_at)
    FROM moved m
    WHERE i.event_number = %(number)s AND i.reclaimed_until > m.expires_at
)
UPDATE journal j
SET changes = (
        SELECT jsonb_agg(
                   CASE
                       WHEN entry ->> 'hold' = %(id)s::text AND entry ? 'until'
                       THEN jsonb_set(
                           entry, '{until}',
                           to_jsonb(to_char(m.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))
                       )
                       ELSE entry
                   END
                   ORDER BY place
               )
        FROM jsonb_array_elements(j.changes) WITH ORDINALITY AS entries (entry, place)
    )
FROM moved m
WHERE j.event_number = %(number)s AND j.changes @> jsonb_build_array(jsonb_build_object('hold', %(id)s::text))
RETURNING m.expires_at
"""
"""Moves a hold in time, with every row that records its expiry."""


class Stage:
    """What all schedules of a run share."""

    def __init__(
        self,
        *,
        url: str,
        floor: Floor,
        engines: dict[str, Inventory],
        gates: dict[str, Gate],
        box_office: Inventory,
        hand: psycopg.AsyncConnection[Any],
    ) -> None:
        self.url = url
        self.floor = floor
        self.engines = engines
        self.gates = gates
        self.box_office = box_office
        self.hand = hand
        """A connection for the test itself."""
        self._auditor = Auditor(box_office._connections)

    async def new_event(self, scene: Scene) -> int:
        areas = tuple(c.AreaSpec(name=name, capacity=capacity) for name, capacity in scene.areas.items())
        new = c.NewEvent(name="E", areas=areas, seats=scene.seats, rules=SaleRules(**scene.rules))
        event = await self.box_office.create_event(new, by="test")
        assert event is not None
        return event.number

    async def warm(self, number: int, who: Sequence[str]) -> None:
        """Let these engines load the event and its occupancy."""
        for each in who:
            inventory = self.engines[each]
            unknown = c.ReleaseHold(hold_id=inventory.new_id(number), authority=c.STAFF)
            assert isinstance((await in_one_batch(inventory, number, unknown))[0], HoldNotFound)

    async def act(self, who: str, number: int, commands: Sequence[c.AnyCommand]) -> list[Any]:
        """Send the commands in one batch. Return their outcomes; a refusal or fault is an item, not raised."""
        return await in_one_batch(self.engines[who], number, *commands)

    async def expire(self, number: int, hold: UUID, *, after: timedelta = timedelta(seconds=-1)) -> datetime:
        """Move the expiry of the hold to `after` from now, and return it. This takes no lock that a batch holds."""
        found = await self.hand.execute(SET_EXPIRY, {"number": number, "id": hold, "after": after})
        row = await found.fetchone()
        assert row is not None
        expires_at: datetime = row[0]
        return expires_at

    async def clock(self) -> datetime:
        """Return the time of the database."""
        row = await (await self.hand.execute("SELECT clock_timestamp()")).fetchone()
        assert row is not None
        now: datetime = row[0]
        return now

    async def find(self, number: int) -> Found:
        claims = await (await self.hand.execute(CLAIMS, (number,))).fetchall()
        row = await (await self.hand.execute(EVENT, (number,))).fetchone()
        assert row is not None
        status, is_stopped, counters, bookings = row
        return Found(
            claims=[
                ClaimRow(holder=holder, state=state, seat=seat, area=area, quantity=count, is_dead=is_dead)
                for holder, state, seat, area, count, is_dead in claims
            ],
            counters={area: tuple(counts) for area, counts in (counters or {}).items()},
            status=status,
            is_stopped=is_stopped,
            bookings={UUID(id): status for id, status in bookings.items()},
        )

    async def disagreements(self, number: int) -> list[str]:
        """Return what the product's own audit finds."""
        report = await self._auditor.check([number])
        return [f"{found.code}: {found.subject}: {found.detail}" for found in report.disagreements]

    async def taken_seats(self, who: str, number: int) -> dict[str, str]:
        """Return the status of each taken seat by label, from the occupancy of this engine."""
        return await mirrored_seats(self.engines[who], number)

    async def deadlocks(self) -> int:
        row = await (
            await self.hand.execute(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            )
        ).fetchone()
        assert row is not None
        return int(row[0])


@asynccontextmanager
async def a_stage(url: str) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="holdfast-gates-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        watcher, hand = [
            await stack.enter_async_context(await psycopg.AsyncConnection.connect(url, autocommit=True))
            for _ in range(2)
        ]
        floor = Floor(watcher)
        gates = {who: Gate(floor, who, url) for who in ACTORS}
        engines: dict[str, Inventory] = {}
        for who, gate in gates.items():
            place = folder / who
            place.mkdir()
            await gate.open(place)
            stack.callback(gate.close)
            engines[who] = await stack.enter_async_context(an_engine(gate.url))
        box_office = await stack.enter_async_context(an_engine(url))
        yield Stage(url=url, floor=floor, engines=engines, gates=gates, box_office=box_office, hand=hand)
