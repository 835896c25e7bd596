"""Areas of a plan: counted parts, such as a standing floor, that are drawn among the seats.

pretix's schema lets a zone draw areas as decoration. An area with a `capacity` is a counted area of the event:
`{"name": "Floor", "capacity": 2000, "category": "standing", "shape": "rectangle", "position": {…},
"rectangle": {"width": 840, "height": 560}}`. All others stay decoration, and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from holdfast.errors import FieldError
from holdfast.inventory.seating.adjacency import Place
from holdfast.inventory.seating.drawn_areas import DrawnArea
from holdfast.inventory.seating.layout import MAX_CORNERS, MAX_DRAWN_AREAS, LayoutReader

_NAMELESS = "Area"
_SIZES = {"rectangle": ("width", "height"), "circle": ("radius",)}


def read_areas(
    zone: Mapping[str, Any],
    reading: LayoutReader,
    pointer: str,
    *,
    place: Place,
    known: frozenset[str],
    found: list[DrawnArea],
) -> None:
    """Add the counted areas of a zone to those found before. Equal names get a number."""
    values = zone.get("areas")
    if not isinstance(values, list):
        return
    for index, value in enumerate(values):
        if isinstance(value, dict) and value.get("capacity") is not None:
            named = {"name": zone.get("name"), **value}
            area = _read_area(named, reading, f"{pointer}/{index}", place=place, known=known)
            if area is not None:
                found.append(replace(area, name=_unused(area.name, found)))
                if len(found) > MAX_DRAWN_AREAS:
                    detail = f"A seat map draws at most {MAX_DRAWN_AREAS} areas."
                    reading.fail(pointer, "too_many", detail)


def _read_area(
    value: dict[str, Any], reading: LayoutReader, pointer: str, *, place: Place, known: frozenset[str]
) -> DrawnArea | None:
    name = reading.take_name(value["name"], f"{pointer}/name") if value["name"] else _NAMELESS
    capacity = reading.take_count(value["capacity"], f"{pointer}/capacity")
    category = value.get("category") or None
    if category is not None:
        category = reading.take_name(category, f"{pointer}/category")
        if category is not None and known and category not in known:
            reading.note(f"{pointer}/category", "unknown_category", FieldError.CATEGORY_UNKNOWN)
    drawing = _read_drawing(value, place, reading, pointer)
    if name is None or capacity is None:
        return None
    return DrawnArea(name=name, capacity=capacity, category=category, drawing=drawing)


def _unused(name: str, found: list[DrawnArea]) -> str:
    names, repeats, unused = {area.name for area in found}, 1, name
    while unused in names:
        repeats += 1
        unused = f"{name} ({repeats})"
    return unused


def _read_drawing(value: dict[str, Any], place: Place, reading: LayoutReader, pointer: str) -> dict[str, Any]:
    x, y = _point(value.get("position"), reading, f"{pointer}/position")
    drawing: dict[str, Any] = {"x": place[0] + x, "y": place[1] + y}
    shape = value.get("shape")
    given = value.get(shape) if isinstance(shape, str) else None
    if not isinstance(given, dict):
        return drawing
    inner = f"{pointer}/{shape}"
    if shape in _SIZES:
        sizes = {name: reading.take_coordinate(given.get(name), f"{inner}/{name}") for name in _SIZES[shape]}
        drawing |= {"shape": shape, **sizes}
    elif shape == "ellipse":
        radius = _point(given.get("radius"), reading, f"{inner}/radius")
        drawing |= {"shape": shape, "radius_x": radius[0], "radius_y": radius[1]}
    elif shape == "polygon":
        points = reading.take_list(given.get("points"), f"{inner}/points")
        if len(points) > MAX_CORNERS:
            reading.fail(f"{inner}/points", "too_many", f"A polygon has at most {MAX_CORNERS} corners.")
        corners = [_point(point, reading, f"{inner}/points/{at}") for at, point in enumerate(points)]
        drawing |= {"shape": shape, "points": [{"x": x, "y": y} for x, y in corners]}
    if value.get("rotation") is not None:
        drawing["rotation"] = reading.take_coordinate(value["rotation"], f"{pointer}/rotation")
    return drawing


def _point(value: object, reading: LayoutReader, pointer: str) -> Place:
    if value is None:
        return 0.0, 0.0
    point = reading.take_object(value, pointer) or {}
    x = reading.take_coordinate(point.get("x"), f"{pointer}/x")
    y = reading.take_coordinate(point.get("y"), f"{pointer}/y")
    return x or 0.0, y or 0.0
