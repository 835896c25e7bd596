"""Ranking: the rows of a map, ordered by their best block of n seats of one category, and kept up to date.

A search of the whole map takes thirty operations on an integer as long as the map. On the day of an on-sale
the same request repeats. Then only the rows that changed since the last request are read. The order is that
of a search: fewest new single gaps, fewest fits lost, nearest to the middle of the row, earliest row, leftmost
(`picker.py`). Most houses have many equal rows, so the best block of a row's pattern is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from heapq import heapify, heappop, heappush

from holdfast.inventory.seating.fits import least_loss
from holdfast.inventory.seating.seat_index import by_gaps, starts_of_runs

_STALE = 4
"""Max entries of the heap per row. Most are blocks that are no longer the best. Beyond it, the heap is rebuilt."""

MAX_KEPT_ROWS = 8_192
"""Patterns of rows whose best block a process keeps: about 2 MB."""

Block = tuple[int, int, int, int, int]
"""New gaps, fits lost, twice the distance from the middle of the row, the row, the place of the first seat."""


class Ranking:
    """Ranks the rows of one map for one category and size.

    `free`: the free seats of each row as bits, of all categories. The caller keeps them up to date, and adds
    rows that changed to `changed`. `seats`: the seats of the category. `widths`: the number of places of each
    row.
    """

    __slots__ = ("_best", "_free", "_n", "_order", "_seats", "_widths", "changed")

    def __init__(self, free: Sequence[int], seats: Sequence[int], widths: Sequence[int], n: int) -> None:
        self._free = free
        self._seats = seats
        self._widths = widths
        self._n = n
        self._best: list[Block | None] = [None] * len(free)
        self._order: list[Block] = []
        """A heap of all blocks that are or were the best of their rows."""
        self.changed = {row for row, mask in enumerate(seats) if mask}

    def best(self) -> tuple[int, int] | None:
        """Return the best block as (row, place of its first seat in the row), or None if no row has one."""
        best, order = self._best, self._order
        for row in self.changed:
            block = self._block_of(row)
            if block != best[row]:
                best[row] = block
                if block is not None:
                    heappush(order, block)
        self.changed.clear()
        if len(order) > _STALE * len(best):
            order[:] = [block for block in best if block is not None]
            heapify(order)
        while order:
            *_, row, start = order[0]
            if best[row] == order[0]:
                return row, start
            heappop(order)
        return None

    def _block_of(self, row: int) -> Block | None:
        place = _best_in_row(self._free[row], self._seats[row], self._widths[row], self._n)
        return None if place is None else (*place[:3], row, place[3])


@lru_cache(maxsize=MAX_KEPT_ROWS)
def _best_in_row(free: int, seats: int, width: int, n: int) -> tuple[int, int, int, int] | None:
    """Return the new gaps, fits lost and distance of the best block of a row, and the place of its first seat."""
    pool = free & seats
    starts = starts_of_runs(pool, n)
    if not starts:
        return None
    gaps, blocks = next((gaps, found) for gaps, found in enumerate(by_gaps(free, starts, n)) if found)
    lost, starts = least_loss(pool, blocks, n)
    room = width - n
    middle = room >> 1
    inner, outer = starts & (2 << middle) - 1, starts >> middle + 1
    at, distance = inner.bit_length() - 1, room - 2 * (inner.bit_length() - 1)
    if outer:
        beyond = middle + (outer & -outer).bit_length()
        if not inner or 2 * beyond - room < distance:
            at, distance = beyond, 2 * beyond - room
    return gaps, lost, distance, at
