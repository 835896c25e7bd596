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

from holdfast.inventory.seating.fits import least_loss
from holdfast.inventory.seating.ranking import Ranking
from holdfast.inventory.seating.seat_index import RowIndex, bits_of, by_gaps, starts_of_runs

RANKED_AFTER = 8
"""Searches for n seats of a category before its blocks are ranked. The first ranking reads each row."""
RANKED_APART = 256
"""Min searches between two first rankings, so that no batch waits for several of them."""
MAX_RANKINGS = 16
"""Each ranking adds work to every move. Requests beyond this limit are searched for."""


class SeatPicker:
    """The free seats of one event.

    A caller that takes a taken seat, or frees a free one, has a bug and gets ValueError.
    """

    __slots__ = ("_by_row", "_free", "_is_free", "_rankings", "_searches_of", "_searches_since", "rows")

    def __init__(self, rows: RowIndex, taken: Iterable[int] = ()) -> None:
        taken = tuple(taken)
        self.rows = rows
        self._free = rows.seats ^ rows.mask(taken)
        self._is_free = bytearray(b"\1" * (rows.highest_number + 1))
        """The same by seat number. Testing one bit of the long integer would copy all of it."""
        for number in taken:
            self._is_free[number] = 0
        self._searches_of: dict[tuple[int, str], int] = {}
        self._searches_since = RANKED_APART
        """Searches since the last first ranking."""
        self._rankings: dict[tuple[int, str], Ranking] = {}
        self._by_row: list[int] = []
        """The free seats of each row, kept while there are rankings."""

    def take(self, numbers: Collection[int]) -> None:
        if not numbers:
            return
        mask = self.rows.mask(numbers)
        if mask & self._free != mask:
            raise ValueError("a seat that is not free cannot be taken")
        self._free ^= mask
        self._mark(numbers, 0)

    def free(self, numbers: Collection[int]) -> None:
        if not numbers:
            return
        mask = self.rows.mask(numbers)
        if mask & self._free:
            raise ValueError("a free seat cannot be freed")
        self._free |= mask
        self._mark(numbers, 1)

    def is_free(self, number: int) -> bool:
        return self._is_free[number] == 1

    def _mark(self, numbers: Iterable[int], free: int) -> None:
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
        masks = self.rows.category_masks
        wanted = self.rows.categories if category is None else (category,)
        names = [name for name in wanted if name in masks]
        for name in names:
            block = self._block(n, name)
            if block is not None:
                return block
        if together:
            return None
        return self._split(n, [self._free & masks[name] for name in names])

    def _block(self, n: int, category: str) -> tuple[int, ...] | None:
        ranking = self._rankings.get((n, category)) or self._ranking(n, category)
        if ranking is not None:
            best = ranking.best()
            return None if best is None else self.rows.block_in(*best, n)
        pool = self._free & self.rows.category_masks[category]
        blocks = starts_of_runs(pool, n)
        if not blocks:
            return None
        return self.rows.block(_best_block(self.rows, self._free, pool, blocks, n), n)

    def _ranking(self, n: int, category: str) -> Ranking | None:
        """Return a new ranking once there were enough searches for n seats of the category."""
        searches = self._searches_of[n, category] = self._searches_of.get((n, category), 0) + 1
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
        ranking = self._rankings[n, category] = Ranking(self._by_row, rows.rows_of(category), rows.widths, n)
        return ranking

    def _split(self, n: int, pools: list[int]) -> tuple[int, ...] | None:
        counts = [pool.bit_count() for pool in pools]
        for pool, count in zip(pools, counts, strict=True):
            if count >= n:
                return self._pieces(n, pool, self._free)
        if sum(counts) < n:
            return None
        chosen: tuple[int, ...] = ()
        free = self._free
        for pool, count in zip(pools, counts, strict=True):
            wanted = min(n - len(chosen), count)
            if wanted:
                chosen += self._pieces(wanted, pool, free)
                free ^= pool  # only the last category keeps free seats, and nothing reads it afterwards
        return chosen

    def _pieces(self, n: int, pool: int, free: int) -> tuple[int, ...]:
        """Return n seats in the fewest runs, out of a pool of at least n."""
        rows = self.rows
        chosen: list[int] = []
        while n:
            length, runs = _longest_runs(pool)
            if n <= length:
                best = _best_block(rows, free, pool, starts_of_runs(pool, n), n)
                chosen.extend(rows.block(best, n))
                break
            # No run is longer than these, so they do not touch each other. Take as many as fit together.
            starts = _best_runs(rows, free, runs, length, n // length)
            taken = starts
            for _ in range(length - 1):
                taken |= taken << 1
            taken &= pool
            chosen.extend(rows.numbers(taken))
            n -= taken.bit_count()
            pool ^= taken
            free ^= taken
        return tuple(chosen)


def _longest_runs(pool: int) -> tuple[int, int]:
    """Return the length of the longest run of set bits, and a mask of the starts of runs of that length."""
    doublings = [pool]
    while doubled := doublings[-1] & doublings[-1] >> (1 << len(doublings) - 1):
        doublings.append(doubled)
    length, starts = 1 << len(doublings) - 1, doublings[-1]
    for power in reversed(range(len(doublings) - 1)):
        longer = starts & doublings[power] >> length
        if longer:
            starts = longer
            length += 1 << power
    return length, starts


def _best_block(rows: RowIndex, free: int, pool: int, starts: int, n: int) -> int:
    """Return the best of the starts of blocks of n, as the place of its bit."""
    blocks = next(each for each in by_gaps(free, starts, n) if each)
    _, blocks = least_loss(pool, blocks, n)
    shift = (n - 1) // 2
    return (_nearest(blocks << shift, rows.distance_planes(n), 1) >> shift).bit_length() - 1


def _best_runs(rows: RowIndex, free: int, starts: int, n: int, count: int) -> int:
    """Return the `count` best of the starts of runs of n as a mask, or all starts if there are fewer.

    A whole run leaves nothing of itself, so all of them lose the same fits.
    """
    shift = (n - 1) // 2
    chosen = 0
    for blocks in by_gaps(free, starts, n):
        if not blocks:
            continue
        nearest = _nearest(blocks << shift, rows.distance_planes(n), count) >> shift
        chosen |= nearest
        count -= nearest.bit_count()
        if not count:
            break
    return chosen


def _nearest(blocks: int, planes: tuple[int, ...], count: int) -> int:
    """Return the `count` blocks nearest to the middles of their rows; ties go to the earlier row, then to the
    left."""
    if count == 1:
        for plane in planes:
            nearer = blocks ^ (blocks & plane)
            if nearer:
                blocks = nearer
        return blocks & -blocks
    if blocks.bit_count() <= count:
        return blocks
    chosen = 0
    for plane in planes:
        farther = blocks & plane
        nearer = blocks ^ farther
        nearer_count = nearer.bit_count()
        if nearer_count >= count:
            blocks = nearer
        else:
            chosen |= nearer
            count -= nearer_count
            blocks = farther
        if not count:
            return chosen
    ends = bits_of(blocks)[count:]
    return chosen | (blocks & ((1 << ends[0]) - 1) if ends else blocks)
