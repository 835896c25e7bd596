"""Progress: how far each client process is, and whether there is enough, in a few bytes that all of them share.

It outlives any of them, and, unlike a signal, is not lost on one that is only just starting.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Self

__all__ = ["Progress"]

WORD = struct.Struct("<Q")


class Progress:
    """The first number says whether there is enough; then come the operations begun, one number for each process."""

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

    def tell(self, process: int, count: int) -> None:
        WORD.pack_into(self._shared, WORD.size * (1 + process), count)

    def told(self, process: int) -> int:
        return self._read(WORD.size * (1 + process))

    def _read(self, place: int) -> int:
        number: int = WORD.unpack_from(self._shared, place)[0]
        return number
