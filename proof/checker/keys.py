"""C6: the answer of a key never changes, and no key is both done and refused."""

from __future__ import annotations

from proof.checker.ledger import Ledger
from proof.checker.verdict import Report

__all__ = ["check_keys"]


def check_keys(ledger: Ledger, report: Report) -> None:
    for change in ledger.history.changes:
        report.accuse("C6", change.op.event, change.what, lines=change.lines)
