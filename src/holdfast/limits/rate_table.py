"""Rate table: how much of its rate each caller has used, in memory that all workers of a server share.

An entry is one time: when the caller's whole allowance is back (the generic cell rate algorithm). Writes take no lock,
since a stopped worker would keep it. So workers that meet in one entry may each let one more request through, and one
that is interrupted before it writes takes back what others counted meanwhile. A full row gives up the entry that ends
first. docs/decisions/0029-guest-limits.md says why.
"""

from __future__ import annotations

import struct
from pathlib import Path

from holdfast.limits.shared_memory import shared_memory

__all__ = ["RateTable"]

_ENTRY = struct.Struct("=Qd")
_ENTRY_BYTES = _ENTRY.size
_ENTRIES = 65_536
_ROW_BYTES = 8 * _ENTRY_BYTES
_BYTES = _ENTRIES * _ENTRY_BYTES
_unpack, _pack = _ENTRY.unpack_from, _ENTRY.pack_into


class RateTable:
    """A table in a file of this folder; without one, in memory of this process."""

    def __init__(self, folder: Path | None = None) -> None:
        self._memory = shared_memory(folder / "rates" if folder is not None else None, _BYTES)

    def take(self, key: int, interval_seconds: float, burst: int, now: float) -> tuple[float, float]:
        """Take one request of a caller, who may send `burst` at once and one more in each interval.

        Return the seconds to wait, 0 for a request within the rate; and in how many the whole allowance is back.
        `key` is a random 64-bit number of the caller, not 0. `now` is the clock of all processes of this machine.
        """
        at = key % _ENTRIES * _ENTRY_BYTES
        found, full_at = _unpack(self._memory, at)
        if found != key:
            at, full_at = self._find(key, at)
        used_seconds = full_at - now if full_at > now else 0.0
        wait_seconds = used_seconds + interval_seconds - burst * interval_seconds
        if wait_seconds > _ROUNDING_SECONDS:
            return wait_seconds, used_seconds
        used_seconds += interval_seconds
        _pack(self._memory, at, key, now + used_seconds)
        return 0.0, used_seconds

    def used_seconds(self, key: int, now: float) -> float:
        """Return in how many seconds the whole allowance of a caller is back; 0 for an unknown one."""
        at = key % _ENTRIES * _ENTRY_BYTES
        full_at: float
        found, full_at = _unpack(self._memory, at)
        if found != key:
            _, full_at = self._find(key, at)
        return max(0.0, full_at - now)

    def put(self, key: int, used_seconds: float, now: float) -> None:
        """Set in how many seconds the whole allowance of a caller is back."""
        at = key % _ENTRIES * _ENTRY_BYTES
        if _unpack(self._memory, at)[0] != key:
            at, _ = self._find(key, at)
        _pack(self._memory, at, key, now + used_seconds)

    def _find(self, key: int, at: int) -> tuple[int, float]:
        """Return the place and the time of an entry that is not in its first place; else a place to use, and 0."""
        start = at - at % _ROW_BYTES
        ended_at = float("inf")
        for place in range(start, start + _ROW_BYTES, _ENTRY_BYTES):
            found, until = _unpack(self._memory, place)
            if found == key:
                return place, until
            if until < ended_at:
                at, ended_at = place, until
        return at, 0.0


_ROUNDING_SECONDS = 1e-6
