"""Result: what one part of `make bench` measured, as it writes it to `OUT/<part>.json`.

Every value is kept for each round: the report says median, least and most, and a ratio is made of two things that took
turns in one round, never of two medians from different moments of a machine that is not always the same.
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
    """By figure, one value for each round. The unit ends the name: `per_second`, `p99_ms`, `load_cores`."""

    def add(self, **figures: float) -> None:
        """One round's."""
        for name, value in figures.items():
            self.rounds.setdefault(name, []).append(value)


@dataclass(slots=True, kw_only=True)
class Result:
    part: str
    settings: dict[str, Any] = field(default_factory=dict)
    """With what it was run: rounds, seconds, and whatever else a person would have to say to have it again."""
    rows: list[Row] = field(default_factory=list)
    bars: dict[str, list[float]] = field(default_factory=dict)
    """What the part says of a bar (`bars.py` has their names), one value for each round."""
    unexpected: dict[str, int] = field(default_factory=dict)
    """Answers that were no success where only successes count, by situation; they are in no rate."""
    notes: list[str] = field(default_factory=list)
    left_out: str | None = None
    """Why the part could not run on this machine."""
    seconds: float = 0.0

    def row(self, of: str, **at: int | str) -> Row:
        """The row of this situation; a new one where there is none yet."""
        for row in self.rows:
            if row.of == of and row.at == at:
                return row
        self.rows.append(Row(of=of, at=at))
        return self.rows[-1]

    def judge(self, bar: str, of: Sequence[float], over: Sequence[float]) -> None:
        """Give the bar one thing over another, round by round."""
        self.bars[bar] = ratios(of, over)

    def write(self, folder: Path) -> Path:
        """Whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.part}.json"
        scratch = path.with_suffix(".part")
        scratch.write_text(json.dumps(asdict(self), indent=1))
        scratch.rename(path)
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises ValueError for what is no result."""
        told = json.loads(path.read_text())
        known = {one.name for one in fields(cls)}
        if not isinstance(told, dict) or not isinstance(told.get("part"), str):
            raise ValueError(f"{path.name} is no part's result")
        result = cls(**{name: value for name, value in told.items() if name in known})
        result.rows = [Row(**row) for row in told.get("rows", [])]
        return result


def ratios(of: Sequence[float], over: Sequence[float]) -> list[float]:
    """Round by round; both must have been measured in the same rounds."""
    return [one / other for one, other in zip(of, over, strict=True)]


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """(median, least, most)."""
    return median(values), min(values), max(values)
