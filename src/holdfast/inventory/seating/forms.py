"""Seat map forms: the document forms of a seat map. Each form is read into the same layout.

- `{"sections": [{"name": "A", "rows": 20, "seats_per_row": 30, "category": "stalls"}]}`: labels `A-1-1`, that
  is section, row and number. The name follows the rules of labels. The default category is `standard`.
  `"aisles_after": [10, 20]` divides each row after its 10th and after its 20th seat.
- `{"labels": ["A1", "A2", null, "A3", "B1"], "category": "stalls"}`: the seats from left to right, adjacent
  as listed; `null` is an aisle. A label only determines its row: everything before its last number or its
  last letters. So `A1` and `A2` are in row A, `12C` and `12D` in row 12, `A-1-1` and `A-1-2` in section A,
  row 1.
- a seating plan in pretix's published schema: `plan.py`.

Sections and labels may list seats by label as `"wheelchair"`, `"companion"` and `"restricted_view"`. Each row of
a section that is `"sold": "whole"` is a table or booth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from holdfast.errors import DuplicateSeat, FieldError
from holdfast.inventory.seating.label import MAX_LABEL_LENGTH
from holdfast.inventory.seating.layout import Layout, LayoutReader
from holdfast.inventory.seating.plan import read_plan
from holdfast.inventory.seating.seat_map import DEFAULT_CATEGORY, SeatSpec
from holdfast.inventory.seating.traits import FLAGS, Trait

_FORMS = ("sections", "labels", "zones")
_SECTION_FIELDS = frozenset({"name", "rows", "seats_per_row", "category", "aisles_after", "sold"})
_LAST_PART = re.compile(r"(.*?)[ .-]*([^ .-]*)[ .-]*")
_LAST_RUN = re.compile(r"(.*?)([0-9]+|[A-Z]+)")


def parse_seat_map(document: object, *, pointer: str = "") -> Layout:
    """Return the layout of a document in any of the forms. `pointer` is the document's place in the whole body.

    Any JSON value is accepted as input. Raises InvalidInput or DuplicateSeat, and no other error.
    """
    reading = LayoutReader(base=pointer)
    if not isinstance(document, dict):
        reading.fail("", "wrong_type", FieldError.SEAT_MAP_TYPE)
    forms = [form for form in _FORMS if form in document]
    if len(forms) != 1:
        reading.fail("", "unknown_form", FieldError.SEAT_MAP_FORM)
    if forms == ["zones"]:
        return read_plan(document, reading)
    if forms == ["labels"]:
        return _read_labels(document, reading)
    return _read_sections(document, reading)


def _read_sections(document: dict[str, Any], reading: LayoutReader) -> Layout:
    reading.refuse_unknown(document, frozenset({"sections", *FLAGS}), "")
    seats: list[SeatSpec] = []
    seen: dict[str, str] = {}
    for index, value in enumerate(reading.take_list(document["sections"], "/sections")):
        pointer = f"/sections/{index}"
        section = reading.take_object(value, pointer)
        if section is None:
            continue
        reading.refuse_unknown(section, _SECTION_FIELDS, pointer)
        label = reading.take_label(section.get("name"), f"{pointer}/name")
        rows = reading.take_count(section.get("rows"), f"{pointer}/rows")
        seats_per_row = reading.take_count(section.get("seats_per_row"), f"{pointer}/seats_per_row")
        category = reading.take_name(section.get("category", DEFAULT_CATEGORY), f"{pointer}/category")
        if label is None or rows is None or seats_per_row is None or category is None:
            continue
        positions = _positions(section.get("aisles_after", []), seats_per_row, reading, pointer)
        traits = 0
        if reading.take_sold_whole(section.get("sold"), f"{pointer}/sold"):
            reading.check_table(seats_per_row, f"{pointer}/seats_per_row")
            positions, traits = range(seats_per_row), int(Trait.WHOLE)  # everyone at a table sits together
        reading.count_seats(len(seats) + rows * seats_per_row, pointer)
        if len(f"{label}-{rows}-{seats_per_row}") > MAX_LABEL_LENGTH:
            detail = f"Its labels would be longer than {MAX_LABEL_LENGTH} characters."
            reading.note(f"{pointer}/name", "invalid_label", detail)
            continue
        for row in range(1, rows + 1):
            row_name, prefix = str(row), f"{label}-{row}-"
            for number, position in enumerate(positions, start=1):
                seat_label = prefix + str(number)
                if seen.setdefault(seat_label, pointer) is not pointer:
                    reading.note_duplicate(f"{pointer}/name", DuplicateSeat.EXISTS.format(label=seat_label))
                    break
                seats.append(SeatSpec(seat_label, label, row_name, position, category, traits=traits))
    return reading.finish(_with_flags(seats, document, reading), [seat.category for seat in seats])


def _positions(value: object, seats_per_row: int, reading: LayoutReader, pointer: str) -> Sequence[int]:
    """Return the positions of each row's seats. An aisle takes a position that no seat has."""
    aisles: set[int] = set()
    for index, after in enumerate(reading.take_list(value, f"{pointer}/aisles_after")):
        at = reading.take_count(after, f"{pointer}/aisles_after/{index}")
        if at is not None and at >= seats_per_row:
            detail = f"An aisle divides a row: it is between 1 and {seats_per_row - 1}."
            reading.note(f"{pointer}/aisles_after/{index}", "out_of_range", detail)
        elif at is not None:
            aisles.add(at)
    if not aisles:
        return range(seats_per_row)
    positions, next_position = [], 0
    for number in range(1, seats_per_row + 1):
        positions.append(next_position)
        next_position += 2 if number in aisles else 1
    return positions


