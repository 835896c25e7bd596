"""C3: others' possible claims or acts explain each refusal.

Possible intervals include X, so this also checks that expired admissions are on sale again.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from proof.checker.claims import Claim, requested_of
from proof.checker.ledger import Ledger
from proof.checker.steps import Highest, Intervals
from proof.checker.sweep import sweep_possible
from proof.checker.verdict import Report
from proof.history import KEYED, Hall, Op

__all__ = ["check_acts", "check_refusals"]

MAX_SEATS_PER_HOLD = 500

OF_THE_EVENT = {
    "event_cancelled": {"event_cancelled"},
    "sales_stopped": {"stopped", "changed"},
    "event_not_on_sale": {"changed", "event_cancelled", "published"},
    "event_not_found": frozenset[str](),
}
"""Refusals caused by the event itself, and the changes of the event that explain them."""

WANT = frozenset({"seat_taken", "seat_blocked", "sold_out", "not_together"})


class Explanations:
    """The possible claims, indexed for the refused holds."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        seats: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        areas: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        buyers: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        limited = {event for event, hall in ledger.history.halls.items() if hall.limits.get("max_per_buyer")}
        for claim in (*ledger.claims, *ledger.excuses):
            for label in claim.seats:
                seats[claim.event, label].extend(claim.possible)
            for name, quantity in claim.areas.items():
                _add_changes(areas[claim.event, name], claim, quantity)
            if claim.event in limited:
                _add_changes(
                    buyers[claim.event, claim.buyer], claim, len(claim.seats) + sum(claim.areas.values())
                )
        self._seats = {where: Intervals(intervals) for where, intervals in seats.items()}
        self._areas = {where: Highest(changes) for where, changes in areas.items()}
        self._buyers = {who: Highest(changes) for who, changes in buyers.items()}

    def may_have_been_taken(self, event: str, label: str, start: int, end: int) -> bool:
        intervals = self._seats.get((event, label))
        return (intervals is not None and intervals.meet(start, end)) or (
            label in self._ledger.blocked.get(event, ())
        )

    def max_taken(self, event: str, area: str, start: int, end: int) -> int:
        steps = self._areas.get((event, area))
        blocked = self._ledger.blocked_areas.get(event, {}).get(area, 0)
        return blocked + (0 if steps is None else steps.within(start, end))

    def max_bought(self, event: str, buyer: str, start: int, end: int) -> int:
        steps = self._buyers.get((event, buyer))
        return 0 if steps is None else steps.within(start, end)


def check_refusals(ledger: Ledger, report: Report) -> None:
    """Check refused holds and instant bookings."""
    known = Explanations(ledger)
    to_sweep: dict[str, list[tuple[Op, list[dict[str, Any]]]]] = defaultdict(list)
    for f in ("hold", "instant", "exchange"):
        for op in ledger.history.ops[f]:
            if op.st != "fail" or op.code is None:
                continue
            if op.code in WANT:
                lines = _unexplained(ledger, known, op)
                if lines is None:
                    continue
                if any("best" in line for line in lines):
                    to_sweep[op.event].append((op, lines))
                else:
                    _accuse(report, op)
            elif op.code in OF_THE_EVENT:
                if not ledger.turns.get(op.event, frozenset()) & OF_THE_EVENT[op.code]:
                    _accuse(report, op)
            elif op.code == "quantity_over_limit":
                if not _is_over_limit(ledger, known, op):
                    _accuse(report, op)
            elif op.code in ("seat_unknown", "area_unknown") and _is_all_known(ledger, op):
                _accuse(report, op)
    for event, refused in to_sweep.items():
        _sweep(ledger, report, event, refused)


def _unexplained(ledger: Ledger, known: Explanations, op: Op) -> list[dict[str, Any]] | None:
    """Return the lines that nothing explains; None if the refusal is explained.

    One unavailable line refuses an all-or-nothing hold. Partial fulfilment is refused only if no line gets
    anything. Lines of the best available are returned, because they must be examined in time order.
    """
    hall, event = ledger.history.halls[op.event], op.event
    lines: list[dict[str, Any]] = op.given.get("lines") or [{"quantity": op.given["quantity"]}]
    start, end = op.lo, op.ret
    turns = ledger.turns.get(event, frozenset[str]())
    if turns & {"capacity", "seats_added"}:
        return None
    if op.f == "instant":  # its format has one refusal for all reasons
        limited = hall.limits.get("max_per_hold") or hall.limits.get("max_per_buyer")
        if limited or turns & {"stopped", "event_cancelled"}:
            return None
    partial = bool(op.given.get("partial"))
    total = requested_of(lines)
    left: list[dict[str, Any]] = []
    for line in lines:
        labels = line.get("seats")
        if labels:
            taken = _taken_units(hall, known, op, labels)
            explained = all(taken) if partial else any(taken)
        elif line.get("best"):
            if line.get("accessible") and line["best"] > 1:
                # A place may lack its companion seat, or its neighbours. Only single places are examined.
                if not partial:
                    return None
                continue
            left.append(line)
            continue
        else:
            name = line.get("area") or (next(iter(hall.areas)) if len(hall.areas) == 1 else None)
            if name is None:  # quantity of a seated event: the best available, not together
                left.append({"best": line["quantity"], "category": None, "together": False})
                continue
            wanted = 1 if partial else sum(one.get("quantity") or 0 for one in lines)
            explained = known.max_taken(event, name, start, end) > hall.areas.get(name, 0) - wanted
        if explained and not partial:
            return None
        if not explained and partial:
            return [line]
    if partial:
        return [{**line, "best": 1} for line in left] or None
    if not left:
        return lines
    # Other lines of the same hold also reduce the choice.
    return [{**line, "best": total if len(lines) > 1 else line["best"]} for line in left]


