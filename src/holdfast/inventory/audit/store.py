"""Audit store: the reads of `holdfast check`, each in one short snapshot. It never writes."""

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
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.rows import RowReader, Table

SQL = queries.load("check")

FIRST_ID = UUID(int=0)
LAST_ID = UUID(int=(1 << 128) - 1)
EVENT_TABLES = (
    *("map_details", "seats", "holds", "bookings", "blocks", "claims", "journal", "attempts", "idempotency"),
    *(
        "jobs",
        "job_attempts",
        "feeds",
        "ticket_revisions",
        "doors",
        "check_ins",
        "presentations",
        "sale_minutes",
    ),
)
"""Tables whose rows no foreign key ties to an event."""
MAX_VERSIONS_IN_PAGE = 100
"""Max versions of the journal that a page reads. With more, the journal is read first, by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    version: int
    at: datetime
    structural: bool
    changes: list[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An event's small rows, and its seats by area, at one moment. `version` is None if the hot row is missing."""

    event: Event
    version: int | None
    last_at: datetime
    reclaimed_until: datetime
    newest_version: int | None
    areas: tuple[Area, ...]
    seats: dict[int, list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    """A hold, and its booking if it has one."""

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
    returned: bool
    """Whether the booking returned them, and went on without them."""
    areas: Sequence[int]
    seats: Sequence[int | None]
    quantities: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Everything in a range of ids, and the journal's rows up to the snapshot's version."""

    version: int
    last_at: datetime
    reclaimed_until: datetime
    journal: list[JournalRow]
    holds: list[HoldRow]
    stray_bookings: list[tuple[UUID, UUID]]
    blocks: dict[UUID, bool]
    """By id: True if the block stands."""
    claims: dict[UUID, list[ClaimGroup]]


_INVENTORY_COLUMNS = "version", "last_at", "reclaimed_until"
_HOLD_ROW = RowReader(HoldRow)
_CLAIM_GROUP = RowReader(
    ClaimGroup,
    ["kind", "held_version", "booked_version", "ended_version", "returned", "areas", "seats", "quantities"],
)


class AuditStore:
    """Reads for the check. Each result was read in one transaction, unless its docstring differs."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def list_numbers(self, max_rows: int = 1_000) -> list[int]:
        """Return the numbers of all events, read in pages."""
        numbers: list[int] = []
        for pool in self._connections.all():
            async with pool.connection() as connection:
                after = 0
                while page := await _fetch(connection, "list_numbers", after=after, max_rows=max_rows):
                    numbers += page.column("event_number")
                    after = numbers[-1]
        return sorted(numbers)

    async def read_opening(self, number: int) -> Opening | None:
        async with self._snapshot(number) as connection:
            found = await _fetch(connection, "read_event", event_number=number)
            if not found:
                return None
            newest = await _fetch(connection, "newest_version", event_number=number)
            areas = await _fetch(connection, "read_areas", event_number=number)
            seats = await _fetch(connection, "read_seats", event_number=number)
        (event,) = rows.EVENT.read(found)
        ((version, last_at, reclaimed_until),) = found.select(*_INVENTORY_COLUMNS)
        (newest_version,) = newest.column("version")
        return Opening(
            event=event,
            version=version,
            last_at=last_at,
            reclaimed_until=reclaimed_until,
            newest_version=newest_version,
            areas=tuple(rows.AREA.read(areas)),
            seats=dict(seats.select("area_number", "seats")),
        )

    async def read_journal(self, number: int, after: int, max_rows: int) -> list[JournalRow]:
        async with self._connections.pool(number).connection() as connection:
            found = await _fetch(
                connection, "read_journal", event_number=number, after=after, max_rows=max_rows
            )
        return _journal(found)

    async def find_end_of_page(self, number: int, after: UUID, max_rows: int) -> UUID:
        """Return the last id of a page of about `max_rows` claims."""
        async with self._connections.pool(number).connection() as connection:
            found = await _fetch(
                connection, "end_of_page", event_number=number, after=after, max_rows=max_rows
            )
        return next(iter(found.column("hold_id")), LAST_ID)

    async def read_page(self, number: int, after: UUID, until: UUID, version: int) -> AuditPage | None:
        """Return the rows of ids in (after, until], and the journal after `version`; None if that journal is
        long.

        Raises EventNotFound.
        """
        within = {"event_number": number, "after": after, "until": until}
        max_rows = MAX_VERSIONS_IN_PAGE
        async with self._snapshot(number) as connection:
            event = await _fetch(connection, "read_event", event_number=number)
            journal = await _fetch(
                connection, "read_journal", event_number=number, after=version, max_rows=max_rows
            )
            if not event or None in event.column("version"):
                raise EventNotFound(f"Event {number} was deleted while it was checked.")
            if len(journal) == max_rows:
                return None
            holds = await _fetch(connection, "read_holds", **within)
            stray_bookings = await _fetch(connection, "read_stray_bookings", **within)
            blocks = await _fetch(connection, "read_blocks", **within)
            claims = await _fetch(connection, "read_claims", **within)
        ((version, last_at, reclaimed_until),) = event.select(*_INVENTORY_COLUMNS)
        groups: dict[UUID, list[ClaimGroup]] = {}
        for id, group in zip(claims.column("hold_id"), _CLAIM_GROUP.read(claims), strict=True):
            groups.setdefault(id, []).append(group)
        return AuditPage(
            version=version,
            last_at=last_at,
            reclaimed_until=reclaimed_until,
            journal=_journal(journal),
            holds=list(_HOLD_ROW.read(holds)),
            stray_bookings=list(stray_bookings.select("id", "hold_id")),
            blocks=dict(blocks.select("id", "stands")),
            claims=groups,
        )

    async def read_attempts(
        self, number: int, after: int, max_rows: int
    ) -> list[tuple[int, str, int, UUID | None, int | None]]:
        """Return (number, status, quantity, booking, quantity of that booking's hold, or None if there is no
        such booking)."""
        async with self._connections.pool(number).connection() as connection:
            found = await _fetch(
                connection, "read_attempts", event_number=number, after=after, max_rows=max_rows
            )
        return list(found.select("number", "status", "quantity", "booking_id", "held"))

    async def read_answers(
        self, number: int, after: bytes, max_rows: int
    ) -> list[tuple[bytes, UUID | None, bool]]:
        """Return (scope, the hold whose token the answer carries, whether that hold exists)."""
        async with self._connections.pool(number).connection() as connection:
            found = await _fetch(
                connection, "read_answers", event_number=number, after=after, max_rows=max_rows
            )
        return list(found.select("scope", "token_for", "has_hold"))

    async def find_strays(self, gaps: Sequence[tuple[int, int]]) -> list[tuple[str, int]]:
        """Return (table, event number) of the first row of each table, on any node, in each of these gaps."""
        found: list[tuple[str, int]] = []
        for pool in self._connections.all():
            async with pool.connection() as connection:
                for after, before in gaps:
                    strays = await _fetch(connection, "find_strays", after=after, before=before)
                    (numbers,) = strays.select(*EVENT_TABLES)
                    found += [
                        (table, number)
                        for table, number in zip(EVENT_TABLES, numbers, strict=True)
                        if number is not None
                    ]
        return found

    async def list_creations(self, after: bytes, max_rows: int) -> list[tuple[bytes, int, UUID]]:
        """Return (scope, number, id of the event) of finished creations."""
        async with self._connections.control().connection() as connection:
            found = await _fetch(connection, "list_creations", after=after, max_rows=max_rows)
        return list(found.select("scope", "number", "id"))

    @asynccontextmanager
    async def _snapshot(self, number: int) -> AsyncIterator[Connection]:
        async with self._connections.pool(number).connection() as connection:
            await connection.execute(SQL["begin_snapshot"])
            try:
                yield connection
            finally:
                await connection.rollback()


async def _fetch(connection: Connection, statement: str, /, **parameters: Any) -> Table:
    return await fetch(connection, SQL[statement], parameters)


def _journal(found: Table) -> list[JournalRow]:
    return [
        JournalRow(version=version, at=at, structural=structural, changes=json.loads(changes))
        for version, at, structural, changes in found.select("version", "at", "structural", "changes")
    ]
