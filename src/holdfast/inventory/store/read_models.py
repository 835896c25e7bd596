"""The loads of a read model, of the journal after it, and of a seat's history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.errors import Unavailable
from holdfast.inventory.rules.event import Area, Event
from holdfast.inventory.rules.journal import Entry, Extended, Move
from holdfast.inventory.store import rows
from holdfast.postgres import arrays, queries
from holdfast.postgres.connections import Connections
from holdfast.postgres.rows import RowReader, Table

SQL = queries.load("read_models")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedReadModel:
    """One event at one moment.

    `claims`: (hold, its expiry, area, seat, quantity, buyer) of holds that are not bookings.
    """

    event: Event
    epoch: str
    version: int
    now: datetime
    areas: tuple[Area, ...]
    claims: tuple[tuple[str, datetime, int, int | None, int, str | None], ...]
    booked_seats: Sequence[int]
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


_SEAT_CLAIM = RowReader(SeatClaim)
_NOTHING_NEWER = (None, None, None)
"""The journal's columns of an event that has nothing newer."""


class ReadModelStore:
    """Each call is one statement."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def load(self, number: int) -> LoadedReadModel | None:
        table = await self._fetch(number, "load_read_model")
        if not table:
            return None
        ((version, now),) = table.select("version", "now")
        ((booked_seats, blocked_seats),) = table.select("booked_seats", "blocked_seats")
        (event,) = rows.EVENT.read(table)
        claims = table.unnest("hold_ids", "expiries", "areas", "seats", "quantities", "buyers")
        return LoadedReadModel(
            event=event,
            epoch=self._connections.epoch,
            version=version,
            now=now,
            areas=tuple(rows.AREA.read(table.unnest(*rows.AREA.columns))),
            claims=tuple(claims),
            booked_seats=booked_seats or (),
            blocked_seats=blocked_seats or (),
        )

    async def list_buyers(self, number: int) -> dict[int, str]:
        """Return the buyer of each booked seat whose hold names one."""
        table = await self._fetch(number, "list_buyers")
        return dict(table.select("seat_number", "buyer"))

    async def follow(self, number: int, version: int, *, max_rows: int) -> Followed | None:
        table = await self._fetch(number, "follow_read_model", version=version, max_rows=max_rows)
        if not table:
            return None
        (newest, now), *_ = table.select("newest", "now")
        journal = [row for row in table.select("version", "at", "changes") if row != _NOTHING_NEWER]
        return Followed(version=newest, now=now, journal=journal)

    async def list_claims_of_seat(
        self, number: int, seat: int, *, start: tuple[int, bool, UUID] | None, max_rows: int
    ) -> list[SeatClaim]:
        """Return the claims from the claim at `start` on, oldest first."""
        version, stayed, hold_id = start or (None, None, None)
        table = await self._fetch(
            number,
            "seat_claims_after",
            seat_number=seat,
            version=version,
            stayed=stayed,
            hold_id=hold_id,
            max_rows=max_rows,
        )
        return list(_SEAT_CLAIM.read(table))

    async def list_entries(
        self, number: int, versions: Sequence[int], ids: Sequence[UUID]
    ) -> list[tuple[int, datetime, int, Move | Extended]]:
        """Return (version, at, place in the batch, entry) of these holds and blocks."""
        table = await self._fetch(
            number, "entries_of", versions=list(versions), ids=[str(each) for each in ids]
        )
        return list(table.select("version", "at", "place", "entry"))

    async def versions_at(self, number: int, times: Sequence[datetime]) -> dict[datetime, int]:
        """Return the version that the event had at each time; 0 before its first."""
        table = await self._fetch(number, "versions_at", times=arrays.times(times))
        return {at: version or 0 for at, version in table.select("at", "version")}

    async def find_cancellation(self, number: int) -> tuple[int, datetime] | None:
        """Return (version, at) of the event's cancellation, or None."""
        table = await self._fetch(number, "cancelled_at")
        return next(iter(table.select("version", "at")), None)

    async def check(self, answer_seconds: float) -> None:
        """Check that every node answers and takes writes. Raises Fault if one does not."""
        for pool in self._connections.all():
            table = await self._connections.ask_pool(pool, SQL["ping"], answer_seconds=answer_seconds)
            if any(table.column("is_read_only")):
                raise Unavailable(Unavailable.READ_ONLY)
        self._connections.refuse_unless_writable()

    async def _fetch(self, number: int, name: str, **parameters: Any) -> Table:
        return await self._connections.ask(number, SQL[name], {"event_number": number, **parameters})
