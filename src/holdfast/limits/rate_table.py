"""Rate table: how much of its rate each caller has used, in memory that all workers of a server share.

An entry is one time: when the caller's whole allowance is back (the generic cell rate algorithm). Writes take no lock,
since a stopped worker would keep it. So workers that meet in one entry may each let one more request through, and one
that is interrupted before it writes takes back what others counted meanwhile. A full row gives up the entry that ends
first. docs/decisions/0029-guest-limits.md says why.
"""

from __future__ import annotations

from pathlib import Path

from holdfast.limits.shared_memory import shared_memory

__all__ = ["RateTable"]

_ENTRIES = 65_536
_ROW = 8
_BYTES = _ENTRIES * 8


class RateTable:
    """A table in a file of this folder; without one, in memory of this process."""

    def __init__(self, folder: Path | None = None) -> None:
        memory = memoryview(shared_memory(folder and folder / "rates", 2 * _BYTES))
        self._keys = memory[:_BYTES].cast("Q")
        self._full_at = memory[_BYTES:].cast("d")

    def take(self, key: int, interval_seconds: float, burst: int, now: float) -> tuple[float, float]:
        """Take one request of a caller, who may send `burst` at once and one more in each interval.

        Return the seconds to wait, 0 for a request within the rate; and in how many the whole allowance is back.
        `key` is a random 64-bit number of the caller, not 0. `now` is the clock of all processes of this machine.
        """
        at = key % _ENTRIES
        if self._keys[at] != key:
            at, full_at = self._find(key, at)
            if self._keys[at] != key:
                self._full_at[at] = full_at
                self._keys[at] = key
        used_seconds = self._full_at[at] - now
        if used_seconds <= 0.0:
            used_seconds = 0.0
        elif (wait_seconds := used_seconds + interval_seconds - burst * interval_seconds) > _ROUNDING_SECONDS:
            return wait_seconds, used_seconds
        used_seconds += interval_seconds
        self._full_at[at] = now + used_seconds
        return 0.0, used_seconds

    def used_seconds(self, key: int, now: float) -> float:
        """Return in how many seconds the whole allowance of a caller is back; 0 for an unknown one."""
        at = key % _ENTRIES
        full_at = self._full_at[at] if self._keys[at] == key else self._find(key, at)[1]
        return max(0.0, full_at - now)

    def put(self, key: int, used_seconds: float, now: float) -> None:
        """Set in how many seconds the whole allowance of a caller is back."""
        at = key % _ENTRIES
        if self._keys[at] != key:
            at, _ = self._find(key, at)
        self._full_at[at] = now + used_seconds
        self._keys[at] = key

    def _find(self, key: int, at: int) -> tuple[int, float]:
        """Return the place and the time of an entry that is not in its first place; else a place to use, and 0."""
        start = at - at % _ROW
        ended_at = self._full_at[at]
        for place in range(start, start + _ROW):
            until = self._full_at[place]
            if self._keys[place] == key:
                return place, until
            if until < ended_at:
                at, ended_at = place, until
        return at, 0.0


_ROUNDING_SECONDS = 1e-6
