"""Replay: an event as its journal alone tells it, from version 0 on. The check's second opinion, shared with nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.inventory.rules.changes import STRUCTURAL, Entry

Tell = Callable[[str, str, str], None]
"""(code, subject, detail) of something that cannot be."""


class Counters:
    """Of one area."""

    __slots__ = ("blocked", "booked", "capacity", "held")

    def __init__(self) -> None:
        self.capacity = self.held = self.booked = self.blocked = 0

    @property
    def is_possible(self) -> bool:
        lowest = min(self.held, self.booked, self.blocked)
        return lowest >= 0 and self.held + self.booked + self.blocked <= self.capacity


class ReplayedHold:
    """What the journal says of one hold or block."""

    __slots__ = ("areas", "booked", "booking", "buyer", "ended", "held", "seats", "seen", "state", "until")

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
        self.seen = False
        """Whether the check found its rows."""


_ENDS = {
    "released": ("held", "released"),
    "expired": ("held", "expired"),
    "cancelled": ("booked", "cancelled"),
}
"""change -> the state that it needs, and the one that it leaves; the first also names the counter that falls."""


class Replay:
    """Follows the journal version by version and keeps what it says; what cannot be is told."""

    def __init__(self, tell: Tell) -> None:
        self.version = -1
        self.at: datetime | None = None
        self.areas: dict[int, Counters] = {}
        self.told: dict[UUID, ReplayedHold] = {}
        self.seats: dict[int, UUID] = {}
        self.fields: dict[str, Any] = {}
        """The event's own rules, where the journal has changed them."""
        self.is_cancelled = False
        self._tell = tell

    def follow(self, version: int, at: datetime, structural: bool, changes: Iterable[Entry]) -> None:
        where = f"version {version}"
        if version != self.version + 1:
            self._tell("journal_gap", where, f"the journal goes from version {self.version} to {version}")
        if self.at is not None and at < self.at:
            self._tell("journal_time", where, "its time is before that of the version before")
        self.version, self.at = version, at
        is_structural = False
        for entry in changes:
            is_structural = is_structural or entry["change"] in STRUCTURAL
            try:
                self._apply(entry, at)
            except (KeyError, TypeError, ValueError) as error:
                self._tell("journal_unreadable", where, f"{entry.get('change')}: {error!r}")
        if is_structural != structural:
            self._tell("journal_mark", where, "its mark for changes of the inventory itself is wrong")
        for number, counters in self.areas.items():
            if not counters.is_possible:
                self._tell(
                    "oversold",
                    f"area {number}",
                    f"at {where}: held {counters.held}, booked {counters.booked}, blocked {counters.blocked} "
                    f"of {counters.capacity}",
                )

    def _apply(self, entry: Entry, at: datetime) -> None:
        change = entry["change"]
        match change:
            case "held":
                told = self._take(entry, "hold", "held")
                told.until, told.buyer = datetime.fromisoformat(entry["until"]), entry.get("buyer")
            case "booked" if entry.get("instant"):
                told = self._take(entry, "hold", "booked")
                told.booked, told.booking, told.buyer = (
                    self.version,
                    UUID(entry["booking"]),
                    entry.get("buyer"),
                )
            case "booked":
                self._book(entry, at)
            case "released" | "expired" | "cancelled":
                needed, left = _ENDS[change]
                self._end(entry, "hold", needed, left)
            case "extended":
                self._extend(entry)
            case "blocked":
                self._take(entry, "block", "blocked")
            case "lifted":
                self._end(entry, "block", "blocked", "lifted")
            case "opened" | "capacity" | "seats_added":
                for area, capacity in entry["areas"].items():
                    self.areas.setdefault(int(area), Counters()).capacity = capacity
            case "changed":
                self.fields |= entry["fields"]
            case "published":
                self.fields["status"] = "published"
            case "event_cancelled":
                self.fields["status"] = "cancelled"
                self.is_cancelled = True
            case "stopped" | "resumed":
                self.fields["sales_stopped"] = change == "stopped"
            case "attempted":
                pass
            case _:
                raise ValueError("there is no such change")

    def _take(self, entry: Entry, what: str, state: str) -> ReplayedHold:
        id = UUID(entry[what])
        areas = {int(area): quantity for area, quantity in entry["areas"].items()}
        seats = frozenset(entry.get("seats", ()))
        for seat in seats:
            if seat in self.seats:
                self._tell(
                    "seat_given_twice",
                    f"seat {seat}",
                    f"at version {self.version}: {self.seats[seat]} and {id}",
                )
            self.seats[seat] = id
        self._count(areas, state, 1)
        told = self.told.get(id)
        if told is None:
            told = self.told[id] = ReplayedHold(state, self.version, areas, seats)
        elif what == "block" and told.state == "blocked":  # a further step of a large block
            told.seats |= seats
            told.areas = {
                area: told.areas.get(area, 0) + areas.get(area, 0) for area in {**told.areas, **areas}
            }
        else:
            self._tell("taken_twice", f"{what} {id}", f"again at version {self.version}")
        return told

    def _book(self, entry: Entry, at: datetime) -> None:
        told = self._find(entry, "hold", "held")
        if told is None:
            return
        if told.until is not None and told.until <= at:
            self._tell(
                "confirmed_late", f"hold {entry['hold']}", f"at version {self.version}, after its expiry"
            )
        self._count(told.areas, "held", -1)
        self._count(told.areas, "booked", 1)
        told.state, told.booked, told.booking = "booked", self.version, UUID(entry["booking"])

    def _end(self, entry: Entry, what: str, needed: str, left: str) -> None:
        told = self._find(entry, what, needed)
        if told is None:
            return
        if left == "expired" and self.at is not None and told.until is not None and told.until > self.at:
            self._tell(
                "expired_early", f"hold {entry['hold']}", f"at version {self.version}, before its expiry"
            )
        self._count(told.areas, needed, -1)
        for seat in told.seats:
            self.seats.pop(seat, None)
        told.state, told.ended = left, self.version

    def _extend(self, entry: Entry) -> None:
        told = self._find(entry, "hold", "held")
        if told is not None:
            told.until = datetime.fromisoformat(entry["until"])

    def _find(self, entry: Entry, what: str, needed: str) -> ReplayedHold | None:
        """What is in the state that the change needs; None, and told, otherwise."""
        told = self.told.get(UUID(entry[what]))
        if told is not None and told.state == needed:
            return told
        state = "unknown" if told is None else told.state
        self._tell(
            "impossible_move",
            f"{what} {entry[what]}",
            f"{entry['change']} at version {self.version}: {state}",
        )
        return None

    def _count(self, areas: dict[int, int], state: str, sign: int) -> None:
        for area, quantity in areas.items():
            counters = self.areas.setdefault(area, Counters())
            setattr(counters, state, getattr(counters, state) + sign * quantity)
