"""Occupancy: who has which seat, as one process remembers it for one version of an event.

It follows the journal entries of its own batches and of other processes alike, in version order. It never
guesses: its content equals the claims table at `version`. A lapsed hold stays until it is reclaimed; readers
compare its expiry with the time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from holdfast.ids import read_id
from holdfast.inventory.rules.fold import fold
from holdfast.inventory.rules.journal import areas_of, new_areas_of
from holdfast.inventory.seating.picker import SeatPicker

if TYPE_CHECKING:
    from holdfast.inventory.rules.journal import (
        Blocked,
        Booked,
        Cancelled,
        Entry,
        Exchanged,
        Expired,
        Extended,
        Held,
        Lifted,
        Reduced,
        Released,
    )
    from holdfast.inventory.seating.seat_map import SeatMap


class Occupant:
    """One live hold (with its expiry), booking or block (without), and everything that it has."""

    __slots__ = ("areas", "booked", "buyer", "expires_at", "id", "kind", "placed_at", "requested", "seats")

    def __init__(
        self,
        *,
        id: UUID,
        kind: str,
        placed_at: datetime,
        expires_at: datetime | None,
        booked: bool,
        seats: tuple[int, ...],
        areas: dict[int, int],
        buyer: str | None = None,
        requested: int = 0,
    ) -> None:
        self.id = id
        self.kind = kind  # "hold" or "block"
        self.placed_at = placed_at
        self.expires_at = expires_at
        self.booked = booked
        self.seats = seats
        self.areas = areas
        self.buyer = buyer
        self.requested = requested

    @property
    def status(self) -> str:
        """The status of its seats: held, booked or blocked."""
        if self.kind == "block":
            return "blocked"
        return "booked" if self.booked else "held"

    def has_lapsed(self, now: datetime) -> bool:
        return not self.booked and self.expires_at is not None and self.expires_at <= now


class Occupancy:
    """Everything that is taken of a seated event at `version`."""

    def __init__(self, seat_map: SeatMap, version: int) -> None:
        self.seat_map = seat_map
        self.version = version
        self.by_id: dict[UUID, Occupant] = {}
        self.by_seat: dict[int, Occupant] = {}
        self._expiries: list[tuple[datetime, UUID]] = []
        self._picker: SeatPicker | None = None
        self._seen_free: set[UUID] = set()
        """Lapsed holds whose seats the picker already counts as free."""
        self._picked_at: datetime | None = None
        """The latest moment that the picker was brought up to date for."""

    def add(self, occupant: Occupant) -> None:
        """Add an occupant. A booking without seats is ignored, so that the size depends on the map, not on the
        sales."""
        if occupant.booked and not occupant.seats:
            return
        self.by_id[occupant.id] = occupant
        for seat in occupant.seats:
            self.by_seat[seat] = occupant
        self.take_in_picker(occupant.seats)
        if not occupant.booked:
            self._await_expiry(occupant)

    def remove(self, id: UUID) -> None:
        occupant = self.by_id.pop(id, None)
        if occupant is None:
            return
        freed = [seat for seat in occupant.seats if self.by_seat.get(seat) is occupant]
        for seat in freed:
            del self.by_seat[seat]
        if id in self._seen_free:
            self._seen_free.discard(id)
        else:
            self.free_in_picker(freed)

    def follow(self, version: int, at: datetime, entries: Iterable[Entry]) -> None:
        """Apply one version's journal entries; a version that was applied before changes nothing."""
        if version <= self.version:
            return
        fold(entries, self, at)
        self.version = version

    def on_held(self, entry: Held, at: datetime) -> None:
        self.add(
            Occupant(
                id=read_id(entry["hold"]),
                kind="hold",
                placed_at=at,
                expires_at=datetime.fromisoformat(entry["until"]),
                booked=False,
                seats=tuple(entry.get("seats", ())),
                areas=areas_of(entry),
                buyer=entry.get("buyer"),
                requested=entry["requested"],
            )
        )

    def on_booked(self, entry: Booked, at: datetime) -> None:
        id = read_id(entry["hold"])
        occupant = self.by_id.get(id)
        if occupant is None:  # an instant booking was never a hold to anyone
            self.add(
                Occupant(
                    id=id,
                    kind="hold",
                    placed_at=at,
                    expires_at=None,
                    booked=True,
                    seats=tuple(entry.get("seats", ())),
                    areas=areas_of(entry),
                    buyer=entry.get("buyer"),
                )
            )
        elif occupant.seats:
            occupant.booked = True
            self._see_taken(occupant)
        else:
            self.remove(occupant.id)

    def on_extended(self, entry: Extended) -> None:
        occupant = self.by_id.get(read_id(entry["hold"]))
        if occupant is not None:
            occupant.expires_at = datetime.fromisoformat(entry["until"])
            self._see_taken(occupant)
            self._await_expiry(occupant)

    def on_ended(self, entry: Released | Expired) -> None:
        self.remove(read_id(entry["hold"]))

    def on_cancelled(self, entry: Cancelled) -> None:
        self.remove(read_id(entry["hold"]))

    def on_reduced(self, entry: Reduced) -> None:
        self._leave(read_id(entry["hold"]), entry.get("seats", ()), areas_of(entry))

    def on_exchanged(self, entry: Exchanged, at: datetime) -> None:
        id, taken = read_id(entry["hold"]), new_areas_of(entry)
        before = self._leave(id, entry.get("seats", ()), areas_of(entry))
        if before is not None:
            for area, quantity in before.areas.items():
                taken[area] = taken.get(area, 0) + quantity
        self.add(
            Occupant(
                id=id,
                kind="hold",
                placed_at=at if before is None else before.placed_at,
                expires_at=None if before is None else before.expires_at,
                booked=True,
                seats=(*(() if before is None else before.seats), *entry.get("new_seats", ())),
                areas=taken,
                buyer=entry.get("buyer"),
            )
        )

    def on_blocked(self, entry: Blocked, at: datetime) -> None:
        step = Occupant(
            id=read_id(entry["block"]),
            kind="block",
            placed_at=at,
            expires_at=None,
            booked=False,
            seats=tuple(entry.get("seats", ())),
            areas=areas_of(entry),
        )
        before = self.by_id.get(step.id)
        if before is not None:  # a further step of a large block
            step.seats += before.seats
            for area, quantity in before.areas.items():
                step.areas[area] = step.areas.get(area, 0) + quantity
        self.add(step)

    def on_lifted(self, entry: Lifted) -> None:
        self.remove(read_id(entry["block"]))

    def _leave(self, id: UUID, seats: Iterable[int], areas: dict[int, int]) -> Occupant | None:
        """Free some seats of a booking. Return what the booking keeps, or None if it keeps no seat."""
        occupant = self.by_id.get(id)
        if occupant is None:  # it had no seats
            return None
        freed = [seat for seat in seats if self.by_seat.get(seat) is occupant]
        for seat in freed:
            del self.by_seat[seat]
        self.free_in_picker(freed)
        gone = set(freed)
        occupant.seats = tuple(seat for seat in occupant.seats if seat not in gone)
        occupant.areas = {
            area: quantity - areas.get(area, 0)
            for area, quantity in occupant.areas.items()
            if quantity > areas.get(area, 0)
        }
        if occupant.seats:
            return occupant
        del self.by_id[id]
        return None

    def _see_taken(self, occupant: Occupant) -> None:
        """Take the seats of a live hold that the picker saw as lapsed: the clock has been set back since."""
        if occupant.id in self._seen_free:
            self._seen_free.discard(occupant.id)
            self.take_in_picker(occupant.seats)

    def _await_expiry(self, occupant: Occupant) -> None:
        """Queue the expiry for the picker, if there is one. Entries of holds that ended earlier are cleared now
        and then."""
        if self._picker is None or occupant.expires_at is None:
            return
        heapq.heappush(self._expiries, (occupant.expires_at, occupant.id))
        if len(self._expiries) > 2 * len(self.by_id) + 1_000:
            self._expiries = self._ahead()

    def _ahead(self) -> list[tuple[datetime, UUID]]:
        """Return the expiries that the picker has not seen yet, as a heap."""
        ahead = [
            (each.expires_at, each.id)
            for each in self.by_id.values()
            if each.expires_at is not None and not each.booked and each.id not in self._seen_free
        ]
        heapq.heapify(ahead)
        return ahead

    def picker(self, now: datetime, *, max_freed: int | None = None) -> SeatPicker:
        """Return the picker, with the seats of lapsed holds free. Each call frees max `max_freed` further holds."""
        if (
            self._picked_at is not None and now < self._picked_at
        ):  # the clock was set back, so a hold may be live again
            self._picker = None
            self._seen_free.clear()
        self._picked_at = now
        if self._picker is None:
            self._picker = SeatPicker(self.seat_map.rows, self.by_seat)
            self._expiries = self._ahead()
        freed = 0
        while self._expiries and self._expiries[0][0] <= now and (max_freed is None or freed < max_freed):
            _, id = heapq.heappop(self._expiries)
            occupant = self.by_id.get(id)
            if occupant is not None and occupant.has_lapsed(now) and id not in self._seen_free:
                self._seen_free.add(id)
                self.free_in_picker(occupant.seats)
                freed += 1
        return self._picker

    def take_in_picker(self, seats: Iterable[int]) -> None:
        """Take a batch's own claims ahead of its commit. If the batch fails, its caller drops the whole occupancy."""
        picker = self._picker
        if picker is not None:
            # Mostly none: they are planned first.
            picker.take([seat for seat in seats if picker.is_free(seat)])

    def free_in_picker(self, seats: Iterable[int]) -> None:
        picker = self._picker
        if picker is not None:
            picker.free([seat for seat in seats if not picker.is_free(seat)])

    def see_free(self, id: UUID) -> None:
        """Note that a batch ended this lapsed hold. Its seats must not be freed again: they may have a new holder."""
        self._seen_free.add(id)

    def has_more_lapsed(self, now: datetime) -> bool:
        return bool(self._expiries) and self._expiries[0][0] <= now
