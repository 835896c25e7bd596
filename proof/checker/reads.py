"""C7: a read shows a state that existed during the read, and none older than an earlier read showed."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import Any

from proof.checker.claims import Claim
from proof.checker.ledger import Ledger
from proof.checker.steps import Highest, Lowest
from proof.checker.sweep import Sweep, sweep_booked, sweep_definite, sweep_possible
from proof.checker.verdict import Report
from proof.history import Read

__all__ = ["check_reads"]

MOVED = frozenset({"capacity", "seats_added", "event_cancelled"})
"""Changes of an event after which its setup cannot judge its reads."""


def check_reads(ledger: Ledger, report: Report) -> None:
    of_event: dict[str, list[Read]] = defaultdict(list)
    for read in ledger.history.reads:
        of_event[read.event].append(read)
    for event, reads in of_event.items():
        _check_versions(report, event, sorted(reads, key=lambda read: read.hi))
        if ledger.turns.get(event, frozenset()) & MOVED:
            continue
        views = _Views(ledger, event)
        for read in sorted(reads, key=lambda read: read.lo):
            out = read.out()
            if read.f == "read_availability":
                _check_counts(views, report, read, out)
            elif read.f == "read_seats":
                _check_seats(views, report, read, out)
            elif read.f == "read_booking":
                _check_booking(ledger, report, read, out)
            elif read.f == "read_hold":
                _check_hold(ledger, report, read, out)


def _check_versions(report: Report, event: str, reads: list[Read]) -> None:
    """Accuse a read of an older version than an earlier read returned. `reads` are in the order of their ends."""
    newest = _Newest()
    for read in reads:
        version = read.out().get("version")
        if version is None:
            continue
        older = newest.before(read.lo)
        if older is not None and version < older[0]:
            detail = f"a read returned version {version} after an earlier one returned {older[0]}"
            report.accuse("C7", event, detail, older[1], read)
        newest.add(read.hi, version, read)


class _Newest:
    """The highest version that earlier reads returned; reads come in the order of their ends."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._highest: list[tuple[int, Read]] = []

    def add(self, end: int, version: int, read: Read) -> None:
        if not self._highest or version > self._highest[-1][0]:
            self._ends.append(end)
            self._highest.append((version, read))

    def before(self, start: int) -> tuple[int, Read] | None:
        """Search from the newest: few reads overlap."""
        for at in range(len(self._ends) - 1, -1, -1):
            if self._ends[at] < start:
                return self._highest[at]
        return None


class _Views:
    """The definite and possible claims of one event; each view is computed when it is first needed."""

    def __init__(self, ledger: Ledger, event: str) -> None:
        self.hall = ledger.history.halls[event]
        self.claims = ledger.by_event.get(event, [])
        self.blocked_seats = ledger.blocked.get(event, set())
        self.blocked_areas = ledger.blocked_areas.get(event, {})
        self._ledger = ledger
        self._min_steps: dict[str, Lowest] = {}
        self._max_steps: dict[str, Highest] = {}

    @cached_property
    def possible(self) -> Sweep:
        return sweep_possible(self._ledger, self.hall.event)

    @cached_property
    def definite(self) -> Sweep:
        return sweep_definite(self._ledger, self.hall.event)

    @cached_property
    def booked(self) -> Sweep:
        return sweep_booked(self._ledger, self.hall.event)

    def min_taken(self, part: str, start: int, end: int) -> int:
        """Return the minimum taken of an area or a category, or of the whole event if `part` is empty."""
        steps = self._min_steps.get(part)
        if steps is None:
            changes = [
                change
                for claim in self.claims
                if (count := self._count(claim, part))
                for begin, stop in claim.definite
                for change in ((begin, count), (stop, -count))
            ]
            steps = self._min_steps[part] = Lowest(changes)
        return steps.within(start, end)

    def max_taken(self, part: str, start: int, end: int) -> int:
        steps = self._max_steps.get(part)
        if steps is None:
            changes = [
                change
                for claim in self.claims
                if (count := self._count(claim, part))
                for begin, stop in claim.possible
                for change in ((begin, count), (stop + 1, -count))
            ]
            steps = self._max_steps[part] = Highest(changes)
        return steps.within(start, end)

    def owner(self, label: str, start: int, end: int) -> Claim | None:
        """Return the claim that definitely had the seat all that time."""
        for claim in self.claims:
            if label in claim.seats and claim.is_definite_over(start, end):
                return claim
        return None

    def labels(self, seats: int) -> list[str]:
        return [label for label, bit in self.hall.bit_of.items() if seats >> bit & 1]

    def _count(self, claim: Claim, part: str) -> int:
        if not part:
            return len(claim.seats) + sum(claim.areas.values())
        if part in self.hall.areas:
            return claim.areas.get(part, 0)
        return sum(self.hall.category_of.get(label) == part for label in claim.seats)


