"""C1 and C2: no seat has two owners at once, no area exceeds its capacity, and each answer about a hold stays true."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from proof.checker.claims import REUSING, Claim, requested_of
from proof.checker.ledger import Ledger
from proof.checker.verdict import Report
from proof.history import Op

__all__ = ["check_areas", "check_holds", "check_limits", "check_seats"]


def check_seats(ledger: Ledger, report: Report) -> None:
    """C1: the answers to two buyers never give them the same seat at the same moment."""
    by_seat: dict[tuple[str, str], list[tuple[int, int, Claim]]] = defaultdict(list)
    for claim in ledger.claims:
        for label in claim.seats:
            entries = by_seat[claim.event, label]
            entries.extend((start, end, claim) for start, end in claim.definite)
    for (event, label), entries in by_seat.items():
        entries.sort(key=_start)
        until, owner = -1, None
        for start, end, claim in entries:
            if owner is not None and start < until and claim is not owner:
                report.accuse(
                    "C1",
                    event,
                    f"seat {label} had two owners from {start} on, for {(min(end, until) - start) / 1e9:.3f} s",
                    *_answers_about(owner),
                    *_answers_about(claim),
                )
            if end > until:
                until, owner = end, claim


def check_areas(ledger: Ledger, report: Report) -> None:
    """C2: holds and sales of an area never exceed its capacity."""
    by_area: dict[tuple[str, str], list[tuple[int, int, Claim]]] = defaultdict(list)
    for claim in ledger.claims:
        for name, quantity in claim.areas.items():
            changes = by_area[claim.event, name]
            for start, end in claim.definite:
                changes.append((start, quantity, claim))
                changes.append((end, -quantity, claim))
    for (event, name), changes in by_area.items():
        if ledger.turns.get(event, frozenset()) & {"capacity", "seats_added"}:
            continue
        capacity = ledger.history.halls[event].areas[name]
        taken = 0
        for moment, quantity, claim in sorted(changes, key=lambda change: change[:2]):
            taken += quantity
            if quantity > 0 and taken > capacity:
                detail = f"area {name} had {taken} of {capacity} admissions taken at {moment}"
                report.accuse("C2", event, detail, *_answers_about(claim))
                break


def check_limits(ledger: Ledger, report: Report) -> None:
    """C2: no buyer exceeds the event's limit per buyer."""
    limited = {
        event: int(hall.limits["max_per_buyer"])
        for event, hall in ledger.history.halls.items()
        if hall.limits.get("max_per_buyer")
    }
    by_buyer: dict[tuple[str, str], list[tuple[int, int, Claim]]] = defaultdict(list)
    for claim in ledger.claims:
        buyer = claim.op and claim.op.given.get("buyer")
        if buyer and claim.event in limited and claim.is_single_life:
            quantity = len(claim.seats) + sum(claim.areas.values())
            for start, end in claim.definite:
                by_buyer[claim.event, buyer].append((start, quantity, claim))
                by_buyer[claim.event, buyer].append((end, -quantity, claim))
    for (event, buyer), changes in by_buyer.items():
        has = 0
        for moment, quantity, claim in sorted(changes, key=lambda change: change[:2]):
            has += quantity
            if quantity > 0 and has > limited[event]:
                detail = f"buyer {buyer} had {has} admissions at {moment}; {limited[event]} are allowed"
                report.accuse("C2", event, detail, claim.op)
                break


def check_holds(ledger: Ledger, report: Report) -> None:
    """C1: a hold matches its request, and is booked whole, in time, and by its owner."""
    for op in ledger.history.ops["hold"]:
        if op.st == "ok":
            _check_content(ledger, report, op)
    for claim in ledger.claims:
        _check_booking(claim, report)


