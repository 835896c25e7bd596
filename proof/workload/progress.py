"""Progress: shared memory with each client process's progress, and the mark that ends the run.

It outlives all processes. A starting process could miss a signal, but not this mark.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Self

__all__ = ["Progress"]

WORD = struct.Struct("<Q")


class Progress:
    """The first number marks the end. One number for each process follows: its operations begun."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 0)

    @classmethod
    def create(cls, path: Path, processes: int) -> Self:
        path.write_bytes(bytes(WORD.size * (1 + processes)))
        return cls(path)

    @property
    def is_enough(self) -> bool:
        return self._read(0) > 0

    @property
    def total(self) -> int:
        return sum(self._read(place) for place in range(WORD.size, len(self._shared), WORD.size))

    def end(self) -> None:
        WORD.pack_into(self._shared, 0, 1)

    def record(self, process: int, count: int) -> None:
        WORD.pack_into(self._shared, WORD.size * (1 + process), count)

    def begun(self, process: int) -> int:
        return self._read(WORD.size * (1 + process))

    def _read(self, place: int) -> int:
        number: int = WORD.unpack_from(self._shared, place)[0]
        return number
