"""Open streams: how many streams each address has open, over all workers of a server.

A slot of a stream names the process that serves it. So the streams of a killed worker end with it: before anyone is
refused, slots of processes that are gone are freed.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

from holdfast.limits.callers import caller_keys
from holdfast.limits.slots import Slots

__all__ = ["OpenStreams"]

_ROWS = 4_096
_PROCESS = struct.Struct("=IQ")
"""The process's id and its start, in ticks since the machine's. An id alone may be used again."""


class OpenStreams:
    """The streams of limited callers. Each is open until `close`."""

    def __init__(self, folder: Path | None, *, max_streams: int, server_key: bytes) -> None:
        self.max_streams = max_streams
        self._slots = Slots(folder and folder / "streams", _PROCESS, rows=_ROWS)
        self._key_of = caller_keys(server_key)
        self._own = os.getpid(), _start_of(os.getpid())

    def open(self, caller: str) -> int | None:
        """Count a stream and return its slot, or None for one too many."""
        key = self._key_of("streams", caller)
        slot = self._slots.put(key, *self._own)
        if slot is None:
            self._free_gone(self._slots.row_of(key))
            slot = self._slots.put(key, *self._own)
        if self._count(key) > self.max_streams:
            self._free_gone(self._slots.find_all(key))
            if self._count(key) > self.max_streams:
                if slot is not None:
                    self._slots.clear(slot)
                return None
        return _UNCOUNTED if slot is None else slot

    def close(self, slot: int) -> None:
        if slot != _UNCOUNTED and self._slots.get(slot) == self._own:
            self._slots.clear(slot)

    def _count(self, key: int) -> int:
        return sum(1 for _ in self._slots.find_all(key))

    def _free_gone(self, slots: Iterable[int]) -> None:
        for slot in slots:
            if self._slots.key_in(slot):
                process, start = self._slots.get(slot)
                if _start_of(process) != start:
                    self._slots.clear(slot)


_UNCOUNTED = -1
"""The slot of a stream in a full row: there is no memory to count it."""


def _start_of(process: int) -> int:
    """Return when a process began, in the kernel's ticks; 0 if there is none, and where the kernel does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[19])
    except (OSError, IndexError, ValueError):
        return 0
