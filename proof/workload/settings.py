"""Settings: how much a workload asks for, and where; its client processes get the same, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A run ends with its `operations` or its `seconds`, whichever comes first; None and 0 are no bound."""

    urls: list[str]
    out: Path
    seed: int = 1
    operations: int = 20_000
    """Logical ones: a retry is none."""
    seconds: float | None = None
    pace: float = 0
    """Operations per second of all processes together; 0: as many as they can."""
    processes: int = 4
    clients: int = 16
    """Requests of one process that are under way at the same time."""
    window: int = 6
    """Events that are asked for at the same time; older ones are left alone."""
    operations_per_event: int = 140
    """So often, on the average, an event is asked something before the next one is made."""
    operations_per_kill: int = 5_000
    """So often a client process is killed, and another takes its place; 0: never."""
    time_out_seconds: float = 10.0
    users: list[int] = field(default_factory=list)
    """Accounts that were made for the dialect that wants such."""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, path: Path) -> Self:
        told = json.loads(path.read_text())
        return cls(**{**told, "out": Path(told["out"])})