def _read_labels(document: dict[str, Any], reading: LayoutReader) -> Layout:
    reading.refuse_unknown(document, frozenset({"labels", "category", *FLAGS}), "")
    category = reading.take_name(document.get("category", DEFAULT_CATEGORY), "/category") or DEFAULT_CATEGORY
    labels = reading.take_list(document["labels"], "/labels")
    reading.count_seats(len(labels), "/labels")
    seats: list[SeatSpec] = []
    seen: set[str] = set()
    ends: dict[tuple[str, str], int] = {}
    aisle: int | None = None
    for index, value in enumerate(labels):
        if value is None:
            if aisle is not None:
                _note_aisle(reading, aisle)
            aisle = index
            continue
        label = reading.take_label(value, f"/labels/{index}")
        if label is None:
            continue
        if label in seen:
            reading.note_duplicate(f"/labels/{index}", f"Seat {label} is named twice.")
            continue
        seen.add(label)
        section, row = address_of(label)
        end = ends.get((section, row))
        if aisle is not None and (end is None or (section, row) != (seats[-1].section, seats[-1].row)):
            _note_aisle(reading, aisle)
        position = 0 if end is None else end + (1 if aisle is None else 2)
        ends[section, row] = position
        aisle = None
        seats.append(SeatSpec(label, section, row, position, category))
    if aisle is not None:
        _note_aisle(reading, aisle)
    return reading.finish(_with_flags(seats, document, reading), [category])


def _with_flags(seats: list[SeatSpec], document: dict[str, Any], reading: LayoutReader) -> list[SeatSpec]:
    """Return the seats with the flags of the lists that name them."""
    traits: dict[str, int] = {}
    for name, trait in FLAGS.items():
        for index, value in enumerate(reading.take_list(document.get(name, []), f"/{name}")):
            label = reading.take_label(value, f"/{name}/{index}")
            if label is not None:
                traits[label] = traits.get(label, 0) | trait
    unknown = traits.keys() - {seat.label for seat in seats}
    if unknown:
        reading.note("", "seat_unknown", FieldError.FLAG_WITHOUT_SEAT.replace("{label}", min(unknown)))
    if not traits:
        return seats
    return [
        seat._replace(traits=int(seat.traits | traits[seat.label])) if seat.label in traits else seat
        for seat in seats
    ]


def _note_aisle(reading: LayoutReader, index: int) -> None:
    reading.note(f"/labels/{index}", "out_of_place", FieldError.AISLE)


def address_of(label: str) -> tuple[str, str]:
    """Return the section and row that a label alone determines; either is empty if the label has none.

    The seat is the label's last part. Spaces, dots and hyphens divide the parts. A label of one part is
    divided where its last digits, or its last letters, begin.
    """
    before, part = _split(_LAST_PART, label)
    if not before:
        before, _ = _split(_LAST_RUN, part)
        return "", before
    section, row = _split(_LAST_PART, before)
    return section, row


def seat_part(label: str) -> str:
    """Return what names the seat in its row: the label's last part, or its last digits or letters."""
    before, part = _split(_LAST_PART, label)
    return part if before else _split(_LAST_RUN, part)[1]


def _split(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    match = pattern.fullmatch(text)
    return (match[1], match[2]) if match else ("", text)
