"""Door store: the rules of an event's doors, and the append-only log of their scans."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.delivery.jobs import NewJob
from holdfast.delivery.store import add_jobs
from holdfast.door.decide import Direction, DoorRules, Movement, ScanVerdict, Why
from holdfast.door.records import DoorState, GateCounts, LoggedScan
from holdfast.door.texts import movement_of, movement_text, rules_of, rules_text
from holdfast.postgres import queries
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.rows import RowReader, Table

__all__ = ["DoorStore", "LockedDoor", "TicketOnList"]

SQL = queries.load("door")

TicketOnList = tuple[UUID, int, str | None]
"""A booking, the number of its ticket, and a list (None: that of everybody)."""


def _scan(earlier: str | None, direction: str, verdict: str, why: str | None, **columns: Any) -> LoggedScan:
    return LoggedScan(
        **columns,
        direction=Direction(direction),
        verdict=ScanVerdict(verdict),
        why=None if why is None else Why(why),
        earlier=movement_of(earlier),
    )


_SCAN_COLUMNS = tuple(LoggedScan.__dataclass_fields__)
_COUNTS = RowReader(GateCounts)


def _scans_of(table: Table) -> list[LoggedScan]:
    return [_scan(**dict(zip(_SCAN_COLUMNS, row, strict=True))) for row in table.select(*_SCAN_COLUMNS)]


def _state_of(table: Table) -> DoorState:
    for last_number, rules, changed_at in table.select("last_number", "rules", "changed_at"):
        return DoorState(rules=rules_of(rules), last_number=last_number, changed_at=changed_at)
    return DoorState(rules=DoorRules())


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedDoor:
    """The doors of an event in a transaction that has locked their row."""

    connection: Connection
    event_number: int
    state: DoorState
    now: datetime

    async def find_scans(self, device: str, seqs: Collection[int]) -> Mapping[int, LoggedScan]:
        """Return the scans of a device that are recorded, by their number on it."""
        parameters = {"event_number": self.event_number, "device": device, "seqs": list(seqs)}
        return {
            each.seq: each for each in _scans_of(await fetch(self.connection, SQL["find_scans"], parameters))
        }

    async def last_movements(self, bookings: Collection[UUID]) -> dict[TicketOnList, Movement]:
        return await _movements(self.connection, self.event_number, bookings)

    async def append(self, scans: Sequence[LoggedScan]) -> None:
        """Write scans, which have the next numbers of the log."""
        if not scans:
            return
        rows = [
            {
                **{name: getattr(scan, name) for name in _SCAN_COLUMNS},
                "earlier": movement_text(scan.earlier),
                "event_number": self.event_number,
            }
            for scan in scans
        ]
        async with self.connection.cursor() as cursor:
            await cursor.executemany(SQL["add_scan"], rows)
        counted = {"event_number": self.event_number, "last_number": scans[-1].number}
        await self.connection.execute(SQL["count_scans"], counted)

    async def change(self, rules: DoorRules, jobs: Iterable[NewJob]) -> None:
        """Set the rules, with the jobs of the change."""
        changed = {"event_number": self.event_number, "rules": rules_text(rules), "now": self.now}
        await self.connection.execute(SQL["change_door"], changed)
        await add_jobs(self.connection, self.event_number, jobs)


class DoorStore:
    """The statements of the door."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @asynccontextmanager
    async def locked(self, number: int) -> AsyncIterator[LockedDoor]:
        """Yield an event's doors in a transaction. Raises Fault."""
        pool = self._connections.pool(number)
        async with self._connections.use(pool, writes=True) as connection, connection.transaction():
            found = await fetch(connection, SQL["lock_door"], {"event_number": number})
            if not found:
                first = {"event_number": number, "rules": rules_text(DoorRules())}
                await connection.execute(SQL["add_door"], first)
                found = await fetch(connection, SQL["lock_door"], {"event_number": number})
            (now,) = found.column("now")
            yield LockedDoor(connection=connection, event_number=number, state=_state_of(found), now=now)

    async def get_state(self, number: int) -> DoorState:
        """Return the rules of an event's doors; those of every new event if nobody has changed them."""
        return _state_of(await self._connections.ask(number, SQL["get_door"], {"event_number": number}))

    async def count_by_gate(self, number: int) -> Sequence[GateCounts]:
        found = await self._connections.ask(number, SQL["count_by_gate"], {"event_number": number})
        return list(_COUNTS.read(found))

    async def list_scans(self, number: int, *, before: int | None, limit: int) -> Sequence[LoggedScan]:
        """Return the log, newest first."""
        parameters = {"event_number": number, "before": before, "max_rows": limit}
        return _scans_of(await self._connections.ask(number, SQL["list_scans"], parameters))

    async def last_movements(self, number: int, bookings: Collection[UUID]) -> dict[TicketOnList, Movement]:
        """Return the newest movement of each ticket of these bookings, on each list."""
        async with self._connections.use(self._connections.pool(number)) as connection:
            return await _movements(connection, number, bookings)

    async def list_revisions(self, number: int, bookings: Collection[UUID]) -> Mapping[tuple[UUID, int], int]:
        """Return the revision of each ticket of these bookings that was issued again."""
        parameters = {"event_number": number, "bookings": list(bookings)}
        found = await self._connections.ask(number, SQL["revisions_of_bookings"], parameters)
        columns = found.select("booking_id", "ticket_number", "revision")
        return {(booking, ticket): revision for booking, ticket, revision in columns}


async def _movements(
    connection: Connection, number: int, bookings: Collection[UUID]
) -> dict[TicketOnList, Movement]:
    if not bookings:
        return {}
    parameters = {"event_number": number, "bookings": list(bookings)}
    found = await fetch(connection, SQL["last_movements"], parameters)
    columns = "booking_id", "ticket_number", "list", "direction", "at", "gate"
    return {
        (booking, ticket, on_list): Movement(direction=Direction(direction), at=at, gate=gate)
        for booking, ticket, on_list, direction, at, gate in found.select(*columns)
    }
