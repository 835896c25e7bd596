"""Settings: the size and the target of a workload. Its client processes read the same settings as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A run ends after its `operations` or its `seconds`, whichever comes first; None and 0 set no limit."""

    urls: list[str]
    out: Path
    seed: int = 1
    operations: int = 20_000
    """Logical operations: retries do not count."""
    seconds: float | None = None
    pace: float = 0
    """Operations per second of all processes together; 0 means no limit."""
    processes: int = 4
    clients: int = 16
    """Concurrent requests of one process."""
    window: int = 6
    """Events that buyers request at a time; older ones get no more requests."""
    operations_per_event: int = 140
    """Operations per event, on average, before the next event is created."""
    operations_per_kill: int = 5_000
    """Operations between kills of a client process, which another replaces; 0 means no kills."""
    time_out_seconds: float = 10.0
    users: list[int] = field(default_factory=list)
    """Accounts for the dialect that requires them."""
    callers: list[dict[str, Any]] = field(default_factory=list)
    """Who asks beside guests (`proof/callers.py`). Without any, the server must be in open mode."""
    staff_key: str = ""
    """The key of the organiser and of dialects that sell for named users."""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, path: Path) -> Self:
        fields = json.loads(path.read_text())
        return cls(**{**fields, "out": Path(fields["out"])})
