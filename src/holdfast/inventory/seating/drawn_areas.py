"""Drawn areas: what a version of a seat map has beside its seats."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, radians, sin
from typing import Any, NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnArea:
    """A counted area that a plan draws among its seats: a standing floor, a lawn, a bar."""

    name: str
    capacity: int
    category: str | None
    drawing: dict[str, Any]
    """Its shape as the plan gives it, at its place in the plan."""

    def as_dict(self) -> dict[str, Any]:
        """Return the area as documents show it. Its capacity may change, and a version of a map may not."""
        category = {} if self.category is None else {"category": self.category}
        return {"name": self.name, **category, **self.drawing}


_ROUND = 32
"""Corners of a circle or an ellipse, as it is drawn."""


def corners_of(area: dict[str, Any]) -> list[tuple[float, float]]:
    """Return the outline of an area, in the plan's coordinates; none for an area without a shape."""
    match area.get("shape"):
        case "rectangle":
            width, height = area["width"] or 0, area["height"] or 0
            found = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
        case "circle":
            found = _round(area["radius"] or 0, area["radius"] or 0)
        case "ellipse":
            found = _round(area["radius_x"], area["radius_y"])
        case "polygon":
            found = [(point["x"], point["y"]) for point in area["points"]]
        case _:
            return []
    turn = radians(area.get("rotation") or 0)
    return [
        (area["x"] + x * cos(turn) - y * sin(turn), area["y"] + x * sin(turn) + y * cos(turn))
        for x, y in found
    ]


def _round(across: float, down: float) -> list[tuple[float, float]]:
    angles = [2 * pi * corner / _ROUND for corner in range(_ROUND)]
    return [(across * cos(angle), down * sin(angle)) for angle in angles]


class MapSource(NamedTuple):
    """A version of a venue's seat map."""

    id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MapDetails:
    """The drawn areas of a version of an event's map, as documents show them, and the venue's map that it copies."""

    areas: tuple[dict[str, Any], ...] = ()
    source: MapSource | None = None

    @property
    def is_empty(self) -> bool:
        return not self.areas and self.source is None

    def followed_by(self, later: MapDetails) -> MapDetails:
        """Return the details of a later version, which has the areas of both."""
        return MapDetails(areas=self.areas + later.areas, source=later.source or self.source)
