"""Adjacency: which seats of a drawn row sit side by side, computed from their coordinates.

A plan lists a row's seats with coordinates. The listed order alone is not enough: an aisle may divide a row,
and the seats of a long table face each other. The seats of each returned run are neighbours as listed.
Nothing is adjacent across two runs. Plans have no common unit, so distances count in the row's own usual
pitch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import dist, hypot
from statistics import median, median_low

__all__ = ["Place", "middle_of", "runs_of", "usual_pitch"]

Place = tuple[float, float]

_MAX_PITCHES = 1.75
"""A wider gap divides. A removed seat leaves 2 pitches, an aisle 2 or more, a wheelchair space about 1.5."""
_MAX_ROW_PITCH = 3.0
"""A row whose own pitch exceeds this many pitches of the whole plan consists of single seats."""
_MAX_ACROSS = 1.2
"""Max distance of neighbours on one side, in distances between seats that face each other."""
_MAX_BEND = 0.25
"""Max distance of one side's seats from their line, in distances between both sides."""
_MAX_SLANT = 1.3
"""Max distance of two seats that face each other, in distances between both sides. A row that steps back has none."""


def runs_of(places: Sequence[Place], plan_pitch: float | None = None) -> list[list[int]]:
    """Return runs of neighbours as indexes into `places`, each from left to right, or top to bottom.

    Args:
        plan_pitch: the usual distance of neighbours in the whole plan. It decides about rows with too few
        seats
            to have a usual distance of their own.
    """
    sides, side_pitch = _sides(places)
    runs: list[list[int]] = []
    for side in sides:
        runs += _divided(places, _walk(places, side), plan_pitch, side_pitch)
    return runs


def usual_pitch(rows: Sequence[Sequence[Place]]) -> float | None:
    """Return the median of each seat's distance to the nearest seat of its row; None if every row has one seat."""
    found = [near for row in rows for near in _nearest(row) if near > 0]
    return median(found) if found else None


def middle_of(places: Sequence[Place]) -> Place:
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _sides(places: Sequence[Place]) -> tuple[list[list[int]], float | None]:
    """Return both long sides of a table if the seats stand on two straight lines, else all seats as one side.

    A table also has a pitch, that of its denser side.
    """
    all_seats = list(range(len(places)))
    if len(places) < 4:
        return [all_seats], None
    for axis in _directions(places):
        across = [x * axis[1] - y * axis[0] for x, y in places]
        order = sorted(all_seats, key=across.__getitem__)
        gaps = [across[b] - across[a] for a, b in pairwise(order)]
        widest = max(range(len(gaps)), key=gaps.__getitem__)
        one, other = order[: widest + 1], order[widest + 1 :]
        bend = max(across[one[-1]] - across[one[0]], across[other[-1]] - across[other[0]])
        if min(len(one), len(other)) < 2 or bend > _MAX_BEND * gaps[widest]:
            continue
        pitch = min(_pitch_along(places, side, axis) for side in (one, other))
        between = min(dist(places[a], places[b]) for a in one for b in other)
        if between > _MAX_SLANT * gaps[widest]:
            continue
        # Four seats round a square table also stand on two lines, but they sit together.
        if 0 < pitch < between * (_MAX_ACROSS if len(places) > 4 else 1 - 1e-9):
            return [sorted(one), sorted(other)], pitch
    return [all_seats], None


def _directions(places: Sequence[Place]) -> list[Place]:
    """Return two unit vectors: along the main axis of the seats, and across it."""
    x, y = _main_axis(places)
    length = hypot(x, y) or 1.0
    return [(x / length, y / length), (-y / length, x / length)]


def _pitch_along(places: Sequence[Place], side: Sequence[int], axis: Place) -> float:
    along = sorted(places[at][0] * axis[0] + places[at][1] * axis[1] for at in side)
    return median_low(b - a for a, b in pairwise(along))


def _main_axis(places: Sequence[Place]) -> Place:
    middle_x, middle_y = middle_of(places)
    centred = [(x - middle_x, y - middle_y) for x, y in places]
    wide, high = sum(x * x for x, _ in centred), sum(y * y for _, y in centred)
    slope = sum(x * y for x, y in centred)
    if slope == 0:
        return (1.0, 0.0) if wide >= high else (0.0, 1.0)
    return (wide, slope) if wide >= high else (slope, high)


def _walk(places: Sequence[Place], side: list[int]) -> list[int]:
    """Order the seats left to right along their line. The listed order wins if its walk is not longer."""
    if len(side) < 2:
        return side
    axis = _main_axis([places[at] for at in side])
    along = sorted(side, key=lambda at: places[at][0] * axis[0] + places[at][1] * axis[1])
    walk = along if _length(places, along) < _length(places, side) * (1 - 1e-9) else side
    (first_x, first_y), (last_x, last_y) = places[walk[0]], places[walk[-1]]
    right, down = last_x - first_x, last_y - first_y
    return walk[::-1] if (right if abs(right) >= abs(down) else down) < 0 else walk


def _divided(
    places: Sequence[Place], walk: list[int], plan_pitch: float | None, side_pitch: float | None
) -> list[list[int]]:
    """Divide the walk wherever a gap is clearly wider than the row's usual pitch."""
    gaps = [dist(places[a], places[b]) for a, b in pairwise(walk)]
    positive = [gap for gap in gaps if gap > 0]
    if not positive:
        return [walk]
    usual = median_low(positive)
    if plan_pitch is not None:
        usual = min(usual, plan_pitch if len(walk) == 2 else _MAX_ROW_PITCH * plan_pitch)
    if side_pitch is not None:
        usual = min(usual, side_pitch)
    runs = [[walk[0]]]
    for gap, at in zip(gaps, walk[1:], strict=True):
        if gap > _MAX_PITCHES * usual:
            runs.append([])
        runs[-1].append(at)
    return runs


def _length(places: Sequence[Place], walk: Sequence[int]) -> float:
    return sum(dist(places[a], places[b]) for a, b in pairwise(walk))


def _nearest(row: Sequence[Place]) -> list[float]:
    """Return each seat's distance to the nearer of its neighbours in the walk's order."""
    walk = _walk(row, list(range(len(row))))
    gaps = [dist(row[a], row[b]) for a, b in pairwise(walk)]
    return [min(pair) for pair in pairwise([gaps[0], *gaps, gaps[-1]])] if gaps else []
