"""Worker: what runs beside the requests of a process, again and again. Correctness never waits for one."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Worker"]


class Worker(ABC):
    """`run_once` may fail: the next run tries again. Workers of several processes may run at the same time."""

    name: str
    """As the log names it."""

    interval: float = 1.0
    """Seconds between two runs; the settings give each worker its own."""

    @abstractmethod
    async def run_once(self) -> int:
        """One run; returns how many things it worked on."""
