"""Fits: what a choice of seats leaves for later parties, counted in parties of the common sizes.

A run of free seats *fits* as many parties of s as its length allows: a run of 12 fits two of six, or three of
four. A block loses the fits that its run had and that the two remainders do not have. Best available loses as
few as it can, so it fills runs exactly, and never leaves seats that no common party can use where it need not.

Only remainders matter: a remainder of 7 seats and one of 19 waste equally many for parties of 2, 3, 4 and 6.
So every block belongs to one of 12 x 12 cases, by the seats left and right of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import lcm

COMMON_SIZES = (2, 3, 4, 6)
"""The sizes of most parties, by the trade's habit: couples, families, two couples, groups of friends."""
_CYCLE = lcm(*COMMON_SIZES)

Level = tuple[int, Sequence[tuple[int, Sequence[int]]]]
"""The fits lost, and the cases that lose them: seats left of the block, and seats right of it."""


def fits_of(length: int) -> int:
    """Return the number of parties of each common size that a run of free seats can seat, added up."""
    return sum(length // size for size in COMMON_SIZES)


def least_loss(pool: int, starts: int, n: int) -> tuple[int, int]:
    """Return the fewest fits that a block of n loses, and the starts of all blocks that lose no more.

    Args:
        pool: the seats that may be given, a bit for each.
        starts: the blocks to choose from, each as the bit of its first seat; at least one.
    """
    left = [mask & starts for mask in _seats_before(pool)]
    right = [mask >> n - 1 for mask in _seats_behind(pool)]
    for lost, cases in _levels(n % _CYCLE):
        found = 0
        for before, behind in cases:
            if left[before]:
                either = 0
                for seats in behind:
                    either |= right[seats]
                found |= left[before] & either
        if found:
            return lost + fits_of(n - n % _CYCLE), found
    raise ValueError("a block needs free seats")


@cache
def _levels(n: int) -> Sequence[Level]:
    """Return all cases in the order of the fits that they lose."""
    cases: dict[int, dict[int, list[int]]] = {}
    for before in range(_CYCLE):
        for behind in range(_CYCLE):
            lost = fits_of(before + n + behind) - fits_of(before) - fits_of(behind)
            cases.setdefault(lost, {}).setdefault(before, []).append(behind)
    return [(lost, list(cases[lost].items())) for lost in sorted(cases)]


def _seats_before(pool: int) -> list[int]:
    """Return a mask for each remainder: the seats with that number of pool seats before them in their run."""
    pairs = pool & pool << 1
    fours = pairs & pairs << 2
    cycles = fours & fours << 4 & fours << 8  # a whole cycle of the pool ends here
    places, step = pool & ~(pool << 1), _CYCLE
    while cycles:
        places |= places << step & cycles
        cycles &= cycles << step
        step *= 2
    found = [places]
    for _ in range(_CYCLE - 1):
        places = places << 1 & pool
        found.append(places)
    return found


def _seats_behind(pool: int) -> list[int]:
    """Return the same for the pool seats behind."""
    pairs = pool & pool >> 1
    fours = pairs & pairs >> 2
    cycles = fours & fours >> 4 & fours >> 8
    places, step = pool & ~(pool >> 1), _CYCLE
    while cycles:
        places |= places >> step & cycles
        cycles &= cycles >> step
        step *= 2
    found = [places]
    for _ in range(_CYCLE - 1):
        places = places >> 1 & pool
        found.append(places)
    return found
