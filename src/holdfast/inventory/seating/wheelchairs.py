"""Wheelchairs: the best seats for a party with a wheelchair.

Its block has a wheelchair place, and the place's companion seat where the party has more than one person. In
this order a block takes the fewest wheelchair places, strands the fewest places and companion seats, has the
most companion seats, makes the fewest single gaps, and is the nearest to the middle of its row. Then the
earlier row wins, then the left.
"""

from __future__ import annotations

from holdfast.inventory.seating.seat_index import RowIndex, bits_of, by_gaps, starts_of_runs


def best_with_wheelchair(rows: RowIndex, free: int, n: int, category: str) -> tuple[int, ...] | None:
    """Return the numbers of n adjacent free seats with a wheelchair place among them, or None."""
    pools = rows.pools
    pool = free & pools.beside_wheelchairs(category, n)
    near = places = pool & pools.wheelchairs
    for _ in range(n - 1):
        near |= near >> 1
    starts = starts_of_runs(pool, n) & near
    if not starts:
        return None
    companions = free & pools.companions
    found = []
    kept: dict[int, tuple[int, int, int]] = {}
    for bit in bits_of(starts):
        row, place = rows.place_at(bit)
        if row not in kept:
            kept[row] = rows.row_of(places, row), rows.row_of(companions, row), rows.row_of(free, row)
        rank = _rank(*kept[row], place, n)
        distance = abs(2 * place + n - rows.widths[row])
        found.append((rank, distance, row, place))
    _, _, row, place = min(found)
    return rows.block_in(row, place, n)


def _rank(places: int, companions: int, free: int, place: int, n: int) -> tuple[int, int, int, int]:
    block = ((1 << n) - 1) << place
    stranded = _lonely(places & ~block, companions & ~block) - _lonely(places, companions)
    gaps = [bool(blocks) for blocks in by_gaps(free, 1 << place, n)].index(True)
    return (places & block).bit_count(), stranded, -(companions & block).bit_count(), gaps


def _lonely(places: int, companions: int) -> int:
    """Return the number of places without a companion seat beside them, and of companion seats without a place."""
    alone = places & ~(companions << 1 | companions >> 1)
    useless = companions & ~(places << 1 | places >> 1)
    return alone.bit_count() + useless.bit_count()
