"""Coverage: situations that a run must reach, so that a clean verdict means something."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import pairwise

from proof.checker.ledger import Ledger
from proof.checker.refusals import WANT
from proof.checker.rights import asks_by_class, callers_of
from proof.history import SECOND, Op

__all__ = ["FLOORS", "measure"]

FLOORS = {
    "holds_done_after_uncertainty": 1_000,
    "bookings_done_after_uncertainty": 500,
    "done_after_the_client_gave_up": 200,
    "bookings_around_expiry": 1_000,
    "releases_and_cancels_after_expiry": 500,
    "refused_holds": 100_000,
    "keys_used_at_once": 1_000,
    "refused_holds_of_several_seats": 5_000,
    "holds_of_whole_tables": 500,
    "holds_with_a_wheelchair_place": 500,
    "holds_through_pages": 5_000,
    "bookings_through_pages": 2_000,
    "asks_refused": 20_000,
    "asks_absent": 5_000,
    "asks_done": 20_000,
    "asks_after_a_revocation": 2_000,
    "bookings_reduced": 1_000,
    "bookings_exchanged": 1_000,
    "refused_exchanges": 500,
}
"""Per million operations; a run of another size must reach its share."""

AROUND = 50_000_000
BOOKED_SHARE = 0.05
STRETCH = 10 * SECOND
FEW = 20
"""With fewer confirmations in ten seconds, their success rate means nothing."""


def measure(ledger: Ledger) -> dict[str, tuple[int, int]]:
    """Return each situation with its count and its required count."""
    ops = ledger.history.ops
    size = sum(map(len, ops.values())) + len(ledger.history.reads)
    counted = {
        "holds_done_after_uncertainty": sum(op.st == "ok" and op.infos > 0 for op in ops["hold"]),
        "bookings_done_after_uncertainty": sum(op.st == "ok" and op.infos > 0 for op in ops["book"]),
        "done_after_the_client_gave_up": _given_up(ledger),
        "bookings_around_expiry": _around_expiry(ledger),
        "releases_and_cancels_after_expiry": _after_expiry(ledger),
        "refused_holds": sum(
            op.st == "fail" and op.code in WANT for f in ("hold", "instant") for op in ops[f]
        ),
        "keys_used_at_once": sum(_overlap(op) for op in ledger.history.changing()),
        "refused_holds_of_several_seats": sum(
            op.code == "seat_taken" and any(len(line.get("seats") or ()) > 1 for line in op.given["lines"])
            for op in ops["hold"]
        ),
        "holds_of_whole_tables": sum(
            op.st == "ok"
            and any(seat in ledger.history.halls[op.event].tables for seat in op.out.get("seats") or ())
            for op in ops["hold"]
        ),
        "holds_with_a_wheelchair_place": sum(
            op.st == "ok" and any(line.get("accessible") for line in op.given["lines"]) for op in ops["hold"]
        ),
        "bookings_reduced": sum(op.st == "ok" for op in ops["reduce"]),
        "bookings_exchanged": sum(op.st == "ok" for op in ops["exchange"]),
        "refused_exchanges": sum(op.st == "fail" and op.code in WANT for op in ops["exchange"]),
        **{
            f"{f}_through_pages": sum(op.st == "ok" and op.via == "pages" for op in ops[name])
            for f, name in (("holds", "hold"), ("bookings", "book"))
        },
    }
    if callers_of(ledger.history):
        counted |= asks_by_class(ledger.history)
    covered = {name: (count, FLOORS[name] * size // 1_000_000) for name, count in counted.items()}
    covered |= _fault_windows(ledger, size)
    share, stretches = _min_success_rate(ledger)
    if stretches:
        covered["least_percent_of_bookings_done_in_10_s_without_faults"] = (
            round(100 * share),
            round(100 * BOOKED_SHARE),
        )
    return covered


def _given_up(ledger: Ledger) -> int:
    """Count the requests that their client gave up but that the final state shows as done."""
    made = sum(orphan.op is not None and orphan.op.st == "info" for orphan in ledger.orphans)
    sql = (ledger.history.dump or {}).get("sql") or {}
    rows = {row["hold"]: row["status"] for row in sql.get("bookings") or ()}
    for claim in ledger.claims:
        status = None if claim.id is None else rows.get(claim.id)
        if status is not None and claim.booked is None:
            made += 1
        if status == "cancelled" and not any(op.st == "ok" for op in claim.cancels):
            made += 1
    return made


def _around_expiry(ledger: Ledger) -> int:
    return sum(
        abs(op.lo - claim.expected_expiry) <= AROUND
        for claim in ledger.claims
        if claim.expected_expiry
        for op in claim.books
    )


def _after_expiry(ledger: Ledger) -> int:
    return sum(
        op.lo > claim.expected_expiry
        for claim in ledger.claims
        if claim.expected_expiry
        for op in (*claim.releases, *claim.cancels)
    )


def _overlap(op: Op) -> bool:
    if op.windows is None:
        return False
    windows = sorted(op.windows)
    return any(after[0] < before[1] for before, after in pairwise(windows))


def _fault_windows(ledger: Ledger, size: int) -> dict[str, tuple[int, int]]:
    """Count by fault the windows, and those that began during a confirmation."""
    books = sorted((op.lo, min(op.last, op.lo + 60 * SECOND)) for op in ledger.history.ops["book"])
    starts = [lo for lo, _ in books]
    windows: dict[str, list[bool]] = defaultdict(list)
    for fault in ledger.history.faults:
        if fault.jump:
            continue  # a moment within the window of the operation that moved the clock
        first, last = bisect_left(starts, fault.t0 - 60 * SECOND), bisect_right(starts, fault.t0)
        windows[fault.name].append(any(books[at][1] >= fault.t0 for at in range(first, last)))
    # A small run has few windows, but each frequent fault must have hit something.
    return {
        f"fault_{name}_hit_a_booking": (sum(hits), min(max(20 * size // 1_000_000, 1), len(hits) // 5))
        for name, hits in sorted(windows.items())
    }


def _min_success_rate(ledger: Ledger) -> tuple[float, int]:
    """Return the lowest success rate of confirmations in ten seconds without faults, and the number of such
    stretches."""
    faults = [(fault.t0 // STRETCH, fault.t1 // STRETCH) for fault in ledger.history.faults]
    shaken = {at for first, last in faults for at in range(first, last + 2)}
    done: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for op in ledger.history.ops["book"]:
        stretch = done[op.lo // STRETCH]
        stretch[0] += op.st == "ok"
        stretch[1] += 1
    shares = [ok / tried for at, (ok, tried) in done.items() if tried >= FEW and at not in shaken]
    return min(shares, default=1.0), len(shares)
