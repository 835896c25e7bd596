"""Drawn: the seats of a seat map in columns, one by one, and where a canvas shows them."""

from __future__ import annotations

from base64 import b64decode
from itertools import accumulate
from struct import iter_unpack
from typing import Any

__all__ = ["drawn_seats", "point_of"]

_MAX_PIXELS = 60
"""The largest distance of two seats on a canvas."""
_NAME_ROOM = 0.6
"""What a canvas leaves at each side for the names of rows, in distances of two seats."""


def drawn_seats(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each seat with its label, its number from 0, and its value in each column; section by section."""
    columns = {name: _column(text) for name, text in drawn["columns"].items()}
    found = []
    for section in drawn["sections"]:
        for row in section["rows"]:
            first = row.get("first")
            numbers = row["numbers"] if first is None else range(first, first + row["count"])
            for number, name in zip(numbers, row["names"], strict=True):
                seat = {column: values[number] for column, values in columns.items()}
                seat["category"] = drawn["categories"][seat["category"]]
                found.append({"label": row["label"] + name, "number": number, **seat})
    return found


def point_of(drawn: dict[str, Any], label: str, box: dict[str, float]) -> tuple[float, float]:
    """Return the point of the window where a canvas that shows the whole map has a seat. `box` is the canvas's own."""
    seat = next(seat for seat in drawn_seats(drawn) if seat["label"] == label)
    width, height = drawn["width"] / drawn["pitch"], drawn["height"] / drawn["pitch"]
    scale = min(
        *(box[side] / (size + 2 * _NAME_ROOM) for side, size in (("width", width), ("height", height))),
        _MAX_PIXELS,
    )
    x = box["left"] + box["width"] / 2 + (seat["x"] / drawn["pitch"] - width / 2) * scale
    y = box["top"] + box["height"] / 2 + (seat["y"] / drawn["pitch"] - height / 2) * scale
    return x, y


def _column(text: str) -> list[int]:
    differences = (value for (value,) in iter_unpack("<H", b64decode(text)))
    return list(accumulate(differences, lambda total, more: (total + more) % 65_536))
