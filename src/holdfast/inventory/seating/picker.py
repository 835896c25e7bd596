"""Best available: the seats that the engine picks when the buyer names none.

A *block* is n physically adjacent free seats of one row and one category. The best block of a category is the
one with

1. the fewest new single gaps: free seats that it leaves without a free neighbour of any category;
2. the fewest fits lost: parties of the common sizes that its run of free seats could seat, and that what is
   left of it cannot (see `fits.py`);
3. its centre nearest to the middle of the row;
4. the earliest row in the map's order;
5. the leftmost place.

Categories are tried in the map's order first. Avoiding waste never changes the category.

*Together* returns the best block of the first category that has one, or nothing. *Not together* also prefers
such a block, in any category, and splits only if there is none. A split stays within the first category that
has n free seats. If no category has n, it takes all free seats of category after category. A split has the
fewest possible pieces: the longest free runs in full, the better ones first, and then the best block of the
remaining size. It never refuses while n seats are free.

The whole map is one long integer with a bit for each seat (see `seat_index.py`). A decision takes about
two hundred operations on it, however full or fragmented the map is. The search for the nearest to the middle is
bit-sliced: distances are written across the map in binary. Each plane, from the highest down, drops the
farther half unless nothing would be left. Frequent requests are served from a ranking of the rows (see
`ranking.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from holdfast.inventory.seating.ranking import Ranking
from holdfast.inventory.seating.search import best_block
from holdfast.inventory.seating.seat_index import RowIndex, starts_of_runs
from holdfast.inventory.seating.splits import split
from holdfast.inventory.seating.wheelchairs import best_with_wheelchair

RANKED_AFTER = 8
"""Searches for n seats of a category before its blocks are ranked. The first ranking reads each row."""
RANKED_APART = 256
"""Min searches between two first rankings, so that no batch waits for several of them."""
MAX_RANKINGS = 16
"""Each ranking adds work to every move. Requests beyond this limit are searched for."""

Question = tuple[int, str, int]
"""A number of seats, a category and one of its pools."""


class SeatPicker:
    """The free seats of one event.

    A caller that takes a taken seat, or frees a free one, has a bug and gets ValueError.
    """

    __slots__ = (
        "_by_row",
        "_entered",
        "_is_free",
        "_moved",
        "_rankings",
        "_searches_of",
        "_searches_since",
        "rows",
    )

    def __init__(self, rows: RowIndex, taken: Iterable[int] = ()) -> None:
        taken = tuple(taken)
        self.rows = rows
        self._entered = rows.seats ^ rows.mask(taken)
        """The free seats as one integer, without the latest moves."""
        self._moved: set[int] = set()
        """Seats that were taken or freed since. Entering each at once would be six passes over the long integer."""
        self._is_free = bytearray(b"\1" * (rows.highest_number + 1))
        """The present state by seat number. Testing one bit of the long integer would copy all of it."""
        for number in taken:
            self._is_free[number] = 0
        self._searches_of: dict[Question, int] = {}
        self._searches_since = RANKED_APART
        """Searches since the last first ranking."""
        self._rankings: dict[Question, Ranking] = {}
        self._by_row: list[int] = []
        """The free seats of each row, kept while there are rankings."""

    def take(self, numbers: Collection[int]) -> None:
        self.rows.check(numbers)
        if not all(map(self._is_free.__getitem__, numbers)):
            raise ValueError("a seat that is not free cannot be taken")
        self._mark(numbers, 0)

    def free(self, numbers: Collection[int]) -> None:
        self.rows.check(numbers)
        if any(map(self._is_free.__getitem__, numbers)):
            raise ValueError("a free seat cannot be freed")
        self._mark(numbers, 1)

    @property
    def _free(self) -> int:
        """The free seats as one integer."""
        if self._moved:
            self._entered ^= self.rows.mask(self._moved)
            self._moved.clear()
        return self._entered

    def is_free(self, number: int) -> bool:
        return self._is_free[number] == 1

    def _mark(self, numbers: Iterable[int], free: int) -> None:
        self._moved.symmetric_difference_update(numbers)
        by_row, rankings = self._by_row, self._rankings.values()
        for number in numbers:
            self._is_free[number] = free
            if rankings:
                row, place = self.rows.place_of(number)
                by_row[row] ^= 1 << place
                for ranking in rankings:
                    ranking.changed.add(row)

    def free_count(self, category: str | None = None) -> int:
        """Return the number of free seats, in all or in one category; 0 for a category that the map does not have."""
        if category is None:
            return self._free.bit_count()
        return (self._free & self.rows.category_masks.get(category, 0)).bit_count()

    def general_count(self, category: str | None = None) -> int:
        """Return the number of free seats that general parties may get."""
        pools = self.rows.pools
        return sum((self._free & pools.general(name)).bit_count() for name in self._names(category))

    def wheelchair_count(self, category: str | None = None) -> int:
        """Return the number of free wheelchair places."""
        free = self._free & self.rows.pools.wheelchairs
        return sum((free & self.rows.category_masks[name]).bit_count() for name in self._names(category))

    def free_numbers(self, category: str | None = None) -> tuple[int, ...]:
        """Return the free seats in row order, left to right."""
        mask = self._free if category is None else self._free & self.rows.category_masks.get(category, 0)
        return self.rows.numbers(mask)

    def best(self, n: int, category: str | None = None, *, together: bool = True) -> tuple[int, ...] | None:
        """Return the numbers of the n best seats, or None if there are not enough. Takes nothing.

        Raises ValueError if n is below 1.
        """
        if n < 1:
            raise ValueError("at least one seat must be requested")
        names, pools = self._names(category), self.rows.pools
        for name in names:
            for tier, pool in enumerate(pools.of(name, n)):
                block = self._block(n, pool, (n, name, tier))
                if block is not None:
                    return block
        return None if together else split(self.rows, self._free, n, names)

    def best_with_wheelchair(
        self, n: int, category: str | None = None, *, together: bool = True
    ) -> tuple[int, ...] | None:
        """Return the best n seats with a wheelchair place among them, or None. Takes nothing."""
        for size in range(n, 0, -1) if not together else (n,):
            for name in self._names(category):
                block = best_with_wheelchair(self.rows, self._free, size, name)
                if block is None:
                    continue
                if size == n:
                    return block
                self.take(block)
                rest = self.best(n - size, category, together=False)
                self.free(block)
                if rest is not None:
                    return (*block, *rest)
        return None

    def _names(self, category: str | None) -> list[str]:
        masks = self.rows.category_masks
        return [name for name in (self.rows.categories if category is None else (category,)) if name in masks]

    def _block(self, n: int, pool: int, question: Question) -> tuple[int, ...] | None:
        ranking = self._rankings.get(question) or self._ranking(n, pool, question)
        if ranking is not None:
            best = ranking.best()
            return None if best is None else self.rows.block_in(*best, n)
        pool &= self._free
        blocks = starts_of_runs(pool, n)
        if not blocks:
            return None
        return self.rows.block(best_block(self.rows, self._free, pool, blocks, n), n)

    def _ranking(self, n: int, pool: int, question: Question) -> Ranking | None:
        """Return a new ranking once there were enough searches for n seats of the pool."""
        searches = self._searches_of[question] = self._searches_of.get(question, 0) + 1
        self._searches_since += 1
        if (
            searches <= RANKED_AFTER
            or self._searches_since <= RANKED_APART
            or len(self._rankings) >= MAX_RANKINGS
        ):
            return None
        self._searches_since = 0
        if not self._rankings:
            self._by_row = self.rows.by_row(self._free)
        rows = self.rows
        ranking = self._rankings[question] = Ranking(self._by_row, rows.rows_of(pool), rows.widths, n)
        return ranking
