"""Replay: an event as its journal alone describes it, from version 0 on.

It shares no code with the projections on purpose. `rules/fold.py` serves the live copies, and an error there
must not repeat itself here. This is the second opinion that the audit compares the rows with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from holdfast.inventory.rules.journal import STRUCTURAL, Booked, Entry, Exchanged, FieldValue, Moved, Reduced

K = TypeVar("K")

Report = Callable[[str, str, str], None]
"""(code, subject, detail) of something impossible."""


class Counters:
    """The counters of one area."""

    __slots__ = ("blocked", "booked", "capacity", "held")

    def __init__(self) -> None:
        self.capacity = self.held = self.booked = self.blocked = 0

    @property
    def is_possible(self) -> bool:
        lowest = min(self.held, self.booked, self.blocked)
        return lowest >= 0 and self.held + self.booked + self.blocked <= self.capacity


class ReplayedHold:
    """One hold or block as the journal describes it."""

    __slots__ = (
        "added",
        "areas",
        "booked",
        "booking",
        "buyer",
        "ended",
        "held",
        "returned",
        "seats",
        "seen",
        "state",
        "until",
    )

    def __init__(self, state: str, version: int, areas: dict[int, int], seats: frozenset[int]) -> None:
        self.state = state
        """held, booked, released, expired, cancelled; blocked, lifted"""
        self.held = version
        self.booked: int | None = None
        self.ended: int | None = None
        self.areas = areas
        self.seats = seats
        self.until: datetime | None = None
        self.booking: UUID | None = None
        self.buyer: str | None = None
        self.returned: dict[tuple[int, int], int] = {}
        """What its booking returned and went on without: (area, version) -> quantity."""
        self.added: dict[tuple[int, int], int] = {}
        """What its booking took instead, in the same form."""
        self.seen = False
        """True once the check has found its rows."""


_ENDS = {
    "released": ("held", "released"),
    "expired": ("held", "expired"),
    "cancelled": ("booked", "cancelled"),
}
"""change -> the state that it needs, and the state that it leaves. The first also names the counter that falls."""


class Replay:
    """Follows the journal version by version, keeps its content, and reports what is impossible."""

    def __init__(self, report: Report) -> None:
        self.version = -1
        self.at: datetime | None = None
        self.areas: dict[int, Counters] = {}
        self.holds: dict[UUID, ReplayedHold] = {}
        self.seats: dict[int, UUID] = {}
        self.fields: dict[str, FieldValue] = {}
        """The event's own rules, where the journal has changed them."""
        self.area_fields: dict[int, dict[str, str | None]] = {}
        """Names, categories and states of areas, where the journal has changed them."""
        self.is_cancelled = False
        self._report = report

    def follow(self, version: int, at: datetime, structural: bool, changes: Iterable[Entry]) -> None:
        where = f"version {version}"
        if version != self.version + 1:
            self._report("journal_gap", where, f"the journal goes from version {self.version} to {version}")
        if self.at is not None and at < self.at:
            self._report("journal_time", where, "its time is before that of the version before")
        self.version, self.at = version, at
        is_structural = False
        for entry in changes:
            is_structural = is_structural or entry["change"] in STRUCTURAL
            try:
                self._apply(entry, at)
            except (KeyError, TypeError, ValueError) as error:
                self._report("journal_unreadable", where, f"{entry.get('change')}: {error!r}")
        if is_structural != structural:
            self._report("journal_mark", where, "its mark for changes of the inventory itself is wrong")
        for number, counters in self.areas.items():
            if not counters.is_possible:
                self._report(
                    "oversold",
                    f"area {number}",
                    f"at {where}: held {counters.held}, booked {counters.booked}, blocked {counters.blocked} "
                    f"of {counters.capacity}",
                )

    def _apply(self, entry: Entry, at: datetime) -> None:
        match entry["change"]:
            case "held":
                hold = self._take("hold", entry["hold"], entry, "held")
                hold.until, hold.buyer = datetime.fromisoformat(entry["until"]), entry.get("buyer")
            case "booked" if entry.get("instant"):
                hold = self._take("hold", entry["hold"], entry, "booked")
                hold.booked, hold.booking = self.version, UUID(entry["booking"])
                hold.buyer = entry.get("buyer")
            case "booked":
                self._book(entry, at)
            case "released" | "expired" | "cancelled":
                needed, left = _ENDS[entry["change"]]
                self._end("hold", entry["hold"], needed, left)
            case "reduced" | "exchanged":
                self._change(entry)
            case "transferred":
                self._find("hold", entry["hold"], "transferred", "booked")
            case "extended":
                held = self._find("hold", entry["hold"], "extended", "held")
                if held is not None:
                    held.until = datetime.fromisoformat(entry["until"])
            case "blocked":
                self._take("block", entry["block"], entry, "blocked")
            case "lifted":
                self._end("block", entry["block"], "blocked", "lifted")
            case "opened" | "capacity" | "seats_added":
                for area, capacity in entry["areas"].items():
                    self.areas.setdefault(int(area), Counters()).capacity = capacity
            case "area":
                self.area_fields.setdefault(entry["area"], {}).update(entry["fields"])
            case "changed":
                self.fields |= entry["fields"]
            case "published":
                self.fields["status"] = "published"
            case "event_cancelled":
                self.fields["status"] = "cancelled"
                self.is_cancelled = True
            case "stopped" | "resumed":
                self.fields["sales_stopped"] = entry["change"] == "stopped"
            case _:
                raise ValueError("there is no such change")

    def _take(self, what: str, name: str, moved: Moved, state: str) -> ReplayedHold:
        id = UUID(name)
        areas = {int(area): quantity for area, quantity in moved["areas"].items()}
        seats = frozenset(moved.get("seats", ()))
        for seat in seats:
            if seat in self.seats:
                self._report(
                    "seat_given_twice",
                    f"seat {seat}",
                    f"at version {self.version}: {self.seats[seat]} and {id}",
                )
            self.seats[seat] = id
        self._count(areas, state, 1)
        found = self.holds.get(id)
        if found is None:
            found = self.holds[id] = ReplayedHold(state, self.version, areas, seats)
        elif what == "block" and found.state == "blocked":  # a further step of a large block
            found.seats |= seats
            found.areas = {
                area: found.areas.get(area, 0) + areas.get(area, 0) for area in {**found.areas, **areas}
            }
        else:
            self._report("taken_twice", f"{what} {id}", f"again at version {self.version}")
        return found

    def _book(self, entry: Booked, at: datetime) -> None:
        hold = self._find("hold", entry["hold"], "booked", "held")
        if hold is None:
            return
        if hold.until is not None and hold.until <= at:
            self._report(
                "confirmed_late", f"hold {entry['hold']}", f"at version {self.version}, after its expiry"
            )
        self._count(hold.areas, "held", -1)
        self._count(hold.areas, "booked", 1)
        hold.state, hold.booked, hold.booking = "booked", self.version, UUID(entry["booking"])

    def _end(self, what: str, name: str, needed: str, left: str) -> None:
        found = self._find(what, name, left, needed)
        if found is None:
            return
        if left == "expired" and self.at is not None and found.until is not None and found.until > self.at:
            self._report("expired_early", f"hold {name}", f"at version {self.version}, before its expiry")
        self._count(found.areas, needed, -1)
        for seat in found.seats:
            self.seats.pop(seat, None)
        found.state, found.ended = left, self.version

    def _change(self, entry: Reduced | Exchanged) -> None:
        """Follow a booking that returns a part of what it has, and perhaps takes as much."""
        found = self._find("hold", entry["hold"], entry["change"], "booked")
        if found is None:
            return
        subject = f"hold {entry['hold']}"
        seats = frozenset(entry.get("seats", ()))
        areas = {int(area): quantity for area, quantity in entry["areas"].items()}
        if not seats <= found.seats or any(
            quantity > found.areas.get(area, 0) for area, quantity in areas.items()
        ):
            self._report("impossible_move", subject, f"at version {self.version} it returns what it has not")
        self._count(areas, "booked", -1)
        for seat in seats:
            self.seats.pop(seat, None)
        found.seats -= seats
        _add(found.areas, areas, -1)
        _add(found.returned, {(area, self.version): quantity for area, quantity in areas.items()}, 1)
        if entry["change"] == "exchanged":
            self._take_instead(found, entry)
        if not found.areas:
            self._report("impossible_move", subject, f"at version {self.version} it keeps nothing")

    def _take_instead(self, found: ReplayedHold, entry: Exchanged) -> None:
        id = UUID(entry["hold"])
        areas = {int(area): quantity for area, quantity in entry["new_areas"].items()}
        if sum(areas.values()) != sum(entry["areas"].values()):
            self._report("exchange_uneven", f"hold {id}", f"at version {self.version}")
        seats = frozenset(entry.get("new_seats", ()))
        for seat in seats:
            if seat in self.seats:
                self._report(
                    "seat_given_twice",
                    f"seat {seat}",
                    f"at version {self.version}: {self.seats[seat]} and {id}",
                )
            self.seats[seat] = id
        self._count(areas, "booked", 1)
        found.seats |= seats
        _add(found.areas, areas, 1)
        _add(found.added, {(area, self.version): quantity for area, quantity in areas.items()}, 1)

    def _find(self, what: str, name: str, change: str, needed: str) -> ReplayedHold | None:
        """Return the hold in the state that the change needs. Otherwise report it, and return None."""
        found = self.holds.get(UUID(name))
        if found is not None and found.state == needed:
            return found
        state = "unknown" if found is None else found.state
        self._report("impossible_move", f"{what} {name}", f"{change} at version {self.version}: {state}")
        return None

    def _count(self, areas: dict[int, int], state: str, sign: int) -> None:
        for area, quantity in areas.items():
            counters = self.areas.setdefault(area, Counters())
            setattr(counters, state, getattr(counters, state) + sign * quantity)


def _add(to: dict[K, int], quantities: dict[K, int], sign: int) -> None:
    for key, quantity in quantities.items():
        to[key] = to.get(key, 0) + sign * quantity
        if not to[key]:
            del to[key]
