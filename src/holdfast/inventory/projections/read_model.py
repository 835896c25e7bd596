"""Read model: one event as readers see it, with its counts and each taken seat. It follows the journal and the
time.

A read model is exact for one state, (version, lapsed). It also remembers which seats its last versions
touched. So a reader who knows an older version, and each stream client, gets only what has changed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from holdfast.inventory.projections.seat_json import available_seat, held_until, taken_seat
from holdfast.inventory.projections.touches import Touch, Touches
from holdfast.inventory.rules.availability import Availability, availability_of
from holdfast.inventory.rules.event import Area, EventStatus
from holdfast.inventory.rules.fold import fold
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
    areas_of,
    is_structural,
    new_areas_of,
)
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store.read_models import LoadedReadModel


class OutdatedError(Exception):
    """The journal has a change of rules or inventory: the read model must be built again."""


class LiveHold:
    """A hold that is not a booking, with everything that it has. `lapsed`: the read model counts it as gone."""

    __slots__ = ("areas", "buyer", "expires_at", "lapsed", "seats")

    def __init__(
        self, expires_at: datetime, seats: Sequence[int], areas: dict[int, int], buyer: str | None
    ) -> None:
        self.expires_at = expires_at
        self.seats = seats
        self.areas = areas
        self.buyer = buyer
        self.lapsed = False


class ReadModel:
    """Built from one load; after that it only follows."""

    def __init__(self, loaded: LoadedReadModel, seat_map: SeatMap) -> None:
        self.event = loaded.event
        self.number = loaded.event.number
        self.seat_map = seat_map
        self.epoch = loaded.epoch
        self.version = loaded.version
        self.now = loaded.now
        self.lapsed = 0
        self.touches = Touches(loaded.version)
        self.taken: dict[int, bytes] = {}
        """Seats that are not available, by number, each as its member of a JSON list."""
        self.buyers: dict[int, str] = {}
        """The buyer of each taken seat, if its hold names one."""
        self.unnamed = set(loaded.booked_seats)
        """Seats that were booked before the load, and whose buyers nobody has needed yet."""
        self._areas = {area.number: area for area in loaded.areas}
        self._live: dict[str, LiveHold] = {}
        self._expiries: list[tuple[datetime, str]] = []
        self._touched: list[int] = []
        """Seats that the version being followed touches."""
        self._reclaimed: list[int] = []
        self._build(loaded)

    @property
    def state(self) -> tuple[int, int]:
        return self.version, self.lapsed

    @property
    def next_expiry(self) -> datetime | None:
        """The time until which only a commit can change the state."""
        while self._expiries:
            at, id = self._expiries[0]
            hold = self._live.get(id)
            if hold is not None and not hold.lapsed and hold.expires_at == at:
                return at
            heapq.heappop(self._expiries)  # extended, ended or lapsed meanwhile
        return None

    def availability(self) -> Availability:
        return availability_of(
            self.event,
            self._areas.values(),
            epoch=self.epoch,
            version=self.version,
            lapsed=self.lapsed,
            lapsed_by_area={},
            as_of=self.now,
            next_expiry=self.next_expiry,
        )

    def members(self, seats: Iterable[int]) -> list[bytes]:
        """Return these seats as members of a JSON list, in the map's order."""
        taken, seat_map = self.taken, self.seat_map
        return [taken.get(seat) or available_seat(seat_map.label_of(seat)) for seat in sorted(seats)]

    def held_until(self) -> dict[int, datetime]:
        """Return the expiry of each held seat, by number. Other taken seats are booked or blocked."""
        return {
            seat: hold.expires_at for hold in self._live.values() if not hold.lapsed for seat in hold.seats
        }

    def name_buyers(self, buyers: Mapping[int, str]) -> None:
        """Add the buyers of seats booked before the load. They were read at a version that this one has passed.

        A seat that changed hands since the load has left `unnamed`, and keeps the buyer that the journal
        named.
        """
        self.buyers.update((seat, buyers[seat]) for seat in self.unnamed if seat in buyers)
        self.unnamed.clear()

    def seats_of(self, hold_id: str) -> Sequence[int]:
        hold = self._live.get(hold_id)
        return () if hold is None else hold.seats

    def touched_since(self, version: int) -> set[int]:
        """Return the seats touched after that version, as far as `touches` remembers, and those of lapsed holds."""
        found = self.touches.since(version)
        if version < self.touches.first_version:
            for hold in self._live.values():
                if hold.lapsed:
                    found.update(hold.seats)
        return found

    def follow(self, version: int, at: datetime, entries: Sequence[Entry]) -> None:
        """Apply one version's journal entries. Raises OutdatedError."""
        if version <= self.version:
            return
        if is_structural(entries):
            raise OutdatedError
        self.pass_time(at)
        self._touched, self._reclaimed = [], []
        fold(entries, self, at)
        self.version = version
        self.touches.add(Touch(version, False, self._touched, self._reclaimed))

    def on_held(self, entry: Held, _at: datetime) -> None:
        until = datetime.fromisoformat(entry["until"])
        hold = self._live[entry["hold"]] = LiveHold(
            until, entry.get("seats", ()), areas_of(entry), entry.get("buyer")
        )
        heapq.heappush(self._expiries, (until, entry["hold"]))
        self._count("held", hold.areas, 1)
        self._show_held(hold)
        self._touched.extend(hold.seats)

    def on_booked(self, entry: Booked, _at: datetime) -> None:
        hold = self._live.pop(entry["hold"], None)
        if hold is not None:
            self._restore(hold)
            self._count("held", hold.areas, -1)
        seats = entry.get("seats", ())
        self._count("booked", areas_of(entry), 1)
        self._show(seats, "booked")
        self._name_buyer(seats, entry.get("buyer") if hold is None else hold.buyer)

    def on_extended(self, entry: Extended) -> None:
        hold = self._live.get(entry["hold"])
        if hold is None:
            return
        self._restore(hold)
        hold.expires_at = datetime.fromisoformat(entry["until"])
        heapq.heappush(self._expiries, (hold.expires_at, entry["hold"]))
        self._show_held(hold)
        self._touched.extend(hold.seats)

    def on_blocked(self, entry: Blocked, _at: datetime) -> None:
        self._count("blocked", areas_of(entry), 1)
        self._show(entry.get("seats", ()), "blocked")

    def on_ended(self, entry: Released | Expired) -> None:
        hold = self._live.pop(entry["hold"], None)
        if hold is None:  # of a cancelled event: gone already
            return
        if hold.lapsed:  # shown as gone when it lapsed; only its rows were rewritten now
            self.lapsed -= 1
            self._reclaimed.extend(hold.seats)
            return
        self._count("held", hold.areas, -1)
        self._free(entry.get("seats", ()))

    def on_cancelled(self, entry: Cancelled) -> None:
        self._return(entry, "booked")

    def on_reduced(self, entry: Reduced) -> None:
        self._return(entry, "booked")

    def on_exchanged(self, entry: Exchanged, _at: datetime) -> None:
        self._return(entry, "booked")
        seats = entry.get("new_seats", ())
        self._count("booked", new_areas_of(entry), 1)
        self._show(seats, "booked")
        self._name_buyer(seats, entry.get("buyer"))

    def on_lifted(self, entry: Lifted) -> None:
        self._return(entry, "blocked")

    def pass_time(self, now: datetime) -> None:
        """Drop holds whose expiry has passed; no batch reports that."""
        if now <= self.now:
            return
        self.now = now
        gone: list[int] = []
        while self._expiries and self._expiries[0][0] <= now:
            at, id = heapq.heappop(self._expiries)
            hold = self._live.get(id)
            if hold is not None and not hold.lapsed and hold.expires_at == at:
                self._lapse(hold, gone)
        if gone:
            self.touches.add(Touch(self.version, True, gone))

    def _build(self, loaded: LoadedReadModel) -> None:
        label_of = self.seat_map.label_of
        for status, seats in (("booked", loaded.booked_seats), ("blocked", loaded.blocked_seats)):
            for seat in seats:
                self.taken[seat] = taken_seat(label_of(seat), status)
        seats_of: dict[str, list[int]] = {}
        for id, expires_at, area, found, quantity, buyer in loaded.claims:
            hold = self._live.get(id)
            if hold is None:
                hold = self._live[id] = LiveHold(expires_at, (), {}, buyer)
            hold.areas[area] = hold.areas.get(area, 0) + quantity
            if found is not None:
                seats_of.setdefault(id, []).append(found)
        for id, seats in seats_of.items():
            self._live[id].seats = seats
        if loaded.event.status is EventStatus.CANCELLED:  # in a cancelled event, holds read as released
            self._live = {}
            for counted in self._areas.values():
                counted.held = 0
            return
        gone: list[int] = []
        for id, hold in self._live.items():
            self._show_held(hold)
            if hold.expires_at <= self.now:
                self._lapse(hold, gone)
            else:
                self._expiries.append((hold.expires_at, id))
        heapq.heapify(self._expiries)
        if gone:
            self.touches.add(Touch(self.version, True, gone))

    def _lapse(self, hold: LiveHold, gone: list[int]) -> None:
        hold.lapsed = True
        self.lapsed += 1
        self._count("held", hold.areas, -1)
        self._show_free(hold.seats)
        gone.extend(hold.seats)

    def _restore(self, hold: LiveHold) -> None:
        """Restore a hold that seemed lapsed: its batch was decided before the expiry, but was read after it."""
        if hold.lapsed:
            hold.lapsed = False
            self.lapsed -= 1
            self._count("held", hold.areas, 1)

    def _show_held(self, hold: LiveHold) -> None:
        if hold.seats:
            status = held_until(hold.expires_at)
            for seat in hold.seats:
                self.taken[seat] = taken_seat(self.seat_map.label_of(seat), status)
            self._name_buyer(hold.seats, hold.buyer)

    def _name_buyer(self, seats: Sequence[int], buyer: str | None) -> None:
        if buyer is not None:
            self.buyers.update(dict.fromkeys(seats, buyer))

    def _return(self, entry: Cancelled | Reduced | Exchanged | Lifted, counter: str) -> None:
        self._count(counter, areas_of(entry), -1)
        self._free(entry.get("seats", ()))

    def _free(self, seats: Sequence[int]) -> None:
        self._show_free(seats)
        self._touched.extend(seats)

    def _show_free(self, seats: Sequence[int]) -> None:
        for seat in seats:
            self.taken.pop(seat, None)
            self.buyers.pop(seat, None)
            self.unnamed.discard(seat)

    def _show(self, seats: Sequence[int], status: str) -> None:
        for seat in seats:
            self.taken[seat] = taken_seat(self.seat_map.label_of(seat), status)
        self._touched.extend(seats)

    def _count(self, counter: str, areas: dict[int, int], sign: int) -> None:
        for number, quantity in areas.items():
            area: Area = self._areas[number]
            setattr(area, counter, getattr(area, counter) + sign * quantity)
