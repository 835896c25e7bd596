"""Clock: the server's time on this machine's clock, precise enough to aim at an expiry."""

from __future__ import annotations

import time
from collections import deque

__all__ = ["ServerClock"]

SAMPLES = 40


class ServerClock:
    """The fastest recent answer is the most precise. Old samples are dropped, because clocks may jump."""

    def __init__(self) -> None:
        self._differences: deque[int] = deque(maxlen=SAMPLES)

    def see(self, server_time: int | None) -> None:
        """Record the server's time (microseconds since the epoch) from an answer that has just arrived."""
        if server_time is not None:
            self._differences.append(time.monotonic_ns() // 1_000 - server_time)

    def seconds_until(self, moment: int) -> float | None:
        """Return the seconds until the server's clock shows `moment`, or None before the first sample."""
        if not self._differences:
            return None
        return (moment + min(self._differences) - time.monotonic_ns() // 1_000) / 1e6
