"""Pictures: one event as readers see it: its counts and each taken seat, kept up with the journal and with time.

A picture is exact for one state, (version, lapsed). It also remembers what its last versions touched, so that a reader
who knows an older version, and everyone who watches, is told what has changed and not everything.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from holdfast.inventory.projections.seat_json import available_seat, held_until, taken_seat
from holdfast.inventory.rules.availability import Availability, availability_of
from holdfast.inventory.rules.event import Area, EventStatus
from holdfast.inventory.rules.journal import (
    Blocked,
    Booked,
    Cancelled,
    Entry,
    Expired,
    Extended,
    Held,
    Lifted,
    Released,
    areas_of,
    is_structural,
)
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store.read_models import LoadedReadModel

MAX_VERSIONS_REMEMBERED = 1_000
MAX_SEATS_REMEMBERED = 200_000


class OutdatedError(Exception):
    """The journal tells of a change of rules or inventory: the picture must be drawn anew."""


class LiveHold:
    """A hold that is not a booking, with everything that it has. `lapsed`: the picture counts it as gone."""

    __slots__ = ("areas", "buyer", "expires_at", "lapsed", "seats")

    def __init__(
        self, expires_at: datetime, seats: Sequence[int], areas: dict[int, int], buyer: str | None
    ) -> None:
        self.expires_at = expires_at
        self.seats = seats
        self.areas = areas
        self.buyer = buyer
        self.lapsed = False


class Touch(NamedTuple):
    """Seats that were touched by a version, or (`lapsed`) by time while the event had that version.

    `reclaimed`: seats of lapsed holds whose rows the version rewrote; they were told as available when their time came.
    """

    version: int
    lapsed: bool
    seats: Sequence[int]
    reclaimed: Sequence[int] = ()


class ReadModel:
    """Drawn from one load; then only followed."""

    def __init__(self, loaded: LoadedReadModel, seat_map: SeatMap) -> None:
        self.event = loaded.event
        self.number = loaded.event.number
        self.seat_map = seat_map
        self.version = loaded.version
        self.now = loaded.now
        self.lapsed = 0
        self.first_version = loaded.version
        """What happened up to here is not remembered; what time did to a version, only from here on."""
        self.taken: dict[int, bytes] = {}
        """Seats that are not available, by number, each as its member of a JSON list."""
        self.buyers: dict[int, str] = {}
        """Who holds or has booked a taken seat, where the hold names its buyer."""
        self._areas = {area.number: area for area in loaded.areas}
        self._live: dict[str, LiveHold] = {}
        self._expiries: list[tuple[datetime, str]] = []
        self._touches: deque[Touch] = deque()
        self._forgotten = 0
        self._remembered_seats = 0
        self._draw(loaded)

    # -- what it shows ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> tuple[int, int]:
        return self.version, self.lapsed

    @property
    def next_expiry(self) -> datetime | None:
        """Until then the state can change only by a commit."""
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
            version=self.version,
            lapsed=self.lapsed,
            lapsed_by_area={},
            as_of=self.now,
            next_expiry=self.next_expiry,
        )

    def members(self, seats: Iterable[int]) -> list[bytes]:
        """These seats as members of a JSON list, in the map's order."""
        taken, seat_map = self.taken, self.seat_map
        return [taken.get(seat) or available_seat(seat_map.label_of(seat)) for seat in sorted(seats)]

    def held_until(self) -> dict[int, datetime]:
        """The expiry of each held seat, by number. Other taken seats are booked or blocked."""
        return {
            seat: hold.expires_at for hold in self._live.values() if not hold.lapsed for seat in hold.seats
        }

    def seats_of(self, hold_id: str) -> Sequence[int]:
        hold = self._live.get(hold_id)
        return () if hold is None else hold.seats

    # -- what has changed ------------------------------------------------------------------------------------------

    @property
    def sequence(self) -> int:
        """How many touches there were; with `touched_after` a watcher's bookmark."""
        return self._forgotten + len(self._touches)

    def touched_after(self, sequence: int) -> set[int] | None:
        """The seats touched since that bookmark; None where that is not remembered any more."""
        if sequence < self._forgotten:
            return None
        later = islice(self._touches, sequence - self._forgotten, None)
        return {seat for touch in later for seat in touch.seats}

    def touched_since(self, version: int) -> set[int]:
        """The seats touched by later versions, as far as remembered (`first_version`), and by time since that version.

        Time is told generously: who knew the version may have seen some of these expiries already.
        """
        found: set[int] = set()
        for touch in self._touches:
            if touch.version > version or (touch.lapsed and touch.version == version):
                found.update(touch.seats, touch.reclaimed)
        if version < self.first_version:
            for hold in self._live.values():
                if hold.lapsed:
                    found.update(hold.seats)
        return found

    # -- following -------------------------------------------------------------------------------------------------

    def follow(self, version: int, at: datetime, entries: Sequence[Entry]) -> None:
        """Apply one version's journal entries. Raises OutdatedError."""
        if version <= self.version:
            return
        if is_structural(entries):
            raise OutdatedError
        self.pass_time(at)
        touched: list[int] = []
        reclaimed: list[int] = []
        for entry in entries:
            match entry["change"]:
                case "held":
                    self._hold(entry, touched)
                case "booked":
                    self._book(entry, touched)
                case "extended":
                    self._extend(entry, touched)
                case "blocked":
                    self._block(entry, touched)
                case "released" | "expired":
                    self._end_hold(entry, touched, reclaimed)
                case "cancelled":
                    self._return(entry, "booked", touched)
                case "lifted":
                    self._return(entry, "blocked", touched)
        self.version = version
        self._remember(Touch(version, False, touched, reclaimed))

    def pass_time(self, now: datetime) -> None:
        """Holds whose expiry has come are gone, with no batch to say so."""
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
            self._remember(Touch(self.version, True, gone))

    # -- parts -----------------------------------------------------------------------------------------------------

    def _draw(self, loaded: LoadedReadModel) -> None:
        label_of = self.seat_map.label_of
        for seat, buyer in loaded.booked_seats:
            self.taken[seat] = taken_seat(label_of(seat), "booked")
            if buyer is not None:
                self.buyers[seat] = buyer
        for seat in loaded.blocked_seats:
            self.taken[seat] = taken_seat(label_of(seat), "blocked")
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
        if loaded.event.status is EventStatus.CANCELLED:  # what was held reads as released
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
            self._remember(Touch(self.version, True, gone))

    def _hold(self, entry: Held, touched: list[int]) -> None:
        until = datetime.fromisoformat(entry["until"])
        hold = self._live[entry["hold"]] = LiveHold(
            until, entry.get("seats", ()), areas_of(entry), entry.get("buyer")
        )
        heapq.heappush(self._expiries, (until, entry["hold"]))
        self._count("held", hold.areas, 1)
        self._show_held(hold)
        touched.extend(hold.seats)

    def _book(self, entry: Booked, touched: list[int]) -> None:
        hold = self._live.pop(entry["hold"], None)
        if hold is not None:
            self._restore(hold)
            self._count("held", hold.areas, -1)
        seats = entry.get("seats", ())
        self._count("booked", areas_of(entry), 1)
        self._show(seats, "booked", touched)
        self._name_buyer(seats, entry.get("buyer") if hold is None else hold.buyer)

    def _extend(self, entry: Extended, touched: list[int]) -> None:
        hold = self._live.get(entry["hold"])
        if hold is None:
            return
        self._restore(hold)
        hold.expires_at = datetime.fromisoformat(entry["until"])
        heapq.heappush(self._expiries, (hold.expires_at, entry["hold"]))
        self._show_held(hold)
        touched.extend(hold.seats)

    def _block(self, entry: Blocked, touched: list[int]) -> None:
        self._count("blocked", areas_of(entry), 1)
        self._show(entry.get("seats", ()), "blocked", touched)

    def _end_hold(self, entry: Released | Expired, touched: list[int], reclaimed: list[int]) -> None:
        hold = self._live.pop(entry["hold"], None)
        if hold is None:  # of a cancelled event: gone already
            return
        if hold.lapsed:  # shown as gone when its time came; only its rows were rewritten now
            self.lapsed -= 1
            reclaimed.extend(hold.seats)
            return
        self._count("held", hold.areas, -1)
        self._free(entry.get("seats", ()), touched)

    def _return(self, entry: Cancelled | Lifted, counter: str, touched: list[int]) -> None:
        self._count(counter, areas_of(entry), -1)
        self._free(entry.get("seats", ()), touched)

    def _free(self, seats: Sequence[int], touched: list[int]) -> None:
        self._show_free(seats)
        touched.extend(seats)

    def _lapse(self, hold: LiveHold, gone: list[int]) -> None:
        hold.lapsed = True
        self.lapsed += 1
        self._count("held", hold.areas, -1)
        self._show_free(hold.seats)
        gone.extend(hold.seats)

    def _restore(self, hold: LiveHold) -> None:
        """A batch that was decided before the expiry, and is seen only after it, knew better."""
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

    def _show_free(self, seats: Sequence[int]) -> None:
        for seat in seats:
            self.taken.pop(seat, None)
            self.buyers.pop(seat, None)

    def _show(self, seats: Sequence[int], status: str, touched: list[int]) -> None:
        for seat in seats:
            self.taken[seat] = taken_seat(self.seat_map.label_of(seat), status)
        touched.extend(seats)

    def _count(self, counter: str, areas: dict[int, int], sign: int) -> None:
        for number, quantity in areas.items():
            area: Area = self._areas[number]
            setattr(area, counter, getattr(area, counter) + sign * quantity)

    def _remember(self, touch: Touch) -> None:
        self._touches.append(touch)
        self._remembered_seats += len(touch.seats) + len(touch.reclaimed)
        while len(self._touches) > MAX_VERSIONS_REMEMBERED or (
            self._remembered_seats > MAX_SEATS_REMEMBERED and len(self._touches) > 1
        ):
            forgotten = self._touches.popleft()
            self._forgotten += 1
            self._remembered_seats -= len(forgotten.seats) + len(forgotten.reclaimed)
            self.first_version = max(self.first_version, forgotten.version + forgotten.lapsed)
