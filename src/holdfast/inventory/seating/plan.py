"""Plans: seating plans in pretix's published JSON schema (zones > rows > seats), read into a layout.

Positions of zone, row and seat add up. Seats of a row are ordered by position, not by number, unless the
listed order is the shorter walk (round tables). A gap that is clearly wider than usual divides a row. The two
sides of a long table are separate (`adjacency.py`). Editors write a row with an aisle as several pieces with
the same zone and row name. Those pieces are one row, with a break between them.

A label is `zone-row-seat`, each part transliterated. A blank part, or one that cannot be transliterated, gets
a number instead. A part whose spelling is taken, or would be after it was shortened, gets a number after it.
Names, `seat_number`, `seat_guid` and positions are kept as given. Unknown fields are ignored, because newer
editors write more of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.errors import FieldError
from holdfast.inventory.seating.adjacency import Place, middle_of, runs_of, usual_pitch
from holdfast.inventory.seating.label import find_problem_of_text
from holdfast.inventory.seating.layout import MAX_CATEGORIES, Layout, LayoutReader
from holdfast.inventory.seating.seat_map import SeatSpec
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
            part = self.by_name[key] = self._new(transliterate(name) or str(number))
            self.used.add(part)
        return part

    def _new(self, requested: str) -> str:
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
    pieces: list[list[_Seat]] = field(default_factory=list)


@dataclass(slots=True)
class _Seat:
    number: str
    guid: str
    category: str
    place: Place
    pointer: str


def read_plan(document: dict[str, Any], reading: LayoutReader) -> Layout:
    """Return the layout of a plan. Raises InvalidInput or DuplicateSeat."""
    categories = _read_categories(document, reading)
    known = frozenset(categories)
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
        parts = row_parts.setdefault(zone_part, _Parts(limit=_ROW_LENGTH))
        for row_index, row_value in enumerate(reading.take_list(zone.get("rows"), f"{pointer}/rows")):
            row_pointer = f"{pointer}/rows/{row_index}"
            row_object = reading.take_object(row_value, row_pointer)
            if row_object is None:
                continue
            row_name = reading.take_text(row_object.get("row_number"), f"{row_pointer}/row_number") or ""
            label = f"{zone_part}-{parts.part(row_name, len(parts.by_name) + 1)}"
            place = _add(zone_place, _read_place(row_object, reading, row_pointer))
            piece = _read_seats(row_object, place, known, reading, f"{row_pointer}/seats")
            count += len(piece)
            reading.count_seats(count, row_pointer)
            if piece:
                names = (zone_name or zone_part, row_name if row_name.strip() else label.rpartition("-")[2])
                row = rows.setdefault(label, _Row(zone=names[0], name=names[1], label=label))
                row.pieces.append(piece)
    return reading.finish(_specs(rows, reading), categories)


def _read_categories(document: dict[str, Any], reading: LayoutReader) -> list[str]:
    values = reading.take_list(document.get("categories"), "/categories")
    if len(values) > MAX_CATEGORIES:
        reading.fail("/categories", "too_many", f"A seat map has at most {MAX_CATEGORIES} categories.")
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
    row: dict[str, Any], place: Place, known: frozenset[str], reading: LayoutReader, pointer: str
) -> list[_Seat]:
    seats: list[_Seat] = []
    for index, value in enumerate(reading.take_list(row.get("seats"), pointer)):
        seat_pointer = f"{pointer}/{index}"
        seat = reading.take_object(value, seat_pointer)
        if seat is None:
            continue
        guid = reading.take_text(seat.get("seat_guid"), f"{seat_pointer}/seat_guid")
        number = reading.take_text(seat.get("seat_number"), f"{seat_pointer}/seat_number")
        category = seat.get("category")
        if isinstance(category, str) and category not in known and find_problem_of_text(category) is None:
            # The names of the categories were normalised.
            category = reading.take_name(category, f"{seat_pointer}/category")
        if not isinstance(category, str) or category not in known:
            reading.note(f"{seat_pointer}/category", "unknown_category", FieldError.CATEGORY_UNKNOWN)
            continue
        if seat.get("position") is None:
            reading.note(f"{seat_pointer}/position", "required", FieldError.POSITION_REQUIRED)
            continue
        at = _add(place, _read_place(seat, reading, seat_pointer))
        if guid is not None and number is not None:
            seats.append(_Seat(number=number, guid=guid, category=category, place=at, pointer=seat_pointer))
    return seats


def _add(a: Place, b: Place) -> Place:
    return a[0] + b[0], a[1] + b[1]


def _specs(rows: dict[str, _Row], reading: LayoutReader) -> list[SeatSpec]:
    specs: list[SeatSpec] = []
    pitch = usual_pitch([[seat.place for seat in piece] for row in rows.values() for piece in row.pieces])
    guids: set[str] = set()
    labels: set[str] = set()
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
        for run in sorted(runs, key=lambda run: middle_of([seat.place for seat in run])):
            for seat in run:
                label = f"{row.label}-{parts.part(seat.number, position + 1)}"
                if label in labels:
                    detail = f"There is a seat {label} already: another seat has its zone, row and number."
                    reading.note_duplicate(f"{seat.pointer}/seat_number", detail)
                if seat.guid in guids:
                    reading.note_duplicate(f"{seat.pointer}/seat_guid", FieldError.ID_TAKEN)
                labels.add(label)
                guids.add(seat.guid)
                x, y = seat.place
                specs.append(
                    SeatSpec(label, row.zone, row_name, position, seat.category, x, y, seat.guid, seat.number)
                )
                position += 1
            position += 1  # the break before the next run
    return specs


def _runs_of(piece: Sequence[_Seat], pitch: float | None) -> list[list[_Seat]]:
    """Return the seats of a piece in runs of neighbours."""
    return [[piece[at] for at in run] for run in runs_of([seat.place for seat in piece], pitch)]
