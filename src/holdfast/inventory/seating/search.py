"""Search: the best of many blocks of a map, found with operations on the whole line of bits."""

from __future__ import annotations

from holdfast.inventory.seating.fits import least_loss
from holdfast.inventory.seating.seat_index import RowIndex, bits_of, by_gaps


def best_block(rows: RowIndex, free: int, pool: int, starts: int, n: int) -> int:
    """Return the best of the starts of blocks of n, as the place of its bit."""
    blocks = next(each for each in by_gaps(free, starts, n) if each)
    _, blocks = least_loss(pool, blocks, n)
    shift = (n - 1) // 2
    return (nearest(blocks << shift, rows.distance_planes(n), 1) >> shift).bit_length() - 1


def best_runs(rows: RowIndex, free: int, starts: int, n: int, count: int) -> int:
    """Return the `count` best of the starts of runs of n as a mask, or all starts if there are fewer.

    A whole run leaves nothing of itself, so all of them lose the same fits.
    """
    shift = (n - 1) // 2
    chosen = 0
    for blocks in by_gaps(free, starts, n):
        if not blocks:
            continue
        best = nearest(blocks << shift, rows.distance_planes(n), count) >> shift
        chosen |= best
        count -= best.bit_count()
        if not count:
            break
    return chosen


def nearest(blocks: int, planes: tuple[int, ...], count: int) -> int:
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
