"""Hold table: the counted holds of all buyers, in memory that all workers of a server share.

A row has 32 slots, and their buyers lie together, so that one search of 256 bytes finds a buyer's holds. An index leads
from a hold to its slot. Writes take no lock, for the reason of `rate_table.py`: a slot's buyer is written last and read
first. Each process looks for a free slot from another place, so that two of them seldom meet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from sys import byteorder

from holdfast.limits.shared_memory import shared_memory

__all__ = ["HoldTable"]

ROWS = 8_192
"""With 32 holds in each: a quarter of a million live holds of limited buyers in a server."""

_SLOTS = 32
_KEY_BYTES = 8
_ROW_BYTES = _SLOTS * _KEY_BYTES
_COLUMN_BYTES = ROWS * _ROW_BYTES
_FREE = bytes(_KEY_BYTES)

_INDEX = 1 << 19
_PROBES = 16
_INDEX_BYTES = 4 * (_INDEX + _PROBES)
_PLACES = _INDEX - 1

_ADMISSION_BITS = 32
_ADMISSIONS = (1 << _ADMISSION_BITS) - 1


class HoldTable:
    """A table in files of this folder; without one, in memory of this process. A buyer is a 64-bit number, not 0."""

    def __init__(self, folder: Path | None) -> None:
        memory = shared_memory(folder and folder / "holds", 4 * _COLUMN_BYTES)
        view = memoryview(memory)
        self._memory = memory
        self._find = memory.find
        self._buyers = view[:_COLUMN_BYTES].cast("Q")
        self._holds = view[_COLUMN_BYTES : 2 * _COLUMN_BYTES].cast("Q")
        self._ends = view[2 * _COLUMN_BYTES : 3 * _COLUMN_BYTES].cast("d")
        self._counts = view[3 * _COLUMN_BYTES :].cast("Q")
        """The admissions; above them the next slot of the same hold and one, if it has several buyers."""
        self._index = memoryview(shared_memory(folder and folder / "holds-by-id", _INDEX_BYTES)).cast("I")
        """By the end of a hold's number: its first slot and one."""
        self._own_start = os.getpid() % _SLOTS * _KEY_BYTES

    def add(self, buyer: int, hold: int, until: float, admissions: int) -> tuple[int | None, bool]:
        """Store a hold. Return its slot, None if the row is full; and whether the buyer has others, if only perhaps."""
        row = buyer % ROWS * _SLOTS
        start, end = row * _KEY_BYTES, (row + _SLOTS) * _KEY_BYTES
        at = self._find(_FREE, start + self._own_start, end)
        if at >= 0 and not at % _KEY_BYTES:
            slot = at // _KEY_BYTES
        else:  # a match across two buyers is none
            found = self._free_slot(row)
            if found is None:
                return None, True
            slot = found
        self._holds[slot] = hold
        self._ends[slot] = until
        self._counts[slot] = admissions
        self._buyers[slot] = buyer
        return slot, self._memory[start:end].count(buyer.to_bytes(_KEY_BYTES, byteorder)) > 1

    def _free_slot(self, row: int) -> int | None:
        first = self._own_start // _KEY_BYTES
        for place in range(first, first + _SLOTS):
            slot = row + place % _SLOTS
            if not self._buyers[slot]:
                return slot
        return None

    def slots_of(self, buyer: int) -> list[int]:
        row = buyer % ROWS * _SLOTS
        buyers = self._buyers[row : row + _SLOTS].tolist()
        return [row + place for place, one in enumerate(buyers) if one == buyer]

    def row_of(self, buyer: int) -> range:
        """Return all slots in which a hold of the buyer may be."""
        row = buyer % ROWS * _SLOTS
        return range(row, row + _SLOTS)

    def get(self, slot: int) -> tuple[int, int, float, int]:
        """Return the buyer, 0 in a free slot; the hold, the time of its lapse, and its admissions."""
        return self._buyers[slot], self._holds[slot], self._ends[slot], self._counts[slot] & _ADMISSIONS

    def set(self, slot: int, hold: int, until: float, admissions: int) -> None:
        self._holds[slot] = hold
        self._ends[slot] = until
        self._counts[slot] = self._counts[slot] & ~_ADMISSIONS | admissions

    def clear(self, slot: int) -> None:
        self._buyers[slot] = 0

    def link(self, slot: int, following: int) -> None:
        """Let a further buyer's slot of the same hold follow."""
        self._counts[slot] |= following + 1 << _ADMISSION_BITS

    def slots_from(self, slot: int, hold: int) -> Iterator[int]:
        """Yield the slots of a hold. A slot that another hold took over at the same moment is none of them."""
        while True:
            following = self._counts[slot] >> _ADMISSION_BITS
            if self._holds[slot] != hold or not self._buyers[slot]:
                return
            yield slot
            if not following:
                return
            slot = following - 1

    def place(self, slot: int, hold: int, until: float, admissions: int) -> None:
        """Correct what a hold takes in its slots from this one on, and let `find` and `take` lead to them."""
        counts, index = self._counts, self._index
        if self._holds[slot] != hold:
            return
        if counts[slot] <= _ADMISSIONS:
            self._ends[slot] = until
            counts[slot] = admissions
        else:
            for each in self.slots_from(slot, hold):
                self.set(each, hold, until, admissions)
        at = hold & _PLACES
        if not index[at]:
            index[at] = slot + 1
            return
        for place in range(at, at + _PROBES):
            if not index[place] or self._is_stale(index[place] - 1, place):
                index[place] = slot + 1
                return

    def _is_stale(self, slot: int, place: int) -> bool:
        """Return whether the slot has no hold to which this place of the index may lead."""
        return not (self._buyers[slot] and 0 <= place - (self._holds[slot] & _PLACES) < _PROBES)

    def find(self, hold: int) -> int | None:
        """Return the first slot of a hold, which `place` has named."""
        at = self._place_of(hold)
        return None if at is None else self._index[at] - 1

    def forget(self, hold: int) -> None:
        at = self._place_of(hold)
        if at is not None:
            self._index[at] = 0

    def _place_of(self, hold: int) -> int | None:
        at = hold & _PLACES
        for place in range(at, at + _PROBES):
            known = self._index[place]
            if known and self._holds[known - 1] == hold:
                return place
        return None

    def take(self, hold: int) -> tuple[int, bool] | None:
        """End a hold of one buyer. Return the buyer, and whether it has others, if only perhaps.

        None if the hold has more buyers, or is not counted.
        """
        index, at = self._index, hold & _PLACES
        known = index[at]
        slot = known - 1
        if not known or self._holds[slot] != hold or self._counts[slot] > _ADMISSIONS:
            return None
        index[at] = 0
        buyer = self._buyers[slot]
        if not buyer:
            return None
        self._buyers[slot] = 0
        start = slot // _SLOTS * _ROW_BYTES
        packed = buyer.to_bytes(_KEY_BYTES, byteorder)
        return buyer, packed in self._memory[start : start + _ROW_BYTES]
