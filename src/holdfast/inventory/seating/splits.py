"""Splits: seats for a party that cannot sit together, in as few pieces as possible."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.inventory.seating.pools import WholeTable
from holdfast.inventory.seating.search import best_block, best_runs
from holdfast.inventory.seating.seat_index import RowIndex, starts_of_runs


def split(rows: RowIndex, free: int, n: int, categories: Sequence[str]) -> tuple[int, ...] | None:
    """Return n seats of the first category that has them, or of several; None if the free seats do not suffice.

    Tables that are sold whole come last, because only some of them add up to the number that is missing.
    """
    single = [[free & pool for pool in rows.pools.of(name, 0)] for name in categories]
    for pools in single:
        for pool in pools:
            if pool.bit_count() >= n:
                return _pieces(rows, n, pool, free)
    every = [pools[-1] for pools in single]
    total = sum(pool.bit_count() for pool in every)
    if total >= n:
        return _of_each(rows, n, every, free)
    tables = [
        table for name in categories for table in rows.pools.tables(name) if table.mask & free == table.mask
    ]
    chosen = _fitting(tables, n - total, n)
    if chosen is None:
        return None
    seats = tuple(number for table in chosen for number in table.numbers)
    return seats + _of_each(rows, n - len(seats), every, free)


def _fitting(tables: Sequence[WholeTable], least: int, most: int) -> tuple[WholeTable, ...] | None:
    """Return the fewest tables with at least `least` and at most `most` seats; of these the most seats."""
    reached: dict[int, tuple[WholeTable, ...]] = {0: ()}
    for table in tables:
        for seats, before in list(reached.items()):
            more = seats + len(table.numbers)
            if more <= most and (more not in reached or len(reached[more]) > len(before) + 1):
                reached[more] = (*before, table)
    enough = [(len(chosen), -seats) for seats, chosen in reached.items() if seats >= least]
    return reached[-min(enough)[1]] if enough else None


def _of_each(rows: RowIndex, n: int, pools: Sequence[int], free: int) -> tuple[int, ...]:
    """Return n seats of category after category: all seats of the earlier ones."""
    chosen: tuple[int, ...] = ()
    for pool in pools:
        wanted = min(n - len(chosen), pool.bit_count())
        if wanted:
            chosen += _pieces(rows, wanted, pool, free)
            free ^= pool  # only the last category keeps free seats, and nothing reads it afterwards
    return chosen


def _pieces(rows: RowIndex, n: int, pool: int, free: int) -> tuple[int, ...]:
    """Return n seats in the fewest runs, out of a pool of at least n."""
    chosen: list[int] = []
    while n:
        length, runs = _longest_runs(pool)
        if n <= length:
            best = best_block(rows, free, pool, starts_of_runs(pool, n), n)
            chosen.extend(rows.block(best, n))
            break
        # No run is longer than these, so they do not touch each other. Take as many as fit together.
        starts = best_runs(rows, free, runs, length, n // length)
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
