"""Reads: what is told of an event, its holds, bookings and blocks, outside of its lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.inventory.rules.event import Area, Event
from holdfast.inventory.rules.journal import Entry
from holdfast.inventory.rules.records import BlockRecord, Claim, HoldRecord
from holdfast.inventory.store import rows
from holdfast.postgres import queries
from holdfast.postgres.connections import Connections

SQL = queries.load("reads")
BATCH_SQL = queries.load("batch")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventState:
    """Counters of one event at one moment. `lapsed`: live holds past their expiry, by how much of each area."""

    event: Event
    areas: tuple[Area, ...]
    version: int
    now: datetime
    lapsed: int
    lapsed_by_area: dict[int, int]
    next_expiry: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Of all nodes together."""

    events: int
    active_holds: int
    bookings: int
    expired_holds: int
    oldest_unswept_seconds: float


class ReadStore:
    """Each call is one statement, or a few that need not agree."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def _fetch(self, number: int, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return await self._connections.ask(number, SQL[name], {"event_number": number, **parameters})

    async def find_state(self, number: int) -> EventState | None:
        table = await self._fetch(number, "read_state")
        if not table:
            return None
        first = table[0]
        return EventState(
            event=rows.event_of(first),
            version=first[17],
            now=first[18],
            lapsed=first[19],
            next_expiry=first[20],
            areas=tuple(rows.area_of(row[21:29]) for row in table if row[21] is not None),
            lapsed_by_area={row[21]: int(row[29]) for row in table if row[29]},
        )

    async def versions_of(self, numbers: Sequence[int]) -> dict[int, int]:
        """Of all watched events together: one small query a node."""
        found: dict[int, int] = {}
        for pool in self._connections.all():
            table = await self._connections.ask_pool(
                pool, SQL["read_versions"], {"event_numbers": list(numbers)}
            )
            found.update((row[0], row[1]) for row in table)
        return found

    async def find_hold(self, number: int, hold_id: UUID) -> tuple[HoldRecord, datetime] | None:
        """The hold with its claims, and the event's time."""
        return await self._find(number, "read_hold", hold_id=hold_id)

    async def find_hold_of_booking(self, number: int, booking_id: UUID) -> tuple[HoldRecord, datetime] | None:
        return await self._find(number, "read_hold_of_booking", booking_id=booking_id)

    async def find_hold_of_seat(self, number: int, seat: int) -> tuple[HoldRecord, datetime] | None:
        return await self._find(number, "read_hold_of_seat", seat_number=seat)

    async def _find(self, number: int, name: str, **parameters: Any) -> tuple[HoldRecord, datetime] | None:
        table = await self._fetch(number, name, **parameters)
        if not table:
            return None
        claims = await self._claims(number, [table[0][0]])
        row = table[0]
        return rows.hold_of(row, claims.get(row[0], [])), row[14]

    async def list_holds(
        self, number: int, *, status: str | None, buyer: str | None, before: UUID | None, limit: int
    ) -> list[tuple[HoldRecord, datetime]]:
        return await self._list(number, "list_holds", status=status, buyer=buyer, before=before, most=limit)

    async def list_bookings(
        self, number: int, *, status: str | None, before: UUID | None, limit: int
    ) -> list[tuple[HoldRecord, datetime]]:
        return await self._list(number, "list_bookings", status=status, before=before, most=limit)

    async def list_booking_ids(
        self, *, status: str | None, before: UUID | None, limit: int
    ) -> list[tuple[int, UUID]]:
        """(event number, booking id) over all events, newest event first."""
        found: list[tuple[int, UUID]] = []
        for pool in self._connections.all():
            parameters = {"status": status, "before": before, "most": limit}
            table = await self._connections.ask_pool(pool, SQL["list_bookings_of_all"], parameters)
            found.extend((row[0], row[1]) for row in table)
        found.sort(key=lambda each: each[1], reverse=True)
        return found[:limit]

    async def _list(self, number: int, name: str, **parameters: Any) -> list[tuple[HoldRecord, datetime]]:
        table = await self._fetch(number, name, **parameters)
        claims = await self._claims(number, [row[0] for row in table])
        return [(rows.hold_of(row, claims.get(row[0], [])), row[14]) for row in table]

    async def list_blocks(
        self, number: int, *, live: bool | None, before: UUID | None, limit: int
    ) -> list[BlockRecord]:
        table = await self._fetch(number, "list_blocks", live=live, before=before, most=limit)
        claims = await self._claims(number, [row[0] for row in table])
        return [
            BlockRecord(id=id, reason=reason, blocked_at=at, lifted_at=lifted, claims=claims.get(id, []))
            for id, reason, at, lifted in table
        ]

    # -- the past --------------------------------------------------------------------------------------------------

    async def version_at(self, number: int, at: datetime) -> int:
        """The last version at or before a time; 0 before the first."""
        table = await self._fetch(number, "version_at", at=at)
        return table[0][0] or 0

    async def taken_at(self, number: int, version: int, at: datetime) -> dict[int, dict[str, int]]:
        """Area number -> state -> quantity, as it was."""
        found: dict[int, dict[str, int]] = {}
        for area, state, quantity in await self._fetch(number, "taken_at", version=version, at=at):
            found.setdefault(area, {})[state] = int(quantity)
        return found

    async def seats_at(
        self, number: int, version: int, at: datetime
    ) -> list[tuple[int, str, datetime | None]]:
        """(seat number, state, final expiry of its hold) of every seat that was not available."""
        return [
            (row[0], row[1], row[2]) for row in await self._fetch(number, "seats_at", version=version, at=at)
        ]

    async def structural_since(self, number: int, version: int) -> list[tuple[int, list[Entry]]]:
        return [(row[0], row[1]) for row in await self._fetch(number, "structural_since", version=version)]

    async def structural_until(self, number: int, version: int) -> list[tuple[int, list[Entry]]]:
        """Newest first."""
        return [(row[0], row[1]) for row in await self._fetch(number, "structural_until", version=version)]

    async def journal_since(
        self, number: int, version: int, most: int
    ) -> list[tuple[int, datetime, list[Entry]]]:
        table = await self._fetch(number, "journal_since", version=version, most=most)
        return [(row[0], row[1], row[2]) for row in table]

    async def released_at(self, number: int, hold_id: UUID, seat: int) -> datetime | None:
        """When a hold's claim on this seat ended without a booking; None while it has not."""
        table = await self._fetch(number, "released_at", hold_id=hold_id, seat_number=seat)
        found: datetime | None = table[0][0]
        return found

    async def count_totals(self) -> Totals:
        events = active = bookings = expired = 0
        oldest = 0.0
        for pool in self._connections.all():
            (row,) = await self._connections.ask_pool(pool, SQL["count_totals"])
            events, active, bookings, expired = (
                events + row[0],
                active + row[1],
                bookings + row[2],
                expired + row[3],
            )
            if row[4] is not None:
                oldest = max(oldest, (row[5] - row[4]).total_seconds())
        return Totals(
            events=events,
            active_holds=active,
            bookings=bookings,
            expired_holds=expired,
            oldest_unswept_seconds=oldest,
        )

    async def count_live_holds(self) -> tuple[int, float]:
        """Holds that have not lapsed, and for how many seconds the oldest unswept one has been lapsed."""
        live, oldest = 0, 0.0
        for pool in self._connections.all():
            (row,) = await self._connections.ask_pool(pool, SQL["count_live_holds"])
            live += row[0]
            if row[1] is not None:
                oldest = max(oldest, (row[2] - row[1]).total_seconds())
        return live, oldest

    async def _claims(self, number: int, ids: list[UUID]) -> dict[UUID, list[Claim]]:
        if not ids:
            return {}
        parameters = {"event_number": number, "hold_ids": ids}
        return rows.claims_of(await self._connections.ask(number, BATCH_SQL["load_claims"], parameters))
