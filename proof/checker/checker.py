"""Checker: applies every rule to a run's logs and final state."""

from __future__ import annotations

import gc
import time
from pathlib import Path

from proof.checker.changed import check_changes
from proof.checker.coverage import measure
from proof.checker.final import check_final
from proof.checker.journal import check_journal
from proof.checker.keys import check_keys
from proof.checker.ledger import Ledger
from proof.checker.owners import check_areas, check_holds, check_limits, check_seats
from proof.checker.reads import check_reads
from proof.checker.references import check_references
from proof.checker.refusals import check_acts, check_refusals
from proof.checker.rights import check_answers, check_rights
from proof.checker.verdict import Report, Verdict
from proof.history import History, read_history

__all__ = ["check", "check_history"]


def check(run_dir: Path, *, floors: bool = True) -> Verdict:
    """Return the verdict on a run.

    `floors` demands that the run reached every situation of a general workload. Raises ValueError for
    unreadable logs and FileNotFoundError for missing ones.
    """
    started = time.monotonic()
    collected = gc.isenabled()
    gc.disable()  # a history contains no garbage, and scanning millions of objects takes longer than checking
    try:
        verdict = check_history(read_history(run_dir))
    finally:
        if collected:
            gc.enable()
    if not floors:
        verdict.coverage = {name: (count, 0) for name, (count, _) in verdict.coverage.items()}
    verdict.seconds = time.monotonic() - started
    return verdict


def check_history(history: History) -> Verdict:
    report, ledger = Report(history), Ledger(history)
    check_seats(ledger, report)
    check_areas(ledger, report)
    check_limits(ledger, report)
    check_holds(ledger, report)
    check_changes(ledger.claims, report)
    check_references(ledger, report)
    check_keys(ledger, report)
    check_answers(history, report)
    check_final(ledger, report)
    if history.dump is not None:
        # Organisers' blocks, stops and cancellations excuse much, and only the dump has them.
        check_refusals(ledger, report)
        check_acts(ledger, report)
        check_reads(ledger, report)
        check_rights(ledger, report, check_journal(ledger, report))
    return Verdict(
        seed=history.setup.get("seed"),
        commit=history.setup.get("commit"),
        violations=report.violations,
        violation_count=dict(report.count),
        coverage=measure(ledger),
        counts=_counts(ledger),
        seconds=0.0,
    )


def _counts(ledger: Ledger) -> dict[str, int]:
    history = ledger.history
    sizes = {f: len(ops) for f, ops in history.ops.items()}
    return {
        "operations": sum(sizes.values()) + len(history.reads) + history.asked,
        "attempts": history.attempts,
        "events": len(history.halls),
        "faults": len(history.faults),
        "claims": len(ledger.claims),
        "reads": len(history.reads),
        "asks": len(history.asks),
        **sizes,
        **history.results,
        **({"attempts elsewhere": history.elsewhere} if history.elsewhere else {}),
    }