def _taken_units(hall: Hall, known: Explanations, op: Op, labels: list[str]) -> list[bool]:
    """Return for each seat, and for each table that is sold whole, whether a part of it may have been taken."""
    units: dict[int, list[str]] = defaultdict(list)
    for label in labels:
        units[hall.tables.get(label) or hall.mask_of((label,))].append(label)
    # Another line of the request may name the rest of a table: then this line alone gets nothing of it.
    return [
        any(known.may_have_been_taken(op.event, label, op.lo, op.ret) for label in unit)
        or hall.mask_of(unit) != mask
        for mask, unit in units.items()
    ]


def _sweep(
    ledger: Ledger, report: Report, event: str, refused: list[tuple[Op, list[dict[str, Any]]]]
) -> None:
    """Examine refusals of the best available: accuse if enough seats were certainly free."""
    hall = ledger.history.halls[event]
    refused.sort(key=lambda one: one[0].lo)
    possible = sweep_possible(ledger, event)
    for op, lines in refused:
        free = hall.all_seats & ~possible.sometime(op.lo, op.ret)
        several = len(op.given.get("lines") or ()) > 1 and not op.given.get("partial")
        unexplained = []
        for line in lines:
            category = line.get("category")
            pool = free & (hall.wheelchairs if line.get("accessible") else hall.for_everyone)
            if category:
                pool &= hall.categories.get(category, 0)
            if line.get("together", True) and op.code != "sold_out":
                # Other lines may cut every run of seats: then only the number of seats counts.
                unexplained.append(not several and _has_run(pool, line["best"]))
            else:
                unexplained.append(pool.bit_count() >= line["best"])
        if any(unexplained) if op.given.get("partial") else all(unexplained):
            _accuse(report, op)


def _has_run(free: int, length: int) -> bool:
    for _ in range(length - 1):
        free &= free >> 1
    return free != 0


def _is_over_limit(ledger: Ledger, known: Explanations, op: Op) -> bool:
    limits = ledger.history.halls[op.event].limits
    total = requested_of(op.given.get("lines") or [op.given])
    if total > min(limits.get("max_per_hold") or MAX_SEATS_PER_HOLD, MAX_SEATS_PER_HOLD):
        return True
    limit = int(limits.get("max_per_buyer") or 0)
    buyer = op.given.get("buyer") or op.user
    return limit > 0 and known.max_bought(op.event, buyer, op.lo, op.ret) + total > limit


def _is_all_known(ledger: Ledger, op: Op) -> bool:
    hall = ledger.history.halls[op.event]
    return all(
        set(line.get("seats") or ()) <= hall.bit_of.keys()
        and (line.get("area") is None or line["area"] in hall.areas)
        and (not line.get("category") or line["category"] in hall.categories)
        and (not line.get("best") or bool(hall.bit_of))
        for line in op.given.get("lines") or ()
    )


def check_acts(ledger: Ledger, report: Report) -> None:
    """Check that refusals of operations on holds and bookings have a possible cause."""
    for f in ("extend", "release", "book", "cancel"):
        for op in ledger.history.ops[f]:
            if op.st != "fail" or op.code is None:
                continue
            claim = ledger.claim_of(op)
            if claim is None or not claim.is_single_life or not _is_own(claim, op):
                continue
            reason = _contradiction(ledger, claim, op)
            if reason is not None:
                report.accuse("C3", claim.event, f"{op.code}, but {reason}", claim.op, claim.booked, op)


def _is_own(claim: Claim, op: Op) -> bool:
    """Return True if the owner acted, after an answer about the hold."""
    answered = (
        claim.booked if op.f == "cancel" else next((one for one in claim.places if one.st == "ok"), None)
    )
    return answered is not None and answered.hi <= op.lo and op.user == claim.user


def _contradiction(ledger: Ledger, claim: Claim, op: Op) -> str | None:
    def possible(ops: list[Op]) -> bool:
        return any(one is not op and one.st != "fail" and one.lo <= op.ret for one in ops)

    turns = ledger.turns.get(claim.event, frozenset[str]())
    if "event_cancelled" in turns:
        return None
    ended = op.via not in KEYED and op.code in ("hold_expired", "hold_released", "hold_not_found")
    match op.code:
        case _ if ended:
            is_live = claim.is_definite_over(op.lo, op.ret)
            return "it was live all that time" if is_live else None
        case "hold_expired":
            is_live = claim.is_definite_over(op.lo, op.ret)
            return "it was live all that time" if is_live else None
        case "hold_released":
            return None if possible(claim.releases) else "nobody requested its release"
        case "hold_already_confirmed":
            return None if possible(claim.books) else "nobody requested its confirmation"
        case "booking_already_cancelled":
            return None if possible(claim.cancels) else "nobody requested its cancellation"
        case "hold_not_found" | "booking_not_found":
            return "its owner had received it"
        case "sales_stopped":
            return None if "stopped" in turns else "nobody stopped sales"
        case "event_cancelled" | "event_not_found":
            return "the event was on sale"
    return None


def _accuse(report: Report, op: Op) -> None:
    report.accuse("C3", op.event, f"{op.code}, and nobody can have had the requested admissions", op)


def _add_changes(changes: list[tuple[int, int]], claim: Claim, quantity: int) -> None:
    for start, end in claim.possible:
        changes.append((start, quantity))
        changes.append((end + 1, -quantity))
