"""Result: the measurements of one part of `make bench`, in the form of `OUT/<part>.json`.

It keeps the value of each round, and the report shows median, min and max. A ratio compares two programs within a
round, never two medians, because the machine changes over time.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

__all__ = ["Result", "Row", "median", "ratios", "spread"]


@dataclass(slots=True, kw_only=True)
class Row:
    """One thing measured in one situation: `holds` at `{"connections": 256, "workers": 1}`."""

    of: str
    at: dict[str, int | str] = field(default_factory=dict)
    rounds: dict[str, list[float]] = field(default_factory=dict)
    """The values of each figure, one per round. Its name ends in the unit: `per_second`, `p99_ms`, `load_cores`."""

    def add(self, **figures: float) -> None:
        """Add the values of one round."""
        for name, value in figures.items():
            self.rounds.setdefault(name, []).append(value)


@dataclass(slots=True, kw_only=True)
class Result:
    part: str
    settings: dict[str, Any] = field(default_factory=dict)
    """The options of the run: rounds, seconds, and everything else that a person needs to repeat it."""
    rows: list[Row] = field(default_factory=list)
    bars: dict[str, list[float]] = field(default_factory=dict)
    """The values for each bar (`bars.py` has their names), one for each round."""
    unexpected: dict[str, int] = field(default_factory=dict)
    """The number of unsuccessful answers by situation, if only successes count. No rate includes them."""
    notes: list[str] = field(default_factory=list)
    left_out: str | None = None
    """Why the part cannot run on this machine."""
    seconds: float = 0.0

    def row(self, of: str, **at: int | str) -> Row:
        """Return the row of a situation, or a new one."""
        for row in self.rows:
            if row.of == of and row.at == at:
                return row
        self.rows.append(Row(of=of, at=at))
        return self.rows[-1]

    def judge(self, bar: str, of: Sequence[float], over: Sequence[float]) -> None:
        """Set the values of a bar to the ratios of two figures, round by round."""
        self.bars[bar] = ratios(of, over)

    def write(self, folder: Path) -> Path:
        """Write the file atomically."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.part}.json"
        scratch = path.with_suffix(".part")
        scratch.write_text(json.dumps(asdict(self), indent=1))
        scratch.rename(path)
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a result. Raises ValueError if the file is no result."""
        told = json.loads(path.read_text())
        known = {one.name for one in fields(cls)}
        if not isinstance(told, dict) or not isinstance(told.get("part"), str):
            raise ValueError(f"{path.name} is no part's result")
        result = cls(**{name: value for name, value in told.items() if name in known})
        result.rows = [Row(**row) for row in told.get("rows", [])]
        return result


def ratios(of: Sequence[float], over: Sequence[float]) -> list[float]:
    """Return the ratios, round by round. Both figures need the same rounds."""
    return [one / other for one, other in zip(of, over, strict=True)]


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Return median, min and max."""
    return median(values), min(values), max(values)
