"""Verdict: the findings of the rules, and the amount of evidence in the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from proof.history import SECOND, History, Op, Read

__all__ = ["Report", "Verdict", "Violation"]

FAR = 60 * SECOND
"""An operation without an end lists only the faults near its beginning."""

KEPT = 20
"""The number of violations of each rule with full detail; the others are only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    rule: str
    event: str
    detail: str
    lines: list[str] = field(default_factory=list)
    """The log lines of the contradicting operations."""
    faults: list[str] = field(default_factory=list)
    """The faults at that time."""


class Report:
    """Collects violations while the rules run."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.violations: list[Violation] = []
        self.count: Counter[str] = Counter()

    def accuse(
        self,
        rule: str,
        event: str,
        detail: str,
        *ops: Op | Read | None,
        lines: Iterable[str] = (),
    ) -> None:
        self.count[rule] += 1
        if self.count[rule] > KEPT:
            return
        known = [op for op in ops if op is not None]
        faults = {
            f"{fault.name} {fault.t0}..{fault.t1}"
            for op in known
            for fault in self._history.faults_in(op.lo, op.ret if isinstance(op, Op) else op.hi)
            if fault.t0 < op.lo + FAR
        }
        self.violations.append(
            Violation(
                rule=rule,
                event=event,
                detail=detail,
                lines=[*(line for op in known for line in op.lines()), *lines],
                faults=sorted(faults),
            )
        )


@dataclass(slots=True, kw_only=True)
class Verdict:
    """`violations` holds the first of each rule; `violation_count` has the total."""

    seed: int | None
    commit: str | None
    violations: list[Violation]
    violation_count: dict[str, int]
    coverage: dict[str, tuple[int, int]]
    """Each situation with its count and its required count."""
    counts: dict[str, int]
    seconds: float

    @property
    def missed_floors(self) -> dict[str, tuple[int, int]]:
        return {name: pair for name, pair in self.coverage.items() if pair[0] < pair[1]}

    @property
    def passed(self) -> bool:
        return not self.violations and not self.missed_floors

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}
