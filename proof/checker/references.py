"""C1: a booking has one reference, the same in every answer, and no other booking of its event has it."""

from __future__ import annotations

from collections.abc import Iterator

from proof.checker.ledger import Ledger
from proof.checker.verdict import Report
from proof.history import Op, Read

__all__ = ["check_references"]


def check_references(ledger: Ledger, report: Report) -> None:
    reference_of: dict[str, str] = {}
    booking_of: dict[tuple[str, str], str] = {}
    for event, booking, reference, op in _answers(ledger):
        if reference_of.setdefault(booking, reference) != reference:
            report.accuse("C1", event, f"booking {booking} has two references", op)
        if booking_of.setdefault((event, reference), booking) != booking:
            report.accuse("C1", event, f"two bookings have the reference {reference}", op)


def _answers(ledger: Ledger) -> Iterator[tuple[str, str, str, Op | Read | None]]:
    """Yield event, booking, reference and operation. Dialects and older runs have no references."""
    history = ledger.history
    for ops in history.ops.values():
        for op in ops:
            if op.st == "ok" and op.out.get("booking") and op.out.get("reference"):
                yield op.event, op.out["booking"], op.out["reference"], op
    for read in history.reads:
        if read.f == "read_booking" and (out := read.out()).get("reference"):
            yield read.event, out["booking"], out["reference"], read
    listed = ((history.dump or {}).get("api") or {}).get("bookings") or ()
    for row in listed:
        if row.get("reference"):
            yield row["event"], row["id"], row["reference"], None
