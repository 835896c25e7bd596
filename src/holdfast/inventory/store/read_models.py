"""Pictures: the loads of an event as readers see it, of the journal after it, and of a seat's history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.inventory.rules.event import Area, Event
from holdfast.inventory.rules.journal import Entry, Extended, Move
from holdfast.inventory.store import rows
from holdfast.postgres import arrays, queries
from holdfast.postgres.connections import Connections

SQL = queries.load("pictures")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedReadModel:
    """One event at one moment.

    `claims`: (hold, its expiry, area, seat, quantity, buyer) of holds that are not bookings.
    `booked_seats`: (seat, buyer).
    """

    event: Event
    version: int
    now: datetime
    areas: tuple[Area, ...]
    claims: tuple[tuple[str, datetime, int, int | None, int, str | None], ...]
    booked_seats: tuple[tuple[int, str | None], ...]
    blocked_seats: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The event's newest version and time, and the journal up to it: (version, at, entries), oldest first."""

    version: int
    now: datetime
    journal: list[tuple[int, datetime, list[Entry]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatClaim:
    """A hold's or block's claim on one seat. `expires_at`: the hold's final expiry."""

    hold_id: UUID
    kind: str
    held_version: int
    booked_version: int | None
    ended_version: int | None
    expires_at: datetime | None

    @property
    def place(self) -> tuple[int, bool, UUID]:
        """Its place among the claims of its seat."""
        return self.held_version, self.ended_version != self.held_version, self.hold_id


class ReadModelStore:
    """Each call is one statement."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def load(self, number: int) -> LoadedReadModel | None:
        table = await self._fetch(number, "load_picture")
        if not table:
            return None
        row = table[0]
        columns = [column or () for column in row[19:27]]
        claims = [column or () for column in row[27:33]]
        return LoadedReadModel(
            event=rows.event_of(row),
            version=row[17],
            now=row[18],
            areas=tuple(rows.area_of(each) for each in zip(*columns, strict=True)),
            claims=tuple(zip(*claims, strict=True)),
            booked_seats=tuple(zip(row[33] or (), row[34] or (), strict=True)),
            blocked_seats=row[35] or (),
        )

    async def follow(self, number: int, version: int, *, most: int) -> Followed | None:
        table = await self._fetch(number, "follow_picture", version=version, most=most)
        if not table:
            return None
        journal = [(row[2], row[3], row[4]) for row in table if row[2] is not None]
        return Followed(version=table[0][0], now=table[0][1], journal=journal)

    async def list_claims_of_seat(
        self, number: int, seat: int, *, start: tuple[int, bool, UUID] | None, most: int
    ) -> list[SeatClaim]:
        """From the claim at `start` on, oldest first."""
        version, stayed, hold_id = start or (None, None, None)
        table = await self._fetch(
            number,
            "seat_claims_after",
            seat_number=seat,
            version=version,
            stayed=stayed,
            hold_id=hold_id,
            most=most,
        )
        return [
            SeatClaim(
                hold_id=row[0],
                kind=row[1],
                held_version=row[2],
                booked_version=row[3],
                ended_version=row[4],
                expires_at=row[5],
            )
            for row in table
        ]

    async def list_entries(
        self, number: int, versions: Sequence[int], ids: Sequence[UUID]
    ) -> list[tuple[int, datetime, int, Move | Extended]]:
        """(version, at, place in the batch, entry) of these holds and blocks."""
        table = await self._fetch(
            number, "entries_of", versions=list(versions), ids=[str(each) for each in ids]
        )
        return [(row[0], row[1], row[2], row[3]) for row in table]

    async def versions_at(self, number: int, times: Sequence[datetime]) -> dict[datetime, int]:
        """The version that the event had at each time; 0 before its first."""
        table = await self._fetch(number, "versions_at", times=arrays.times(times))
        return {row[0]: row[1] or 0 for row in table}

    async def find_cancellation(self, number: int) -> tuple[int, datetime] | None:
        """(version, at) of the event's cancelling."""
        table = await self._fetch(number, "cancelled_at")
        return (table[0][0], table[0][1]) if table else None

    async def check(self, answer_seconds: float) -> None:
        """Asks every node something. Raises Fault where one does not answer."""
        for pool in self._connections.all():
            await self._connections.ask_pool(pool, SQL["is_there"], answer_seconds=answer_seconds)

    async def _fetch(self, number: int, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return await self._connections.ask(number, SQL[name], {"event_number": number, **parameters})
