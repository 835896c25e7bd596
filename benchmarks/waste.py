"""Waste: the seats that best available leaves unsold, and the groups that it splits, beside three other ways.

Groups of 2, 3, 4 and 6 come in random order until one is refused. Each gets a block side by side. A group that
gets none is split, in the same way for all ways; a refusal ends the sale. Seats that no such group can have do
not count: wheelchair places, and whole tables of other sizes.

Run it: `python -m benchmarks.waste`. It needs no database, and takes about a minute.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import mean
from typing import Any

from holdfast import samples
from holdfast.inventory.seating.fits import COMMON_SIZES
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.picker import SeatPicker
from holdfast.inventory.seating.search import nearest
from holdfast.inventory.seating.seat_index import RowIndex, by_gaps, starts_of_runs
from holdfast.inventory.seating.seat_map import SeatMap

SEEDS = 6
HOUSES: dict[str, Callable[[], dict[str, Any]]] = {
    "horseshoe": samples.horseshoe,
    "arena": samples.arena,
    "beer hall": samples.beer_hall,
}

Choose = Callable[[RowIndex, int, int], int]
"""Takes the rows, a pool of free seats and a size; returns the bit of the chosen block's first seat, or 0."""


def leftmost(_rows: RowIndex, pool: int, n: int) -> int:
    """Return the first block of the first row that has one."""
    starts = starts_of_runs(pool, n)
    return starts & -starts


def tightest(_rows: RowIndex, pool: int, n: int) -> int:
    """Return the beginning of the shortest run that is long enough, the first of them."""
    length = n
    while starts := starts_of_runs(pool, length):
        exact = starts & ~(pool << 1) & ~(pool >> length)
        if exact:
            return exact & -exact
        length += 1
    return 0


def middle(rows: RowIndex, pool: int, n: int) -> int:
    """Return what Holdfast chose before it weighed fits: the fewest gaps, then the nearest to the middle."""
    blocks = next((each for each in by_gaps(pool, starts_of_runs(pool, n), n) if each), 0)
    shift = (n - 1) // 2
    return nearest(blocks << shift, rows.distance_planes(n), 1) >> shift if blocks else 0


WAYS: dict[str, Choose | None] = {
    "the leftmost block": leftmost,
    "the tightest run": tightest,
    "fewest gaps, nearest to the middle (before)": middle,
    "fewest gaps, fewest fits lost (now)": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    together: float
    """The share of seats that were sold before the first group could not sit together."""
    sold: float
    split: float
    """The share of groups that were split."""
    off_centre: float
    """The mean distance of the first groups from the middle of their rows, in half rows."""


def sell(seat_map: SeatMap, choose: Choose | None, seed: int) -> Sale:
    """Sell the whole house to random groups. None stands for the picker's own choice."""
    rows, chance = seat_map.rows, random.Random(seed)  # noqa: S311 - repeatable
    picker, free = SeatPicker(rows), rows.seats
    capacity = sum(_usable(seat_map))
    sold = groups = split = 0
    together: int | None = None
    distances: list[float] = []
    while True:
        n = chance.choice(COMMON_SIZES)
        block = picker.best(n) if choose is None else _choice(rows, free, choose, n)
        if block is None:
            together = sold if together is None else together
            block = picker.best(n, together=False)
            if block is None:
                break
            split += 1
        elif sold < 0.3 * capacity:
            distances.append(_off_centre(rows, block))
        picker.take(block)
        free ^= rows.mask(block)
        sold += n
        groups += 1
    return Sale(
        together=together / capacity,
        sold=sold / capacity,
        split=split / groups,
        off_centre=mean(distances),
    )


def _choice(rows: RowIndex, free: int, choose: Choose, n: int) -> tuple[int, ...] | None:
    for category in rows.categories:
        for pool in rows.pools.of(category, n):
            start = choose(rows, pool & free, n)
            if start:
                return rows.block(start.bit_length() - 1, n)
    return None


def _usable(seat_map: SeatMap) -> Iterator[bool]:
    for number in range(1, seat_map.size + 1):
        table = len(seat_map.table_of(number))
        yield not seat_map.traits_of(number) & 3 and (table == 1 or table in COMMON_SIZES)


def _off_centre(rows: RowIndex, block: tuple[int, ...]) -> float:
    row, place = rows.place_of(block[0])
    return abs(2 * place + len(block) - rows.widths[row]) / rows.widths[row]


def measured(seeds: int = SEEDS, houses: Iterator[str] | None = None) -> dict[tuple[str, str], Sale]:
    """Return the mean sale of each house and way."""
    found: dict[tuple[str, str], Sale] = {}
    for house in houses or HOUSES:
        layout = parse_seat_map(HOUSES[house]())
        seat_map = SeatMap.build(layout.seats, 1, categories=layout.categories)
        for way, choose in WAYS.items():
            sales = [sell(seat_map, choose, seed) for seed in range(seeds)]
            found[house, way] = Sale(
                **{name: mean(getattr(sale, name) for sale in sales) for name in Sale.__slots__}
            )
    return found


def main() -> None:
    print("| House | Way | Sold before the first split | Sold | Groups split | Off centre |")
    print("|---|---|---:|---:|---:|---:|")
    for (house, way), sale in measured().items():
        print(
            f"| {house} | {way} | {sale.together:.1%} | {sale.sold:.1%} | {sale.split:.2%}"
            f" | {sale.off_centre:.2f} |"
        )


if __name__ == "__main__":
    main()
