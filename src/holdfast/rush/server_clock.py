"""Server clock: bounds of the server's time, derived from its answers.

An answer's `server_time` lies between the first sending of the request and the reading of the answer. So each answer
bounds the difference between the server's clock and ours from both sides, and judgements need no guess.
"""

from __future__ import annotations

from time import monotonic

__all__ = ["ServerClock"]

_DRIFT_SECONDS = 0.05
"""Max drift between two clocks during a rush."""


class ServerClock:
    """Times are in seconds since 1970. Before the first answer, the bounds are infinite."""

    def __init__(self) -> None:
        self._min_ahead = float("-inf")
        self._max_ahead = float("inf")

    def see(self, server_time: float, *, asked_at: float | None) -> None:
        """Use an answer that was just read. `asked_at`: when the first try was sent, by `monotonic`."""
        self._min_ahead = max(self._min_ahead, server_time - monotonic())
        if asked_at is not None:
            self._max_ahead = min(self._max_ahead, server_time - asked_at)

    def is_past(self, server_time: float) -> bool:
        """Return whether this time is certainly past."""
        return monotonic() + self._min_ahead > server_time + _DRIFT_SECONDS

    def is_before(self, server_time: float) -> bool:
        """Return whether this time is certainly in the future."""
        return monotonic() + self._max_ahead < server_time - _DRIFT_SECONDS

    def seconds_until(self, server_time: float) -> float:
        """Return the max seconds until this time by the known bounds; 0 if it is past."""
        return max(0.0, server_time - monotonic() - self._min_ahead)