def _check_content(ledger: Ledger, report: Report, op: Op) -> None:
    hall, answered = ledger.history.halls[op.event], op.out
    if answered.get("event") not in (None, op.event):
        report.accuse("C1", op.event, f"the hold is of another event, {answered['event']}", op)
    if answered.get("seats") is None and answered.get("areas") is None:
        return
    seats: list[str] = answered.get("seats") or []
    counted = sum(count for name, count in (answered.get("areas") or {}).items() if name in hall.areas)
    lines = op.given["lines"]
    named = {label for line in lines for label in line.get("seats") or ()}
    requested, got = requested_of(lines), len(seats) + counted
    if len(set(seats)) < len(seats):
        report.accuse("C1", op.event, "the hold has one seat twice", op)
    if not set(seats) <= hall.bit_of.keys():
        report.accuse("C1", op.event, "the hold has a seat that the event does not have", op)
    if any(hall.tables.get(seat, 0) & ~hall.mask_of(seats) for seat in seats):
        report.accuse("C1", op.event, "the hold has a part of a table that is sold whole", op)
    is_partial = op.given.get("partial")
    if got > requested or got == 0 or (got < requested and not is_partial):
        report.accuse("C1", op.event, f"{requested} admissions were requested, and {got} held", op)
    elif not is_partial and not named <= set(seats):
        report.accuse("C1", op.event, "the hold lacks seats that were named", op)
    elif len(lines) == 1 and named and not set(seats) <= named:
        report.accuse("C1", op.event, "the hold has other seats than were named", op)
    elif len(lines) == 1 and lines[0].get("best"):
        line = lines[0]
        if line.get("category") and any(hall.category_of.get(seat) != line["category"] for seat in seats):
            report.accuse("C1", op.event, "the best available are of another category", op)
        if not line.get("accessible") and hall.mask_of(seats) & hall.kept:
            report.accuse("C1", op.event, "a general party got a place that is kept for wheelchairs", op)
        if line.get("accessible") and not is_partial and not hall.mask_of(seats) & hall.wheelchairs:
            report.accuse("C1", op.event, "the best available have no wheelchair place", op)
        if line.get("together", True) and not _are_together(sorted(hall.bit_of.get(s, -9) for s in seats)):
            report.accuse("C1", op.event, "the best available are not together", op)
    limit = hall.limits.get("max_per_hold")
    if limit and requested > limit and op.via not in REUSING:
        report.accuse("C2", op.event, f"{requested} were requested; one hold may have {limit}", op)


def _are_together(bits: list[int]) -> bool:
    return bool(bits) and bits[-1] - bits[0] == len(bits) - 1


def _has_one(phases: Iterable[Claim], seats: set[str]) -> bool:
    return any(seats == set(phase.seats) for phase in phases)


def _check_booking(claim: Claim, report: Report) -> None:
    done = [op for op in claim.books if op.st == "ok"]
    if not done:
        return
    first = done[0]
    for op in done:
        if op.out.get("booking") != first.out.get("booking") and claim.is_single_life:
            report.accuse("C1", claim.event, "one hold became two bookings", first, op)
        phases = claim.phases_until(op.hi)  # a later confirmation shows what the booking has by then
        seats = op.out.get("seats")
        if seats is not None and claim.places and phases and not _has_one(phases, set(seats)):
            report.accuse("C1", claim.event, "the booking has other seats than its hold", claim.op, op)
        areas = {name: n for name, n in (op.out.get("areas") or {}).items() if name in claim.areas}
        if areas and claim.places and phases and all(areas != phase.areas for phase in phases):
            report.accuse("C1", claim.event, "the booking has other quantities than its hold", claim.op, op)
        if op.user != claim.user and claim.places:
            report.accuse("C1", claim.event, f"{op.user} confirmed the hold of {claim.user}", claim.op, op)
        confirmed_at, until = op.out.get("confirmed_at"), _last_expiry(claim)
        if confirmed_at is not None and until is not None and confirmed_at >= until:
            report.accuse("C1", claim.event, "it was confirmed after its own expiry", claim.op, op)
    if claim.places and min(op.lo for op in claim.books if op.st != "fail") > claim.latest_expiry:
        report.accuse(
            "C1",
            claim.event,
            "a hold was booked after its expiry; nobody requested it in time",
            claim.op,
            first,
        )
    released = next((op for op in claim.releases if op.st == "ok" and op.via not in REUSING), None)
    if released is not None and claim.is_single_life and not any(op.st != "fail" for op in claim.cancels):
        report.accuse("C1", claim.event, "one hold was both booked and released", first, released)


def _last_expiry(claim: Claim) -> int | None:
    """Return the last expiry in the answers; None if an unanswered request may have moved it, or if no answer
    has it."""
    if any(op.st == "info" for op in claim.extends) or not claim.is_single_life:
        return None
    answered = [op.out.get("expires_at") for op in [*claim.places, *claim.extends] if op.st == "ok"]
    return None if not answered or None in answered else max(each for each in answered if each is not None)


def _answers_about(claim: Claim) -> list[Op]:
    booked = claim.booked
    placed = next((op for op in claim.places if op.st == "ok"), None)
    return [op for op in (placed, booked) if op is not None]


def _start(entry: tuple[int, int, Claim]) -> int:
    return entry[0]
