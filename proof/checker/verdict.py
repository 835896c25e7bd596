"""Verdict: what the rules found, and how much the run gave them to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from proof.history import SECOND, History, Op, Read

__all__ = ["Report", "Verdict", "Violation"]

FAR = 60 * SECOND
"""Of an operation without an end, only the faults of its beginning are told."""

KEPT = 20
"""So many violations of each rule are told whole; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    rule: str
    event: str
    detail: str
    lines: list[str] = field(default_factory=list)
    """Of the operations that contradict each other, as they stand in the logs."""
    faults: list[str] = field(default_factory=list)
    """What was being done to the product meanwhile."""


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
        told = [op for op in ops if op is not None]
        faults = {
            f"{fault.name} {fault.t0}..{fault.t1}"
            for op in told
            for fault in self._history.faults_in(op.lo, op.ret if isinstance(op, Op) else op.hi)
            if fault.t0 < op.lo + FAR
        }
        self.violations.append(
            Violation(
                rule=rule,
                event=event,
                detail=detail,
                lines=[*(line for op in told for line in op.lines()), *lines],
                faults=sorted(faults),
            )
        )


@dataclass(slots=True, kw_only=True)
class Verdict:
    """`violations` holds the first of each rule; `violation_count` says how many there were."""

    seed: int | None
    commit: str | None
    violations: list[Violation]
    violation_count: dict[str, int]
    coverage: dict[str, tuple[int, int]]
    """Situation to how often it came and how often it had to."""
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
