"""Seat groups: which free seats of a row are side by side, and which groups of a size fit there.

`static/groups.js` finds the same groups while the page is open.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import pairwise

from holdfast.inventory.seating.forms import seat_part
from holdfast.inventory.seating.seat_map import Seat, SeatMap

__all__ = ["MAX_GROUPS", "ends_of", "free_runs", "groups_of", "span_of"]

MAX_GROUPS = 6
"""The number of groups that a row offers. A longer list would hide the seats."""


def free_runs(seat_map: SeatMap, numbers: Sequence[int], taken: Container[int]) -> list[list[int]]:
    """Return the free seats of a row in runs of neighbours, from left to right."""
    free = [number for number in numbers if number not in taken]
    runs = [[number] for number in free[:1]]
    for one, other in pairwise(free):
        if seat_map.position_of(other) == seat_map.position_of(one) + 1:
            runs[-1].append(other)
        else:
            runs.append([other])
    return runs


def groups_of(runs: Sequence[Sequence[int]], size: int) -> list[Sequence[int]]:
    """Return groups of `size` neighbours: side by side from the left of each run, and one at its right end."""
    found: list[Sequence[int]] = []
    for run in runs:
        last = len(run) - size
        if size > 1 and last >= 0:
            found += [run[at : at + size] for at in (*range(0, last, size), last)]
    return found[:MAX_GROUPS]


def ends_of(seats: Sequence[Seat]) -> tuple[str, str]:
    """Return the names at the ends of a run, the lower number first: a row may be numbered from the right."""
    first, last = (seat.name or seat_part(seat.label) for seat in (seats[0], seats[-1]))
    if first.isdecimal() and last.isdecimal() and int(first) > int(last):
        return last, first
    return first, last


def span_of(seats: Sequence[Seat]) -> str:
    """Return the names of a run: a range for 2, 3 and 4, but "7, 9" for neighbours whose numbers leave some out."""
    first, last = ends_of(seats)
    if len(seats) == 1:
        return first
    if first.isdecimal() and last.isdecimal() and int(last) - int(first) == len(seats) - 1:
        return f"{first}–{last}"
    names = [seat.name or seat_part(seat.label) for seat in seats]
    return ", ".join(names if names[0] == first else reversed(names))
