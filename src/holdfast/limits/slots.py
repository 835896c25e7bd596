"""Slots: a hash table of a fixed size, in memory that all workers of a server share.

A row has 32 slots: their keys lie together, so that one search of 256 bytes finds a key. Writes take no lock, for the
reason of `rate_table.py`. Each process looks for a free slot from another place, so that two of them seldom meet.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from holdfast.limits.shared_memory import shared_memory

__all__ = ["Slots"]

_KEY = struct.Struct("=Q")
_KEY_BYTES = _KEY.size
_pack_key = _KEY.pack
_SLOTS = 32
_ROW_BYTES = _SLOTS * _KEY_BYTES
_FREE = bytes(_KEY_BYTES)


class Slots:
    """Values of one form by a random 64-bit key, not 0. A key may have several."""

    def __init__(self, path: Path | None, form: struct.Struct, *, rows: int) -> None:
        self._rows = rows
        self._form = form
        self._values_at = rows * _ROW_BYTES
        self._memory = shared_memory(path, self._values_at + rows * _SLOTS * form.size)
        self._find: Callable[[bytes, int, int], int] = self._memory.find
        self._own_start = os.getpid() % _SLOTS * _KEY_BYTES

    def put(self, key: int, *value: Any) -> int | None:
        """Store a value and return its slot; None if the row is full."""
        row = key % self._rows * _ROW_BYTES
        at = self._search(_FREE, row + self._own_start, row + _ROW_BYTES)
        if at < 0:
            at = self._search(_FREE, row, row + self._own_start)
            if at < 0:
                return None
        slot = at // _KEY_BYTES
        self._form.pack_into(self._memory, self._values_at + slot * self._form.size, *value)
        self._memory[at : at + _KEY_BYTES] = _pack_key(key)
        return slot

    def find_all(self, key: int) -> Iterator[int]:
        """Yield the slots of a key."""
        at = key % self._rows * _ROW_BYTES
        end = at + _ROW_BYTES
        packed = _pack_key(key)
        while (at := self._search(packed, at, end)) >= 0:
            yield at // _KEY_BYTES
            at += _KEY_BYTES

    def row_of(self, key: int) -> range:
        """Return all slots in which a value of the key may be."""
        first = key % self._rows * _SLOTS
        return range(first, first + _SLOTS)

    def key_in(self, slot: int) -> int:
        """Return the key in a slot; 0 if it is free."""
        key: int = _KEY.unpack_from(self._memory, slot * _KEY_BYTES)[0]
        return key

    def get(self, slot: int) -> tuple[Any, ...]:
        return self._form.unpack_from(self._memory, self._values_at + slot * self._form.size)

    def clear(self, slot: int) -> None:
        at = slot * _KEY_BYTES
        self._memory[at : at + _KEY_BYTES] = _FREE

    def _search(self, packed: bytes, start: int, end: int) -> int:
        """Return where a key begins between two places, else -1. A match across two keys is none."""
        at = self._find(packed, start, end)
        while at >= 0 and at % _KEY_BYTES:
            at = self._find(packed, at + 1, end)
        return at
