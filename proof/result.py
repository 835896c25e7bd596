"""Result: the trials, findings and measurements of one part of the proof, in `OUT/<part>.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

__all__ = ["Result"]


@dataclass(slots=True, kw_only=True)
class Result:
    """`passed` is the part's verdict; it is False with violations or missed floors."""

    part: str
    promises: list[str] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=dict)
    coverage: dict[str, list[int]] = field(default_factory=dict)
    """Name to count and floor: situations that the part must reach."""
    summed: dict[str, list[int]] = field(default_factory=dict)
    """The same for situations that all parts together must reach; the evidence judges them."""
    seeds: list[int] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, float | list[float]] = field(default_factory=dict)
    """One value, or one for each measurement; the unit ends the name."""
    controls: list[dict[str, Any]] = field(default_factory=list)
    """Wrong products that must be caught: name and `caught_by`, null if not caught."""
    seconds: float = 0.0
    passed: bool = False
    left_out: str | None = None
    """The reason why the part could not run on this machine: a gap, not a failure."""
    notes: list[str] = field(default_factory=list)

    @property
    def missed_floors(self) -> dict[str, list[int]]:
        return {name: pair for name, pair in self.coverage.items() if pair[0] < pair[1]}

    @property
    def missed_controls(self) -> list[str]:
        return [str(one.get("name")) for one in self.controls if not one.get("caught_by")]

    def judge(self) -> bool:
        """Set and return `passed`: True if nothing speaks against it."""
        self.passed = self.left_out is None and not (
            self.violations or self.missed_floors or self.missed_controls
        )
        return self.passed

    def write(self, folder: Path) -> Path:
        """Write the file; the rename makes it complete or absent."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.part}.json"
        scratch = path.with_suffix(".part")
        scratch.write_text(json.dumps(asdict(self), indent=1, default=str))
        scratch.rename(path)
        return path

    def report(self, folder: Path) -> int:
        """Write the file, print the verdict, and return the exit code of the part."""
        print(self.write(folder))
        print(f"{self.left_out or ('passed' if self.passed else 'FAILED')}: {self.tried}")
        return 0 if self.passed or self.left_out else 1

    @classmethod
    def read(cls, content: dict[str, Any]) -> Self:
        """Return a result. Raises ValueError for content that is no result, or contradicts itself."""
        known = {one.name for one in fields(cls)}
        if not isinstance(content.get("part"), str) or not isinstance(content.get("passed"), bool):
            raise ValueError("a result must have `part` and `passed`")
        result = cls(**{name: value for name, value in content.items() if name in known})
        if result.passed and (result.violations or result.missed_floors or result.missed_controls):
            raise ValueError(f"{result.part} claims to have passed, but has violations or missed floors")
        return result
