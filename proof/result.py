"""Result: what one part of the proof says it tried, found and measured, as it writes it to `OUT/<part>.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

__all__ = ["Result"]


@dataclass(slots=True, kw_only=True)
class Result:
    """`passed` is the part's own word; a result with violations, or with a floor that was missed, never passed."""

    part: str
    promises: list[str] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=dict)
    coverage: dict[str, list[int]] = field(default_factory=dict)
    """Name to count and floor: situations without which the rest would say little."""
    summed: dict[str, list[int]] = field(default_factory=dict)
    """The same of situations that the parts of a run have to come to together; judged by the evidence."""
    seeds: list[int] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, float | list[float]] = field(default_factory=dict)
    """One number, or one for each time that it was measured; the unit ends the name."""
    controls: list[dict[str, Any]] = field(default_factory=list)
    """Wrong products that had to be caught: name and `caught_by`, null where nothing caught it."""
    seconds: float = 0.0
    passed: bool = False
    left_out: str | None = None
    """Why the part could not run on this machine: a gap, and no failure."""
    notes: list[str] = field(default_factory=list)

    @property
    def missed_floors(self) -> dict[str, list[int]]:
        return {name: pair for name, pair in self.coverage.items() if pair[0] < pair[1]}

    @property
    def missed_controls(self) -> list[str]:
        return [str(one.get("name")) for one in self.controls if not one.get("caught_by")]

    def judge(self) -> bool:
        """Passed only where nothing speaks against it; kept in `passed`."""
        self.passed = self.left_out is None and not (
            self.violations or self.missed_floors or self.missed_controls
        )
        return self.passed

    def write(self, folder: Path) -> Path:
        """Whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.part}.json"
        scratch = path.with_suffix(".part")
        scratch.write_text(json.dumps(asdict(self), indent=1, default=str))
        scratch.rename(path)
        return path

    @classmethod
    def read(cls, told: dict[str, Any]) -> Self:
        """Raises ValueError for what is no result, or contradicts itself."""
        known = {one.name for one in fields(cls)}
        if not isinstance(told.get("part"), str) or not isinstance(told.get("passed"), bool):
            raise ValueError("a result names its part and says whether it passed")
        result = cls(**{name: value for name, value in told.items() if name in known})
        if result.passed and (result.violations or result.missed_floors or result.missed_controls):
            raise ValueError(f"{result.part} says that it passed, and shows that it did not")
        return result
