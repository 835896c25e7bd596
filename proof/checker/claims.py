"""Claims: when a buyer definitely had which admissions, and when possibly.

Only definite facts accuse, and only possible facts excuse. A claim is definite from its first answer to its
earliest possible end. It is possible from its first request to its latest possible end, plus X: the time in
which its admissions must be on sale again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from proof.checker.clock import RETURN, Doubt
from proof.history import FOREVER, SECOND, Hall, Op

__all__ = ["REUSING", "Claim", "Interval", "requested_of"]

Interval = tuple[int, int]

REUSING = frozenset({"arena", "reservations"})
"""Formats that return the existing hold if the same user requests the seat again."""

MAX_HOLD_TTL = 1_800


class Claim:
    """One hold and all operations on it. `id` is None if no client learned it."""

    __slots__ = (
        *("areas", "books", "buyer", "cancels", "definite", "event", "expected_expiry", "extends", "id"),
        *("is_booking_lost", "is_single_life", "latest_expiry", "not_before", "places", "possible"),
        *("changed_by", "changes", "next", "releases", "seats", "user"),
    )

    def __init__(self, id: str | None, event: str, user: str) -> None:
        self.id, self.event, self.user = id, event, user
        self.buyer = user
        """The buyer's name as the product knows it, or the user."""
        self.seats: tuple[str, ...] = ()
        self.areas: dict[str, int] = {}
        self.places: list[Op] = []
        self.extends: list[Op] = []
        self.releases: list[Op] = []
        self.books: list[Op] = []
        self.cancels: list[Op] = []
        self.changes: list[Op] = []
        """Partial cancels and exchanges of its booking, refused ones too; a later phase has none."""
        self.changed_by: Op | None = None
        """What ended this phase of the booking, or may have. `cancels` has it, too."""
        self.next: Claim | None = None
        """The booking's next phase, with its other admissions."""
        self.definite: list[Interval] = []
        self.possible: list[Interval] = []
        self.expected_expiry = self.latest_expiry = 0
        self.not_before = FOREVER
        """The earliest moment at which an unanswered operation may have requested it."""
        self.is_booking_lost = False
        """True if the final state has the hold without a booking: an uncertain confirmation did nothing."""
        self.is_single_life = True
        """False if several holds of one user on one seat count as one, because their ids are unknown."""

    @property
    def op(self) -> Op | None:
        """The first known operation of the claim."""
        return next(iter(self.places or self.books), None)

    @property
    def last(self) -> Claim:
        """The last phase of its booking."""
        claim = self
        while claim.next is not None:
            claim = claim.next
        return claim

    def phases_until(self, moment: int) -> list[Claim] | None:
        """Return this claim and the phases that may have begun by then; None if a change has an unknown outcome."""
        found, claim = [self], self
        while claim.changed_by is not None and claim.changed_by.lo < moment:
            if claim.next is None:
                return None
            claim = claim.next
            found.append(claim)
        return found

    @property
    def booked(self) -> Op | None:
        """The first confirmation that a client received."""
        done = [op for op in self.books if op.st == "ok"]
        return min(done, key=_hi) if done else None

    def settle(self, hall: Hall, doubt: Doubt, *, held_until: int = FOREVER) -> None:
        """Compute both kinds of intervals. `held_until` is the earliest end of all holds of a cancelled event."""
        self.places.sort(key=_lo)
        booked = self.booked
        cancel_lo = min((op.lo for op in self.cancels if op.st != "fail"), default=FOREVER)
        cancel_hi = min((op.hi for op in self.cancels), default=FOREVER)
        release_lo = min((op.lo for op in self.releases if op.st != "fail"), default=FOREVER)
        last = min(release_lo, cancel_lo, held_until)
        definite = [(start, min(end, last)) for start, end in self._held(hall, doubt)]
        if booked is not None:
            definite.append((booked.hi, cancel_lo))
        self.definite = union(definite)
        self.possible = union(self._possible(hall, doubt, booked, cancel_hi))

    def _held(self, hall: Hall, doubt: Doubt) -> list[Interval]:
        """Return the intervals that the answers guarantee, and set the expiries."""
        held = []
        base, end_before = self.not_before, -FOREVER if self.is_single_life else 0
        for place in self.places:
            span = span_of(place, hall)
            # A repeated request by the same user may return the existing hold, which can be as old as the
            # first request.
            base = min(base, place.lo) if self.is_single_life or place.lo <= end_before else place.lo
            if place.st != "ok":
                end_before = self.latest_expiry = FOREVER
                continue
            earliest, latest = base + span, place.hi + span
            end_before = max(end_before, latest)
            held.append((place.hi, earliest - doubt.early(base, earliest)))
            self.latest_expiry = max(self.latest_expiry, latest + doubt.late(base, latest))
            self.expected_expiry = max(self.expected_expiry, (place.lo + place.hi) // 2 + span)
        if self.extends:
            held.extend(self._extended(hall, doubt, base))
        return held

    def _extended(self, hall: Hall, doubt: Doubt, base: int) -> Iterator[Interval]:
        placed = next((op.out.get("placed_at") for op in self.places if op.st == "ok"), None)
        longest = seconds(hall.limits.get("max_hold_ttl_seconds") or MAX_HOLD_TTL)
        for extend in sorted(self.extends, key=_lo):
            span = seconds(extend.given.get("ttl") or hall.hold_ttl)
            if extend.st == "info":
                self.latest_expiry += span
            if extend.st != "ok":
                continue
            end, until = extend.lo + span, extend.out.get("expires_at")
            if base < FOREVER:
                end = min(end, base + longest)
                if placed is not None and until is not None:
                    end = max(end, base + (until - placed) * 1_000)
            yield extend.hi, end - doubt.early(min(base, extend.lo), end)
            latest = extend.hi + span
            self.latest_expiry = max(self.latest_expiry, latest + doubt.late(extend.lo, latest))
            self.expected_expiry = max(self.expected_expiry, (extend.lo + extend.hi) // 2 + span)

    def _possible(self, hall: Hall, doubt: Doubt, booked: Op | None, cancel_hi: int) -> Iterator[Interval]:
        begin = min(self.places[0].lo, self.not_before) if self.places else None
        may_be_booked = booked is not None or (
            not self.is_booking_lost and any(op.st == "info" for op in self.books)
        )
        if may_be_booked:
            first = min(op.lo for op in self.books if op.st != "fail")
            yield (first if begin is None or not self.is_single_life else begin), cancel_hi
        release_hi = min((op.hi for op in self.releases), default=FOREVER)
        for place in self.places:
            if place.st == "ok":
                span = span_of(place, hall)
                end = place.hi + span + RETURN
                end += doubt.late(place.lo, end)
                if self.is_single_life:
                    end = max(end, self.latest_expiry + RETURN)
                yield min(place.lo, self.not_before), min(end, release_hi)
            elif place.st == "info":
                yield place.lo, FOREVER

    def is_definite_over(self, start: int, end: int) -> bool:
        return any(begin <= start and end < stop for begin, stop in self.definite)

    def is_possible_within(self, start: int, end: int) -> bool:
        return any(begin <= end and stop >= start for begin, stop in self.possible)


def span_of(place: Op, hall: Hall) -> int:
    """Return the hold's lifetime in nanoseconds, from its answer or else from its request."""
    placed, expires = place.out.get("placed_at"), place.out.get("expires_at")
    if placed is not None and expires is not None:
        return int(expires - placed) * 1_000
    return seconds(place.given.get("ttl") or hall.hold_ttl)


def requested_of(lines: Iterable[dict[str, Any]]) -> int:
    return sum(_line_quantity(line) for line in lines)


def _line_quantity(line: dict[str, Any]) -> int:
    return len(line["seats"]) if line.get("seats") else int(line.get("quantity") or line.get("best") or 0)


def seconds(count: float) -> int:
    return int(count * SECOND)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return non-empty intervals in order, with adjacent ones joined."""
    kept: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if kept and start <= kept[-1][1]:
            if end > kept[-1][1]:
                kept[-1] = (kept[-1][0], end)
        else:
            kept.append((start, end))
    return kept


def _lo(op: Op) -> int:
    return op.lo


def _hi(op: Op) -> int:
    return op.hi
