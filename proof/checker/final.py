"""C4: the final state has all that was acknowledged and nothing that nobody requested, and is consistent."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from proof.checker.claims import Claim
from proof.checker.clock import RETURN, microseconds
from proof.checker.ledger import Ledger
from proof.checker.orphans import Orphan
from proof.checker.verdict import Report
from proof.history import KEYED, Op

__all__ = ["check_final"]

Row = dict[str, Any]


def check_final(ledger: Ledger, report: Report) -> None:
    dump = ledger.history.dump or {}
    if not ledger.has_final_state:
        report.accuse("C4", "", "the run has no final state")
        return
    bookings: dict[str, Row] = {row["hold"]: row for row in dump["sql"]["bookings"]}
    holds: dict[str, Row] = {row["id"]: row for row in dump["sql"]["holds"]}
    _check_acknowledged(ledger, report, holds, bookings)
    _check_phantoms(ledger, report, bookings)
    _check_scarcity(ledger, report, holds, bookings)
    if dump.get("api"):
        _compare_views(ledger, report, dump["api"], holds, bookings)


def _check_acknowledged(
    ledger: Ledger, report: Report, holds: dict[str, Row], bookings: dict[str, Row]
) -> None:
    ids = {row["id"]: row for row in bookings.values()}
    for claim in ledger.claims:
        booked = claim.booked
        placed = next((op for op in claim.places if op.st == "ok"), None)
        if claim.id is not None and placed is not None and claim.id not in holds:
            report.accuse("C4", claim.event, "an acknowledged hold is missing", placed)
            continue
        if claim.id is not None and claim.id in holds:
            _compare_hold(ledger, report, claim, holds[claim.id], placed)
        if booked is None:
            continue
        booking = booked.out.get("booking")
        row = ids.get(booking) if booking else bookings.get(claim.id or "")
        if row is None:
            if booking or claim.id:
                report.accuse("C4", claim.event, "an acknowledged booking is missing", booked)
            continue
        if claim.id is not None and row["hold"] != claim.id:
            report.accuse("C4", claim.event, f"the booking is of another hold, {row['hold']}", booked)
        _compare_booking(report, claim, row, booked)
    _check_unnamed(ledger, report)


def _compare_hold(ledger: Ledger, report: Report, claim: Claim, row: Row, placed: Op | None) -> None:
    if placed is None:
        return
    released = next((op for op in claim.releases if op.st == "ok"), None)
    if (
        row["status"] == "active"
        and released is not None
        and released.out.get("status") in (None, "released")
    ):
        report.accuse("C4", claim.event, "an acknowledged release was forgotten", released)
    is_event_cancelled = "event_cancelled" in ledger.turns.get(claim.event, ())
    is_requested = is_event_cancelled or any(op.st != "fail" for op in claim.releases)
    if row["status"] == "released" and not is_requested:
        report.accuse("C4", claim.event, "the hold was released without a request", placed)
    seats = row.get("seats")
    if claim.changed_by is None and seats is not None and set(seats) != set(claim.seats):
        report.accuse("C4", claim.event, f"the hold's row has the seats {seats}", placed)
    until = row.get("expires_at")
    reported = [op.out.get("expires_at") for op in [*claim.places, *claim.extends] if op.st == "ok"]
    known = [each for each in reported if each is not None]
    if until is not None and known and microseconds(until) < max(known):
        report.accuse(
            "C4", claim.event, f"the hold's row expires at {until}, earlier than an answer said", placed
        )


def _compare_booking(report: Report, claim: Claim, row: Row, booked: Op) -> None:
    """Compare the last known phase of a booking with its row."""
    if claim.changed_by is not None:
        return
    if row.get("seats") is not None and set(row["seats"]) != set(claim.seats):
        report.accuse("C4", claim.event, f"the booking's row has the seats {row['seats']}", booked)
    areas = row.get("areas")
    if areas is not None:
        counted = {name: count for name, count in areas.items() if name in claim.areas or not claim.seats}
        if counted != claim.areas:
            report.accuse("C4", claim.event, f"the booking's row has the quantities {areas}", booked)
    cancelled = next((op for op in claim.cancels if op.st == "ok"), None)
    if row["status"] == "confirmed" and cancelled is not None:
        report.accuse("C4", claim.event, "an acknowledged cancellation was forgotten", cancelled)
    if row["status"] == "cancelled" and not any(op.st != "fail" for op in claim.cancels):
        report.accuse("C4", claim.event, "the booking was cancelled without a request", booked)
    confirmed_at = booked.out.get("confirmed_at")
    at = row.get("confirmed_at")
    if confirmed_at is not None and at is not None and microseconds(at) != confirmed_at:
        report.accuse("C4", claim.event, f"the booking's row was confirmed at {at}", booked)


def _check_unnamed(ledger: Ledger, report: Report) -> None:
    """Check bookings whose formats return no ids by their seats and buyers."""
    matched = {id(orphan.op) for orphan in ledger.orphans if orphan.booking is not None}
    by_seat: dict[tuple[str, str], set[str]] = defaultdict(set)
    for orphan in ledger.orphans:
        if orphan.booking is not None:
            for label in orphan.seats:
                by_seat[orphan.event, label].add(orphan.hold.get("buyer") or "")
    for claim in ledger.claims:
        if claim.id is not None or claim.booked is None:
            continue
        if claim.booked.f == "instant":
            is_there = id(claim.booked) in matched
        else:
            buyers = by_seat.get((claim.event, claim.seats[0]), set()) if claim.seats else set()
            is_there = claim.buyer in buyers
        if not is_there:
            report.accuse("C4", claim.event, "an acknowledged booking is missing", claim.booked)


def _check_phantoms(ledger: Ledger, report: Report, bookings: dict[str, Row]) -> None:
    """Accuse rows that nobody requested, and second rows of one request."""
    twice = any("dup" in fault.name for fault in ledger.history.faults)
    orphans = {orphan.hold["id"]: orphan for orphan in ledger.orphans}
    for orphan in ledger.orphans:
        if (
            orphan.op is None
            and _unseen_claim(ledger, orphan) is None
            and orphan.event in ledger.history.halls
        ):
            report.accuse(
                "C4",
                orphan.event,
                f"nobody requested hold {orphan.hold['id']}, or it is the second of one request",
                lines=[f"dump: {orphan.hold}"],
            )
    for hold, row in bookings.items():
        if row["event"] not in ledger.history.halls:
            continue
        claim = ledger.by_hold.get(hold)
        if claim is None and hold in orphans:
            op = orphans[hold].op
            claim = _unseen_claim(ledger, orphans[hold])
            if op is not None and op.f == "instant":
                continue
        if claim is None or not any(op.st != "fail" or (twice and op.via not in KEYED) for op in claim.books):
            placed = None if claim is None else claim.op
            detail = f"nobody requested booking {row['id']}"
            report.accuse("C4", row["event"], detail, placed, lines=[f"dump: {row}"])


def _unseen_claim(ledger: Ledger, orphan: Orphan) -> Claim | None:
    buyer = orphan.hold.get("buyer")
    if len(orphan.seats) != 1 or buyer is None:
        return None
    return ledger.unseen_claim(orphan.event, buyer, orphan.seats[0])


def _check_scarcity(ledger: Ledger, report: Report, holds: dict[str, Row], bookings: dict[str, Row]) -> None:
    """Check C1 and C2 on the rows themselves."""
    server_time = (ledger.history.dump or {}).get("server_time")
    owner: dict[tuple[str, str], str] = {}
    taken: dict[tuple[str, str], int] = defaultdict(int)
    for id, hold in holds.items():
        event = hold["event"]
        hall = ledger.history.halls.get(event)
        booking = bookings.get(id)
        is_live = booking is not None and booking["status"] == "confirmed"
        if hold["status"] == "active" and server_time is not None and hold.get("expires_at") is not None:
            is_live = microseconds(hold["expires_at"]) > microseconds(server_time)
        if hall is None or not is_live:
            continue
        row = booking if booking is not None and booking.get("seats") is not None else hold
        for label in row.get("seats") or ():
            other = owner.setdefault((event, label), id)
            if other != id:
                report.accuse("C4", event, f"in the end seat {label} belongs to {other} and to {id}")
        for name, count in (row.get("areas") or {}).items():
            if name in hall.areas:
                taken[event, name] += count
    for (event, name), count in taken.items():
        capacity = ledger.history.halls[event].areas[name]
        if count > capacity and "capacity" not in ledger.turns.get(event, ()):
            report.accuse("C4", event, f"in the end {count} of {capacity} admissions of {name} are taken")


def _compare_views(
    ledger: Ledger, report: Report, api: Row, holds: dict[str, Row], bookings: dict[str, Row]
) -> None:
    """Accuse differences between the API and the rows."""
    if api.get("bookings") is not None:
        reported = {row["id"]: row for row in api["bookings"]}
        rows = {row["id"]: row for row in bookings.values()}
        for id in reported.keys() ^ rows.keys():
            where = "the API" if id in reported else "the rows"
            report.accuse("C4", (reported.get(id) or rows[id])["event"], f"only {where} know booking {id}")
        for id in reported.keys() & rows.keys():
            for name in ("status", "hold", "seats"):
                one, other = reported[id].get(name), rows[id].get(name)
                if name == "seats" and one is not None and other is not None:
                    one, other = sorted(one), sorted(other)
                if one is not None and other is not None and one != other:
                    report.accuse("C4", rows[id]["event"], f"booking {id}: {name} {one} and {other}")
    _compare_holds(ledger, report, api, holds)
    _compare_availability(ledger, report, api)


def _compare_holds(ledger: Ledger, report: Report, api: Row, holds: dict[str, Row]) -> None:
    server_time = (ledger.history.dump or {}).get("server_time")
    for reported in api.get("holds") or ():
        row = holds.get(reported["id"])
        if row is None:
            report.accuse("C4", reported["event"], f"the API knows hold {reported['id']}, the rows do not")
        elif reported.get("status", "active") == "active":
            if row["status"] != "active":
                report.accuse(
                    "C4", reported["event"], f"hold {reported['id']} reads as active, and is {row['status']}"
                )
            until = row.get("expires_at")
            if server_time is not None and until is not None:
                late = microseconds(server_time) - microseconds(until)
                if late > RETURN // 1_000:
                    detail = f"hold {reported['id']} reads as active {late / 1e6:.3f} s after its expiry"
                    report.accuse("C4", reported["event"], detail)


def _compare_availability(ledger: Ledger, report: Report, api: Row) -> None:
    """Compare counters. `held` may be lower in the API, because a hold may lapse between the two reads."""
    sql = (ledger.history.dump or {}).get("sql") or {}
    rows: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTERS, 0))
    for area in sql.get("areas") or ():
        for name in COUNTERS:
            rows[area["event"]][name] += area[name]
    for event, reported in (api.get("availability") or {}).items():
        if event not in rows:
            continue
        row = rows[event]
        if sum(reported[name] for name in ("available", "held", "booked", "blocked")) != row["capacity"]:
            report.accuse("C4", event, f"availability {reported} does not add up to {row['capacity']}")
        is_same = (reported["booked"], reported["blocked"]) == (row["booked"], row["blocked"])
        if not is_same or reported["held"] > row["held"]:
            report.accuse("C4", event, f"availability {reported}, and the rows say {row}")


COUNTERS = ("capacity", "held", "booked", "blocked")
