"""Plans: seating plans in pretix's published JSON schema (zones > rows > seats), read into a layout.

Positions of zone, row and seat add up. Seats of a row are ordered by position, not by number, unless the
listed order is the shorter walk (round tables). A gap that is clearly wider than usual divides a row. The two
sides of a long table are separate (`adjacency.py`). Editors write a row with an aisle as several pieces with
the same zone and row name. Those pieces are one row, with a break between them. A row that is `"sold":
"whole"` is a table or booth of its own, and all of its seats are neighbours.

Seats may have `wheelchair`, `companion` and `restricted_view` (`traits.py`). A zone's areas with a capacity
are counted areas (`plan_areas.py`). A plan without categories takes those that its seats name, in that order;
seats that name none are `standard`.

A label is `zone-row-seat`, each part transliterated. A blank part, or one that cannot be transliterated, gets
a number instead. A part whose spelling is taken, or would be after it was shortened, gets a number after it.
So do several seats of one number in a row, from left to right.
Names, `seat_number`, `seat_guid` and positions are kept as given. Unknown fields are ignored, because newer
editors write more of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.errors import FieldError
from holdfast.inventory.seating.adjacency import Place, middle_of, runs_of, usual_pitch
from holdfast.inventory.seating.drawn_areas import DrawnArea
from holdfast.inventory.seating.label import find_problem_of_text
from holdfast.inventory.seating.layout import MAX_CATEGORIES, Layout, LayoutReader
from holdfast.inventory.seating.plan_areas import read_areas
from holdfast.inventory.seating.seat_map import DEFAULT_CATEGORY, SeatSpec
from holdfast.inventory.seating.traits import FLAGS, Trait
from holdfast.inventory.seating.transliteration import transliterate

_ZONE_LENGTH, _ROW_LENGTH, _SEAT_LENGTH = 14, 8, 8  # with two hyphens, the 32 characters of a label


@dataclass(slots=True)
class _Parts:
    """The label parts of siblings: equal names share a part, different names have different parts.

    Things with a blank name share nothing: each has a key of its own, its number.
    """

    limit: int
    by_name: dict[str | int, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    last_number: dict[str, int] = field(default_factory=dict)
    """The last number per shortened part. Counting from 1 for each of 100,000 equal parts would take hours."""

    def part(self, name: str, number: int) -> str:
        key = name if name.strip() else number
        part = self.by_name.get(key)
        if part is None:
            part = self.by_name[key] = self.unique(name, number)
        return part

    def unique(self, name: str, number: int) -> str:
        """Return a part that nothing else has, even if it has the same name."""
        part = self._unused(transliterate(name) or str(number))
        self.used.add(part)
        return part

    def _unused(self, requested: str) -> str:
        part = plain = requested[: self.limit].rstrip(".")
        number = self.last_number.get(plain, 1)
        while part in self.used:
            number += 1
            ending = f".{number}"
            part = plain[: self.limit - len(ending)].rstrip(".") + ending
        self.last_number[plain] = number
        return part


@dataclass(slots=True)
class _Row:
    """A row, collected from its pieces."""

    zone: str
    name: str
    label: str
    whole: bool
    pieces: list[list[_Seat]] = field(default_factory=list)


@dataclass(slots=True)
class _Seat:
    number: str
    guid: str
    category: str
    place: Place
    traits: int
    pointer: str


def read_plan(document: dict[str, Any], reading: LayoutReader) -> Layout:
    """Return the layout of a plan. Raises InvalidInput or DuplicateSeat."""
    categories = _Categories.of(document, reading)
    areas: list[DrawnArea] = []
    rows: dict[str, _Row] = {}
    zones = _Parts(limit=_ZONE_LENGTH)
    row_parts: dict[str, _Parts] = {}
    count = 0
    for index, value in enumerate(reading.take_list(document["zones"], "/zones")):
        pointer = f"/zones/{index}"
        zone = reading.take_object(value, pointer)
        if zone is None:
            continue
        zone_name = _name_of_zone(zone, reading, pointer)
        zone_part = zones.part(zone_name, index + 1)
        zone_place = _read_place(zone, reading, pointer)
        read_areas(
            zone,
            reading,
            f"{pointer}/areas",
            place=zone_place,
            known=categories.declared,
            found=areas,
        )
        parts = row_parts.setdefault(zone_part, _Parts(limit=_ROW_LENGTH))
        rows_given = zone.get("rows", [] if zone.get("areas") else None)  # a lawn has no rows
        for row_index, row_value in enumerate(reading.take_list(rows_given, f"{pointer}/rows")):
            row_pointer = f"{pointer}/rows/{row_index}"
            row_object = reading.take_object(row_value, row_pointer)
            if row_object is None:
                continue
            row_name = reading.take_text(row_object.get("row_number"), f"{row_pointer}/row_number") or ""
            whole = reading.take_sold_whole(row_object.get("sold"), f"{row_pointer}/sold")
            part = (parts.unique if whole else parts.part)(row_name, len(parts.used) + 1)
            label = f"{zone_part}-{part}"
            place = _add(zone_place, _read_place(row_object, reading, row_pointer))
            piece = _read_seats(row_object, place, categories, reading, f"{row_pointer}/seats")
            if whole:
                reading.check_table(len(piece), f"{row_pointer}/seats")
            count += len(piece)
            reading.count_seats(count, row_pointer)
            if piece:
                names = (zone_name or zone_part, row_name if row_name.strip() else label.rpartition("-")[2])
                row = rows.setdefault(label, _Row(zone=names[0], name=names[1], label=label, whole=whole))
                row.pieces.append(piece)
    return reading.finish(_specs(rows, reading), categories.names, areas)


@dataclass(slots=True)
class _Categories:
    """The categories that a plan declares; or, if it declares none, those that its seats name."""

    names: list[str]
    declared: frozenset[str]

    @classmethod
    def of(cls, document: dict[str, Any], reading: LayoutReader) -> _Categories:
        names = _declared_categories(document, reading)
        return cls(names=names, declared=frozenset(names))

    def take(self, value: object, reading: LayoutReader, pointer: str) -> str | None:
        if isinstance(value, str) and value in self.declared:
            return value
        if not self.declared and value in (None, ""):
            value = DEFAULT_CATEGORY
        if isinstance(value, str) and find_problem_of_text(value) is None:
            value = reading.take_name(value, pointer)  # the names of the categories were normalised
        if isinstance(value, str) and not self.declared:
            if value not in self.names:
                self.names.append(value)
                if len(self.names) > MAX_CATEGORIES:
                    reading.fail(pointer, "too_many", _TOO_MANY_CATEGORIES)
            return value
        if isinstance(value, str) and value in self.declared:
            return value
        reading.note(pointer, "unknown_category", FieldError.CATEGORY_UNKNOWN)
        return None


_TOO_MANY_CATEGORIES = f"A seat map has at most {MAX_CATEGORIES} categories."


def _declared_categories(document: dict[str, Any], reading: LayoutReader) -> list[str]:
    if document.get("categories") is None:
        return []
    values = reading.take_list(document["categories"], "/categories")
    if len(values) > MAX_CATEGORIES:
        reading.fail("/categories", "too_many", _TOO_MANY_CATEGORIES)
    names: list[str] = []
    for index, value in enumerate(values):
        category = reading.take_object(value, f"/categories/{index}")
        if category is not None:
            name = reading.take_name(category.get("name"), f"/categories/{index}/name")
            if name is not None:
                names.append(name)
    return names


def _name_of_zone(zone: dict[str, Any], reading: LayoutReader, pointer: str) -> str:
    for key in ("name", "zone_id"):
        if zone.get(key) is not None:
            name = reading.take_text(zone[key], f"{pointer}/{key}")
            if name and name.strip():
                return name
    return ""


def _read_place(value: dict[str, Any], reading: LayoutReader, pointer: str) -> Place:
    """Return the position of a zone, row or seat; (0, 0) if the plan has none, that is the position of its parent."""
    if value.get("position") is None:
        return 0.0, 0.0
    position = reading.take_object(value["position"], f"{pointer}/position")
    if position is None:
        return 0.0, 0.0
    x = reading.take_coordinate(position.get("x"), f"{pointer}/position/x")
    y = reading.take_coordinate(position.get("y"), f"{pointer}/position/y")
    return x or 0.0, y or 0.0


def _read_seats(
    row: dict[str, Any], place: Place, categories: _Categories, reading: LayoutReader, pointer: str
) -> list[_Seat]:
    seats: list[_Seat] = []
    for index, value in enumerate(reading.take_list(row.get("seats"), pointer)):
        seat_pointer = f"{pointer}/{index}"
        seat = reading.take_object(value, seat_pointer)
        if seat is None:
            continue
        guid = reading.take_text(seat.get("seat_guid"), f"{seat_pointer}/seat_guid")
        number = reading.take_text(seat.get("seat_number"), f"{seat_pointer}/seat_number")
        category = categories.take(seat.get("category"), reading, f"{seat_pointer}/category")
        if category is None:
            continue
        traits = 0
        for name, trait in FLAGS.items():
            if name in seat and reading.take_flag(seat[name], f"{seat_pointer}/{name}"):
                traits |= trait
        if seat.get("position") is None:
            reading.note(f"{seat_pointer}/position", "required", FieldError.POSITION_REQUIRED)
            continue
        at = _add(place, _read_place(seat, reading, seat_pointer))
        if guid is not None and number is not None:
            seats.append(
                _Seat(
                    number=number,
                    guid=guid,
                    category=category,
                    place=at,
                    traits=int(traits),
                    pointer=seat_pointer,
                )
            )
    return seats


def _add(a: Place, b: Place) -> Place:
    return a[0] + b[0], a[1] + b[1]


def _specs(rows: dict[str, _Row], reading: LayoutReader) -> list[SeatSpec]:
    specs: list[SeatSpec] = []
    pitch = usual_pitch([[seat.place for seat in piece] for row in rows.values() for piece in row.pieces])
    guids: set[str] = set()
    names: set[tuple[str, str]] = set()
    for row in rows.values():
        # A row without a name gets a number, which may be another row's name. A map distinguishes rows by
        # name.
        row_name, repeats = row.name, 1
        while (row.zone, row_name) in names:
            repeats += 1
            row_name = f"{row.name} ({repeats})"
        names.add((row.zone, row_name))
        parts = _Parts(limit=_SEAT_LENGTH)
        position = 0
        runs = [run for piece in row.pieces for run in _runs_of(piece, pitch)]
        if row.whole:
            runs = [[seat for run in runs for seat in run]]
        whole = int(Trait.WHOLE) if row.whole else 0
        for run in sorted(runs, key=lambda run: middle_of([seat.place for seat in run])):
            for seat in run:
                label = f"{row.label}-{parts.unique(seat.number, position + 1)}"
                if seat.guid in guids:
                    reading.note_duplicate(f"{seat.pointer}/seat_guid", FieldError.ID_TAKEN)
                guids.add(seat.guid)
                x, y = seat.place
                specs.append(
                    SeatSpec(
                        label,
                        row.zone,
                        row_name,
                        position,
                        seat.category,
                        x,
                        y,
                        seat.guid,
                        seat.number,
                        seat.traits | whole,
                    )
                )
                position += 1
            position += 1  # the break before the next run
    return specs


def _runs_of(piece: Sequence[_Seat], pitch: float | None) -> list[list[_Seat]]:
    """Return the seats of a piece in runs of neighbours."""
    return [[piece[at] for at in run] for run in runs_of([seat.place for seat in piece], pitch)]
