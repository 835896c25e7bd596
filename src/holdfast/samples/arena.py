"""The arena: a bowl of 13,000 seats around a floor with a stage, computed rather than kept as a file."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

SPACING = 20
_STRETCH = 1.3
"""The bowl's width divided by its depth."""

_CENTRE = (2400, 1850)


def arena() -> dict[str, Any]:
    """Return a seat map (zones > rows > seats) of 13,000 seats in three categories: floor, lower and upper.

    Floor blocks A to F face the stage. Sections 101 to 114 and 201 to 218 surround the floor, with row 1 in
    front. They leave the stage's end open.
    """
    return {
        "name": "Arena",
        "size": {"width": 2 * _CENTRE[0], "height": 2 * _CENTRE[1]},
        "categories": [
            {"name": "floor", "color": "#8a3ffc"},
            {"name": "lower", "color": "#0f62fe"},
            {"name": "upper", "color": "#198038"},
        ],
        "zones": [
            *[_floor_block("ABCDEF"[index], index) for index in range(6)],
            *_ring(first=101, sections=14, rows=22, radius=700, category="lower"),
            *_ring(first=201, sections=18, rows=20, radius=1300, category="upper"),
        ],
    }


def _floor_block(name: str, index: int) -> dict[str, Any]:
    """Return a block of twelve rows of sixteen seats. Three blocks stand in front of three others."""
    column, line = index % 3, index // 3
    x = _CENTRE[0] + (column - 1) * 18 * SPACING - 15 * SPACING // 2
    y = _CENTRE[1] - 200 + line * 15 * SPACING
    rows = [
        {
            "row_number": str(row + 1),
            "position": {"x": 0, "y": row * SPACING},
            "seats": [_seat(name, row, at, {"x": at * SPACING, "y": 0}, "floor") for at in range(16)],
        }
        for row in range(12)
    ]
    return {"name": name, "position": {"x": x, "y": y}, "rows": rows}


def _ring(*, first: int, sections: int, rows: int, radius: int, category: str) -> list[dict[str, Any]]:
    """Return sections from the left of the stage to its right. Each row has all seats that fit into its length."""
    # The stage is at the top and takes 60 degrees; y grows downwards.
    begin, ring = -pi / 2 - pi / 6, 2 * pi - pi / 3
    angle = ring / sections
    zones = []
    for index in range(sections):
        # Counter-clockwise: people in the seats face the centre, so seat numbers rise to their right.
        start = begin - index * angle
        name = str(first + index)
        rows_of_section = []
        for row in range(rows):
            distance = radius + row * (SPACING + 4)
            count = int((angle * distance - 2 * SPACING) / SPACING)
            step = SPACING / distance
            edge = start - (angle - (count - 1) * step) / 2
            seats = [
                _seat(name, row, at, _on_bowl(distance, edge - at * step), category) for at in range(count)
            ]
            rows_of_section.append({"row_number": str(row + 1), "position": {"x": 0, "y": 0}, "seats": seats})
        zones.append({"name": name, "position": {"x": _CENTRE[0], "y": _CENTRE[1]}, "rows": rows_of_section})
    return zones


def _on_bowl(distance: float, angle: float) -> dict[str, float]:
    return {"x": round(_STRETCH * distance * cos(angle), 1), "y": round(distance * sin(angle), 1)}


def _seat(section: str, row: int, at: int, position: dict[str, Any], category: str) -> dict[str, Any]:
    return {
        "seat_guid": f"{section}-{row + 1}-{at + 1}",
        "seat_number": str(at + 1),
        "position": position,
        "category": category,
    }