def _check_counts(views: _Views, report: Report, read: Read, out: dict[str, Any]) -> None:
    reported: dict[str, dict[str, Any]] = {"": out, **(out.get("areas") or {})}
    for part, counts in reported.items():
        capacity = views.hall.capacity if not part else views.hall.part_capacity(part)
        available = counts.get("available")
        if available is None:
            continue
        where = part or "the event"
        rest = [counts.get(name) for name in ("held", "booked", "blocked")]
        if None not in rest and available + sum(each for each in rest if each is not None) != capacity:
            report.accuse("C7", read.event, f"the counts of {where} do not add up to {capacity}", read)
        min_taken = views.min_taken(part, read.lo, read.hi)
        if available > capacity - min_taken:
            detail = f"{available} of {where} read as available; of {capacity}, {min_taken} were taken all the time"
            report.accuse("C7", read.event, detail, read)
        blocked = sum(views.blocked_areas.values()) + len(views.blocked_seats)
        max_taken = views.max_taken(part, read.lo, read.hi) + blocked
        if available < capacity - max_taken:
            detail = (
                f"{available} of {where} read as available; of {capacity}, at most {max_taken} can be taken"
            )
            report.accuse("C7", read.event, detail, read)


def _check_seats(views: _Views, report: Report, read: Read, out: dict[str, Any]) -> None:
    reported: dict[str, int] = dict.fromkeys(("held", "booked", "blocked"), 0)
    for label, status in (out.get("taken") or {}).items():
        reported[status] |= 1 << views.hall.bit_of[label]
    taken = reported["held"] | reported["booked"]
    start, end = read.lo, read.hi
    for label in views.labels(views.definite.throughout(start, end) & ~taken):
        owner = views.owner(label, start, end)
        detail = f"seat {label} read as free; it was taken all the time"
        evidence = () if owner is None else (owner.op, owner.booked)
        report.accuse("C7", read.event, detail, *evidence, read)
    for label in views.labels(reported["held"] & views.booked.throughout(start, end)):
        report.accuse("C7", read.event, f"seat {label} read as held; it was booked all the time", read)
    for label in views.labels(taken & ~views.possible.sometime(start, end)):
        report.accuse("C7", read.event, f"seat {label} read as taken; nobody can have had it", read)
    for label in views.labels(reported["blocked"]):
        if label not in views.blocked_seats:
            report.accuse("C7", read.event, f"seat {label} read as blocked; it never was", read)


def _check_booking(ledger: Ledger, report: Report, read: Read, out: dict[str, Any]) -> None:
    id = out.get("booking") or read.given().get("booking")
    claim = ledger.by_booking.get(id) if id else None
    if claim is None:
        return
    status = out.get("status")
    if status == "cancelled" and not any(op.st != "fail" and op.lo <= read.hi for op in claim.cancels):
        report.accuse(
            "C7", read.event, "a booking read as cancelled; nobody had requested it", claim.op, read
        )
    if status == "confirmed" and any(op.hi <= read.lo for op in claim.cancels):
        done = next(op for op in claim.cancels if op.hi <= read.lo)
        report.accuse("C7", read.event, "a booking read as confirmed after its cancellation", done, read)


def _check_hold(ledger: Ledger, report: Report, read: Read, out: dict[str, Any]) -> None:
    id = out.get("hold") or read.given().get("hold")
    claim = ledger.by_hold.get(id) if id else None
    if claim is None or not claim.is_single_life:
        return
    booked, why = claim.booked, ""
    match out.get("status"):
        case "active":
            released = any(op.hi <= read.lo for op in claim.releases)
            if booked is not None and booked.hi <= read.lo:
                why = "a confirmed hold read as active"
            elif released or (claim.places and read.lo > claim.latest_expiry):
                why = "a hold read as active after its end"
        case "confirmed":
            if not any(op.st != "fail" and op.lo <= read.hi for op in claim.books):
                why = "a hold read as confirmed; nobody had requested it"
        case "released":
            if not any(op.st != "fail" and op.lo <= read.hi for op in claim.releases):
                why = "a hold read as released; nobody had requested it"
        case "expired":
            if claim.is_definite_over(read.lo, read.hi):
                why = "a live hold read as expired"
    if why:
        report.accuse("C7", read.event, why, claim.op, booked, read)
