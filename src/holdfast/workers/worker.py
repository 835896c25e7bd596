"""Worker: a task that runs repeatedly beside the requests of a process. Correctness never depends on one."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Worker"]


class Worker(ABC):
    """`run_once` may fail: the next run retries. Workers of several processes may run at the same time."""

    name: str
    """The worker's name in logs."""

    interval: float = 1.0
    """Seconds between two runs; the settings give each worker its own."""

    @abstractmethod
    async def run_once(self) -> int:
        """Run once and return the number of things it worked on."""

    async def stop(self) -> None:
        """End what `run_once` left running. Called once, after the last run."""
        return
