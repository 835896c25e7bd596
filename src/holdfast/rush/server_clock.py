"""Server clock: between which two times the server's clock must stand, by the answers that tell it.

An answer's `server_time` lies after the request was first sent and before the answer was read. So each answer bounds
how far the server's clock is ahead of ours, from both sides, and what is judged by it is judged without a guess.
"""

from __future__ import annotations

from time import monotonic

__all__ = ["ServerClock"]

_DRIFT_SECONDS = 0.05
"""By so much two clocks may part during a rush."""


class ServerClock:
    """Times in seconds since 1970. Before the first answer it may show anything."""

    def __init__(self) -> None:
        self._least_ahead = float("-inf")
        self._most_ahead = float("inf")

    def see(self, server_time: float, *, asked_at: float | None) -> None:
        """An answer that was read just now. `asked_at`, by `monotonic`: before it was asked for the first time."""
        self._least_ahead = max(self._least_ahead, server_time - monotonic())
        if asked_at is not None:
            self._most_ahead = min(self._most_ahead, server_time - asked_at)

    def is_past(self, server_time: float) -> bool:
        """Certainly."""
        return monotonic() + self._least_ahead > server_time + _DRIFT_SECONDS

    def is_before(self, server_time: float) -> bool:
        """Certainly."""
        return monotonic() + self._most_ahead < server_time - _DRIFT_SECONDS

    def seconds_until(self, server_time: float) -> float:
        """As far as it is known; none where that is past."""
        return max(0.0, server_time - monotonic() - self._least_ahead)
