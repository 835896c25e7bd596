"""Changed bookings: a booking that returns a part, or exchanges it, is a row of claims that follow each other.

Each phase has its own admissions. The phase before ends when the change begins, as by a cancellation, and the next one
begins with the answer. A change without an answer excuses what the final state shows, and accuses nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from proof.checker.claims import Claim, requested_of
from proof.checker.verdict import Report
from proof.history import FOREVER, Hall, Op

__all__ = ["CHANGES", "check_changes", "follow_change"]

CHANGES = ("reduce", "exchange")


def follow_change(claim: Claim, op: Op, hall: Hall, row: dict[str, Any] | None) -> Claim | None:
    """End the present phase of a booking, and return what is claimed next.

    `row`: the booking in the final state, which shows what a change without an answer did.
    """
    if op.st == "fail":
        return None
    claim.cancels.append(op)
    claim.changed_by = op
    found = op.out if op.st == "ok" else (row or {})
    after = Claim(claim.id if op.st == "ok" else None, claim.event, claim.user)
    after.buyer = claim.buyer
    after.seats = tuple(found.get("seats") or ())
    areas = found.get("areas") or {}
    after.areas = {name: count for name, count in areas.items() if name in hall.areas}
    if op.st == "ok":
        after.books = [op]
        claim.next = after
    else:
        after.possible = [(op.lo, FOREVER)]
    return after


def check_changes(claims: Iterable[Claim], report: Report) -> None:
    """C1: a booking keeps what it did not return, and has nothing else but what was asked for."""
    for claim in claims:
        if claim.next is not None and claim.changed_by is not None:
            _check(claim, claim.changed_by, claim.next, report)


def _check(before: Claim, op: Op, after: Claim, report: Report) -> None:
    returns = op.given["returns"]
    returned = {label for line in returns for label in line.get("seats") or ()}
    lines = op.given.get("lines") or []
    named = {label for line in lines for label in line.get("seats") or ()}
    kept, seats = set(before.seats) - returned, set(after.seats)
    new = seats - kept
    had, has = _size(before), _size(after)
    expected = had - (requested_of(returns) if op.f == "reduce" else 0)
    if len(seats) < len(after.seats):
        report.accuse("C1", before.event, "the changed booking has one seat twice", before.op, op)
    elif has != expected:
        detail = f"the changed booking has {has} admissions; it had {had}, and {expected} were to be left"
        report.accuse("C1", before.event, detail, before.op, op)
    elif not kept <= seats:
        report.accuse("C1", before.event, "the booking lost seats that it did not return", before.op, op)
    elif op.f == "reduce" and new:
        report.accuse("C1", before.event, "a partial cancel gave the booking a seat", before.op, op)
    elif not named <= seats:
        report.accuse("C1", before.event, "the exchanged booking lacks seats that were named", before.op, op)
    elif len(lines) == 1 and named and new - named:
        report.accuse("C1", before.event, "the exchanged booking has seats that nobody named", before.op, op)
    for name in before.areas.keys() | after.areas.keys():
        left = before.areas.get(name, 0) - _of_area(returns, name) + _of_area(lines, name)
        if after.areas.get(name, 0) != left:
            detail = (
                f"the changed booking has {after.areas.get(name, 0)} of {name}, and {left} were to be left"
            )
            report.accuse("C1", before.event, detail, before.op, op)


def _size(claim: Claim) -> int:
    return len(claim.seats) + sum(claim.areas.values())


def _of_area(lines: Iterable[dict[str, Any]], name: str) -> int:
    return sum(line["quantity"] for line in lines if line.get("area") == name)
