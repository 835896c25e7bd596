"""Checking: the reads of `holdfast check`, each of one short snapshot, and never a write."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.errors import EventNotFound
from holdfast.inventory.rules.event import Area, Event
from holdfast.inventory.rules.journal import Entry
from holdfast.inventory.store import rows
from holdfast.postgres import queries
from holdfast.postgres.connections import Connection, Connections

SQL = queries.load("check")

FIRST_ID = UUID(int=0)
LAST_ID = UUID(int=(1 << 128) - 1)
MAX_VERSIONS_IN_PAGE = 100
"""A page that would have to bring more of the journal than this waits until that was read by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    version: int
    at: datetime
    structural: bool
    changes: list[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An event's small rows, and its seats by area, of one moment. `version` is None where the hot row is missing."""

    event: Event
    version: int | None
    last_at: datetime
    reclaimed_until: datetime
    newest_version: int | None
    areas: tuple[Area, ...]
    seats: dict[int, list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    """A hold and its booking, if it has one."""

    id: UUID
    status: str
    expires_at: datetime
    quantity: int
    buyer: str | None
    booking_id: UUID | None
    booking_status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimGroup:
    """Claims of one hold or block with the same history."""

    kind: str
    held: int
    booked: int | None
    ended: int | None
    areas: Sequence[int]
    seats: Sequence[int | None]
    quantities: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Everything of a range of ids, and the journal's rows up to the snapshot's version."""

    version: int
    last_at: datetime
    reclaimed_until: datetime
    journal: list[JournalRow]
    holds: list[HoldRow]
    stray_bookings: list[tuple[UUID, UUID]]
    blocks: dict[UUID, bool]
    """Whether it stands."""
    claims: dict[UUID, list[ClaimGroup]]


class AuditStore:
    """Reads for the check. What is returned was read in one transaction, unless it says otherwise."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def list_numbers(self, most: int = 1_000) -> list[int]:
        """Of every event there is, read in pages."""
        numbers: list[int] = []
        for pool in self._connections.all():
            async with pool.connection() as connection:
                after = 0
                while page := await _fetch(connection, "list_numbers", after=after, most=most):
                    numbers += [row[0] for row in page]
                    after = page[-1][0]
        return sorted(numbers)

    async def read_opening(self, number: int) -> Opening | None:
        async with self._snapshot(number) as connection:
            found = await _fetch(connection, "read_event", event_number=number)
            if not found:
                return None
            newest = await _fetch(connection, "newest_version", event_number=number)
            areas = await _fetch(connection, "read_areas", event_number=number)
            seats = await _fetch(connection, "read_seats", event_number=number)
        row = found[0]
        return Opening(
            event=rows.event_of(row),
            version=row[-3],
            last_at=row[-2],
            reclaimed_until=row[-1],
            newest_version=newest[0][0],
            areas=tuple(rows.area_of(area) for area in areas),
            seats=dict(seats),
        )

    async def read_journal(self, number: int, after: int, most: int) -> list[JournalRow]:
        async with self._connections.pool(number).connection() as connection:
            found = await _fetch(connection, "read_journal", event_number=number, after=after, most=most)
        return _journal(found)

    async def find_end_of_page(self, number: int, after: UUID, most: int) -> UUID:
        """The last id of a page of about so many claims."""
        async with self._connections.pool(number).connection() as connection:
            found = await _fetch(connection, "end_of_page", event_number=number, after=after, most=most)
        return found[0][0] if found else LAST_ID

    async def read_page(self, number: int, after: UUID, until: UUID, version: int) -> AuditPage | None:
        """Ids in (after, until], and the journal behind `version`; None where that is much. Raises EventNotFound."""
        within = {"event_number": number, "after": after, "until": until}
        most = MAX_VERSIONS_IN_PAGE
        async with self._snapshot(number) as connection:
            event = await _fetch(connection, "read_event", event_number=number)
            journal = await _fetch(connection, "read_journal", event_number=number, after=version, most=most)
            if not event or event[0][-3] is None:
                raise EventNotFound(f"Event {number} has gone while it was checked.")
            if len(journal) == most:
                return None
            holds = await _fetch(connection, "read_holds", **within)
            stray_bookings = await _fetch(connection, "read_stray_bookings", **within)
            blocks = await _fetch(connection, "read_blocks", **within)
            claims = await _fetch(connection, "read_claims", **within)
        groups: dict[UUID, list[ClaimGroup]] = {}
        for id, kind, held, booked, ended, areas, seats, quantities in claims:
            group = ClaimGroup(
                kind=kind,
                held=held,
                booked=booked,
                ended=ended,
                areas=areas,
                seats=seats,
                quantities=quantities,
            )
            groups.setdefault(id, []).append(group)
        return AuditPage(
            version=event[0][-3],
            last_at=event[0][-2],
            reclaimed_until=event[0][-1],
            journal=_journal(journal),
            holds=[
                HoldRow(
                    id=row[0],
                    status=row[1],
                    expires_at=row[2],
                    quantity=row[3],
                    buyer=row[4],
                    booking_id=row[5],
                    booking_status=row[6],
                )
                for row in holds
            ],
            stray_bookings=[(row[0], row[1]) for row in stray_bookings],
            blocks=dict(blocks),
            claims=groups,
        )

    async def read_attempts(
        self, number: int, after: int, most: int
    ) -> list[tuple[int, str, int, UUID | None, int | None]]:
        """(number, status, quantity, booking, what that booking's hold has): None where there is no such booking."""
        async with self._connections.pool(number).connection() as connection:
            found = await _fetch(connection, "read_attempts", event_number=number, after=after, most=most)
        return [(row[0], row[1], row[2], row[3], row[4]) for row in found]

    async def read_answers(
        self, number: int, after: bytes, most: int
    ) -> list[tuple[bytes, UUID | None, bool]]:
        """(scope, the hold whose token it carries, whether there is one)."""
        async with self._connections.pool(number).connection() as connection:
            found = await _fetch(connection, "read_answers", event_number=number, after=after, most=most)
        return [(bytes(row[0]), row[1], row[2]) for row in found]

    async def find_strays(self, gaps: Sequence[tuple[int, int]]) -> list[tuple[str, int]]:
        """(table, event number) of rows whose event number lies inside one of these gaps, on any node."""
        found: list[tuple[str, int]] = []
        after, before = [gap[0] for gap in gaps], [gap[1] for gap in gaps]
        for pool in self._connections.all():
            async with pool.connection() as connection:
                found += [
                    (row[0], row[1])
                    for row in await _fetch(connection, "find_strays", after=after, before=before)
                ]
        return found

    async def list_creations(self, after: bytes, most: int) -> list[tuple[bytes, int, UUID]]:
        """(scope, number, id of the event) of finished creations."""
        async with self._connections.control().connection() as connection:
            found = await _fetch(connection, "list_creations", after=after, most=most)
        return [(bytes(row[0]), row[1], row[2]) for row in found]

    @asynccontextmanager
    async def _snapshot(self, number: int) -> AsyncIterator[Connection]:
        async with self._connections.pool(number).connection() as connection:
            await connection.execute(SQL["begin_snapshot"])
            try:
                yield connection
            finally:
                await connection.rollback()


async def _fetch(connection: Connection, statement: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
    return await (await connection.execute(SQL[statement], parameters, binary=True)).fetchall()


def _journal(found: Sequence[tuple[Any, ...]]) -> list[JournalRow]:
    return [
        JournalRow(version=version, at=at, structural=structural, changes=json.loads(changes))
        for version, at, structural, changes in found
    ]
