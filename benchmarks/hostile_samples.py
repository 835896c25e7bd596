"""Hostile samples: the memory and descriptors of each worker, once a second during an attack."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from benchmarks.programs import Program
from proof.system.server import answer_of

__all__ = ["CONNECTIONS", "Sample", "Samples", "sample", "slope_per_minute"]

CONNECTIONS = "holdfast_http_connections"
SECONDS = 1.0
_METRICS_SECONDS = 5.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    """The time by the monotonic clock."""
    resident_mb: tuple[float, ...]
    """One value per worker; 0 for a worker that has ended."""
    descriptors: tuple[int, ...]
    kernel_mb: float
    """The kernel's memory for all TCP connections of this machine."""
    orphans: int
    """Closed connections of this machine whose last bytes nobody reads."""
    metrics: dict[str, float]
    """The metrics of all workers; empty if the server did not answer in time."""


def sample(server: Program) -> Sample:
    kernel = _kernel()
    return Sample(
        at=time.monotonic(),
        resident_mb=tuple(map(_resident_mb, server.pids)),
        descriptors=tuple(map(_descriptors, server.pids)),
        kernel_mb=kernel["mem"] * _PAGE_BYTES / 1e6,
        orphans=kernel["orphan"],
        metrics=_metrics(server),
    )


@dataclass(slots=True)
class Samples:
    """Takes samples in a thread while the block runs."""

    server: Program
    taken: list[Sample] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="samples")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        assert self._thread is not None
        self._thread.join()

    def between(self, began: float, ended: float) -> list[Sample]:
        return [one for one in self.taken if began <= one.at <= ended]

    def _run(self) -> None:
        while not self._stopping.wait(SECONDS):
            self.taken.append(sample(self.server))


def slope_per_minute(samples: Sequence[Sample], worker: int) -> float:
    """Return the growth of a worker in MB per minute, by a linear fit. 0 for fewer than two samples."""
    if len(samples) < 2:
        return 0.0
    minutes = [one.at / 60 for one in samples]
    slope, _ = statistics.linear_regression(minutes, [one.resident_mb[worker] for one in samples])
    return slope


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES / 1e6
    except OSError:
        return 0.0


def _descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - 20,000 path objects would be slow
    except OSError:
        return 0


def _kernel() -> dict[str, int]:
    """Return the kernel's memory and orphans of all TCP connections."""
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            words = line.split()[1:]
            return {name: int(count) for name, count in zip(words[::2], words[1::2], strict=True)}
    return {"mem": 0, "orphan": 0}


def _metrics(server: Program) -> dict[str, float]:
    status, answer = answer_of(server.url, "/metrics", seconds=_METRICS_SECONDS)
    return dict(answer["metrics"]) if status == 200 else {}
