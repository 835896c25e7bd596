"""Drawings: a seat map in columns, as pages draw it, with a position for every seat."""

from __future__ import annotations

import sys
from array import array
from base64 import b64encode
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import ceil, dist, inf, isfinite, sqrt
from statistics import median
from typing import Any

from holdfast.inventory.seating.drawn_areas import corners_of
from holdfast.inventory.seating.forms import seat_part
from holdfast.inventory.seating.seat_map import Row, SeatMap, SeatSpec
from holdfast.inventory.seating.traits import Trait

__all__ = ["SPACING", "columns_of"]

SPACING = 20
"""The distance between two seats, and between two rows, where the source gives no positions."""

_SECTION_SPACING = 3 * SPACING

_LINE = 100
"""A longer row is drawn folded. Thousands of bare labels form one row, which nobody could read as a picture."""

_UNITS = 65_535
"""The longer side of a drawing, so that a coordinate has 16 bits."""

_SINGLE_TRAITS = Trait.WHEELCHAIR | Trait.COMPANION | Trait.RESTRICTED_VIEW

_Places = Sequence[tuple[float, float]]


def columns_of(seat_map: SeatMap) -> dict[str, Any]:
    """Return the map as `{map_version, width, height, pitch, categories, sections, areas, columns}`.

    A column has one number for each seat, in number order. A section's rows say which seats they have. Rows without
    positions are drawn straight, section beside section. The first row is at the top, where the stage is.
    """
    outlines = [corners_of(area) for area in seat_map.details.areas]
    places, shift, width, height = _places(seat_map, [corner for outline in outlines for corner in outline])
    scale = _UNITS / max(width, height)
    specs = list(seat_map.specs())
    category_of = {name: index for index, name in enumerate(seat_map.categories)}
    sections: dict[str, list[dict[str, Any]]] = {}
    for row in seat_map.seat_rows:
        sections.setdefault(row.section, []).append(_row(row, specs))
    return {
        "map_version": seat_map.version,
        "width": round(width * scale),
        "height": round(height * scale),
        "pitch": max(1, round(_pitch(seat_map, places) * scale)),
        "categories": seat_map.categories,
        "sections": [{"name": name, "rows": rows} for name, rows in sections.items()],
        "areas": [
            {
                "name": area["name"],
                "points": [
                    [round((x + shift[0]) * scale), round((y + shift[1]) * scale)] for x, y in outline
                ],
            }
            for area, outline in zip(seat_map.details.areas, outlines, strict=True)
            if outline
        ],
        "columns": {
            "x": _column(round(x * scale) for x, _ in places),
            "y": _column(round(y * scale) for _, y in places),
            "position": _column(spec.position_in_row or 0 for spec in specs),
            "category": _column(category_of[spec.category] for spec in specs),
            "traits": _column(spec.traits & _SINGLE_TRAITS for spec in specs),
        },
    }


def _row(row: Row, specs: Sequence[SeatSpec]) -> dict[str, Any]:
    seats = [specs[number - 1] for number in row.numbers]
    label, names = _names([seat.label for seat in seats])
    drawn: dict[str, Any] = {"name": row.row, "count": len(seats), "label": label, "names": names}
    if isinstance(row.numbers, range):
        drawn["first"] = row.numbers[0] - 1
    else:
        drawn["numbers"] = [number - 1 for number in row.numbers]
    printed = [None if seat.name == name else seat.name for seat, name in zip(seats, names, strict=True)]
    if any(printed):
        drawn["printed"] = printed
    if seats[0].traits & Trait.WHOLE:
        drawn["sold"] = "whole"
    return drawn


def _names(labels: Sequence[str]) -> tuple[str, list[str]]:
    """Return what all labels of a row begin with, and the rest of each."""
    begin = labels[0].removesuffix(seat_part(labels[0]))
    if all(label.startswith(begin) and len(label) > len(begin) for label in labels):
        return begin, [label[len(begin) :] for label in labels]
    return "", list(labels)


def _column(values: Iterable[int]) -> str:
    """Return the differences of successive values. Rows are even, so they repeat, and pack well."""
    differences, last = array("H"), 0
    for value in values:
        differences.append((value - last) % 65_536)
        last = value
    if sys.byteorder == "big":
        differences.byteswap()
    return b64encode(differences.tobytes()).decode("ascii")


def _pitch(seat_map: SeatMap, places: _Places) -> float:
    """Return the usual distance of two neighbours in a row; without any, that of two seats of the drawing."""
    found = []
    for row in seat_map.seat_rows:
        for one, other in pairwise(row.numbers):
            if seat_map.position_of(other) == seat_map.position_of(one) + 1:
                found.append(dist(places[one - 1], places[other - 1]))
    return (median(found) if found else 0) or SPACING


def _places(seat_map: SeatMap, corners: _Places) -> tuple[_Places, tuple[float, float], float, float]:
    """Return a place for each seat in number order, how far the plan was shifted, and the size of the drawing.

    `corners` of areas are in the drawing, too.
    """
    places: list[tuple[float, float] | None] = [None] * seat_map.size
    missing: dict[str, list[Row]] = {}
    left = min((x for x, _ in corners), default=inf)
    top = min((y for _, y in corners), default=inf)
    right = max((x for x, _ in corners), default=-inf)
    bottom = max((y for _, y in corners), default=-inf)
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
    shift = SPACING - left, SPACING - top
    moved = [(place[0] + shift[0], place[1] + shift[1]) for place in places if place is not None]
    return moved, shift, right + shift[0] + SPACING, max(bottom + shift[1] + SPACING, 0.0)


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
