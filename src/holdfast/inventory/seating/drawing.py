"""Drawings: a seat map as the document that pages draw, with a position for every seat."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, isfinite, sqrt
from typing import Any

from holdfast.inventory.seating.seat_map import Row, SeatMap
from holdfast.inventory.seating.traits import flags_of

SPACING = 20
"""The distance between two seats, and between two rows, where the source gives no positions."""

_SECTION_SPACING = 3 * SPACING

_LINE = 100
"""A longer row is drawn folded. Thousands of bare labels form one row, which nobody could read as a picture."""


def document(seat_map: SeatMap) -> dict[str, Any]:
    """Return the map as `{version, capacity, size, categories, sections: [{name, rows: [{name, seats:
    [...]}]}]}`.

    Each seat has its `label`, `position` in the row, `category`, and `x` and `y`: its middle, from the top
    left corner of the drawing. It has `name` (the source's own seat number) and `guid` where the source gave
    them. Rows without positions are drawn straight, section beside section. The first row is at the top,
    where the stage is.
    """
    places, width, height = _places(seat_map)
    specs = list(seat_map.specs())
    sections: dict[str, list[dict[str, Any]]] = {}
    counts = dict.fromkeys(seat_map.categories, 0)
    for row in seat_map.seat_rows:
        seats = []
        for number in row.numbers:
            label, _, _, position, category, _, _, guid, name, traits = specs[number - 1]
            x, y = places[number - 1]
            drawn = {"label": label, "position": position, "category": category, "x": x, "y": y}
            drawn |= flags_of(traits)
            if name is not None:
                drawn["name"] = name
            if guid is not None:
                drawn["guid"] = guid
            counts[category] += 1
            seats.append(drawn)
        sections.setdefault(row.section, []).append({"name": row.row, "seats": seats})
    return {
        "version": seat_map.version,
        "capacity": seat_map.size,
        "size": {"width": width, "height": height},
        "categories": [{"name": name, "capacity": count} for name, count in counts.items()],
        "sections": [{"name": name, "rows": rows} for name, rows in sections.items()],
    }


def _places(seat_map: SeatMap) -> tuple[list[tuple[float, float]], float, float]:
    """Return a place for each seat in number order, and the size of the drawing."""
    places: list[tuple[float, float] | None] = [None] * seat_map.size
    missing: dict[str, list[Row]] = {}
    left = top = float("inf")
    right = bottom = float("-inf")
    for row in seat_map.seat_rows:
        given = [seat_map.place_of(number) for number in row.numbers]
        if any(place is None for place in given):
            missing.setdefault(row.section, []).append(row)
            continue
        for number, place in zip(row.numbers, given, strict=True):
            if place is not None:
                places[number - 1] = place
                left, right = min(left, place[0]), max(right, place[0])
                top, bottom = min(top, place[1]), max(bottom, place[1])
    if not isfinite(left):
        left = top = right = 0.0
        bottom = -float(_SECTION_SPACING)
    if missing:
        drawn = _draw_straight(seat_map, missing.values(), (left, bottom + _SECTION_SPACING))
        for number, (x, y) in drawn.items():
            places[number - 1] = (x, y)
            right, bottom = max(right, x), max(bottom, y)
    shift_x, shift_y = SPACING - left, SPACING - top
    return (
        [(_tidy(place[0] + shift_x), _tidy(place[1] + shift_y)) for place in places if place is not None],
        _tidy(right + shift_x + SPACING),
        _tidy(bottom + shift_y + SPACING),
    )


def _draw_straight(
    seat_map: SeatMap, sections: Iterable[list[Row]], corner: tuple[float, float]
) -> dict[int, tuple[float, float]]:
    """Place sections side by side in lines, so that the drawing is about as wide as it is high."""
    blocks = [_draw_section(seat_map, rows) for rows in sections]
    surface = sum((width + _SECTION_SPACING) * (height + _SECTION_SPACING) for _, width, height in blocks)
    line_width = max([ceil(1.4 * sqrt(surface)), *[width for _, width, _ in blocks]])
    drawn: dict[int, tuple[float, float]] = {}
    left, top, line_height = 0, 0, 0
    for seats, width, height in blocks:
        if left and left + width > line_width:
            left, top, line_height = 0, top + line_height + _SECTION_SPACING, 0
        for number, x, y in seats:
            drawn[number] = (corner[0] + left + x, corner[1] + top + y)
        left += width + _SECTION_SPACING
        line_height = max(line_height, height)
    return drawn


def _draw_section(seat_map: SeatMap, rows: list[Row]) -> tuple[list[tuple[int, float, float]], int, int]:
    """Return (number, x, y) of each seat, with rows centred under each other; and the section's width and height."""
    lengths = [seat_map.position_of(row.numbers[-1]) + 1 for row in rows]
    widest = min(max(lengths), _LINE)
    seats: list[tuple[int, float, float]] = []
    line = 0
    for row, length in zip(rows, lengths, strict=True):
        margin = (widest - min(length, _LINE)) * SPACING / 2
        for number in row.numbers:
            folded, at = divmod(seat_map.position_of(number), _LINE)
            seats.append((number, margin + at * SPACING, (line + folded) * SPACING))
        line += ceil(length / _LINE)
    return seats, (widest - 1) * SPACING, (line - 1) * SPACING


def _tidy(value: float) -> float:
    """Round to a hundredth; drop the fraction of a round number."""
    rounded = round(value, 2)
    return int(rounded) if rounded.is_integer() else rounded
