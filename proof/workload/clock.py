"""Clock: when, on this machine's clock, it is which time for the server; good enough to aim at an expiry."""

from __future__ import annotations

import time
from collections import deque

__all__ = ["ServerClock"]

SAMPLES = 40


class ServerClock:
    """The answer that was the fastest lately tells best; what is old is forgotten, since clocks may jump."""

    def __init__(self) -> None:
        self._differences: deque[int] = deque(maxlen=SAMPLES)

    def see(self, server_time: int | None) -> None:
        """An answer has just come, and told this time (microseconds since the epoch)."""
        if server_time is not None:
            self._differences.append(time.monotonic_ns() // 1_000 - server_time)

    def seconds_until(self, moment: int) -> float | None:
        """Until it is that time for the server; None while nobody knows."""
        if not self._differences:
            return None
        return (moment + min(self._differences) - time.monotonic_ns() // 1_000) / 1e6
