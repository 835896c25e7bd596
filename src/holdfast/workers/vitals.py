"""Vitals: sets the gauges of this worker process: its CPU time, memory and open files."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from holdfast.metrics import gauge
from holdfast.workers.worker import Worker

__all__ = ["Vitals"]

_WORKERS = gauge("holdfast_workers", "Worker processes that run.")
_CONFIGURED = gauge("holdfast_workers_configured", "Worker processes that should run.", across="livemax")
_CPU_SECONDS = gauge("holdfast_worker_cpu_seconds", "CPU time of each worker.", across="liveall")
_RESIDENT_BYTES = gauge("holdfast_worker_resident_bytes", "Memory of each worker.", across="liveall")
_OPEN_FILES = gauge(
    "holdfast_worker_open_files", "Open files of each worker, connections included.", across="liveall"
)
_MAX_OPEN_FILES = gauge(
    "holdfast_worker_max_open_files", "Limit of open files of each worker.", across="liveall"
)
_STARTED_SECONDS = gauge(
    "holdfast_worker_started_seconds", "When each worker started, in seconds since 1970.", across="liveall"
)

_FILES = Path("/proc/self/fd")
_MEMORY = Path("/proc/self/statm")


class Vitals(Worker):
    """Prometheus' own collector of processes does not work with several workers. `pid` names each."""

    name = "vitals"

    def __init__(self, *, workers: int, interval: float = 2.0) -> None:
        self.interval = interval
        _WORKERS.set(1)
        _CONFIGURED.set(workers)
        _STARTED_SECONDS.set(time.time())
        _MAX_OPEN_FILES.set(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        _observe()

    async def run_once(self) -> int:
        _observe()
        return 1


def _observe() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _CPU_SECONDS.set(used.ru_utime + used.ru_stime)
    if sys.platform == "linux":
        _RESIDENT_BYTES.set(int(_MEMORY.read_text().split()[1]) * resource.getpagesize())
        # The size is the number of open files since Linux 6.2. Before, it is 0, and they are counted.
        _OPEN_FILES.set(_FILES.stat().st_size or sum(1 for _ in _FILES.iterdir()))
