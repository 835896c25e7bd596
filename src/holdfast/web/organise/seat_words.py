"""Seat words: "rows 3 to 5 of section A, seats 1 to 8", as the labels of seats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from holdfast.inventory.seating.seat_map import Row, SeatMap

__all__ = ["labels_of_words", "sections_of", "typed_labels"]

_SPAN = re.compile(r"\s*(\S+?)\s*(?:-|–|\.\.|to|bis)\s*(\S+)\s*")


def sections_of(seats: SeatMap) -> list[str]:
    """Return the names of the sections, in the map's order. A map without sections has one without a name."""
    return list(dict.fromkeys(row.section for row in seats.seat_rows))


def labels_of_words(seats: SeatMap, section: str, rows: str, places: str) -> list[str]:
    """Return the seats of a section: in the rows that are named, and of these the places that are named.

    Nothing for rows or places means all of them.
    """
    within = [row for row in seats.seat_rows if row.section == section]
    chosen = _named(rows, [row.row for row in within])
    return [label for row in within if row.row in chosen for label in _of_row(seats, row, places)]


def typed_labels(text: str) -> list[str]:
    """Return labels that are separated by commas, semicolons or lines."""
    return [label for label in (part.strip() for part in re.split(r"[,;\n]", text)) if label]


def _of_row(seats: SeatMap, row: Row, places: str) -> Iterator[str]:
    names = [_name(seats, number) for number in row.numbers]
    chosen = _named(places, names)
    for number, name in zip(row.numbers, names, strict=True):
        if name in chosen:
            yield seats.label_of(number)


def _name(seats: SeatMap, number: int) -> str:
    """Return what stands on the chair, or the last part of the label."""
    seat = seats.seat(number)
    return seat.name or seat.label.rpartition("-")[2]


def _named(text: str, names: Sequence[str]) -> set[str]:
    """Return the names that a text names: "3-5, 8". A span runs from one name to another in the map's order."""
    if not text.strip():
        return set(names)
    found: set[str] = set()
    for part in text.split(","):
        wanted = part.strip().upper()
        upper = [name.upper() for name in names]
        if wanted in upper:
            found.add(names[upper.index(wanted)])
        elif (span := _SPAN.fullmatch(wanted.replace("TO", "to").replace("BIS", "bis"))) is not None:
            first, last = span[1].upper(), span[2].upper()
            if first in upper and last in upper:
                found |= set(names[slice(*sorted((upper.index(first), upper.index(last))))])
                found |= {names[upper.index(first)], names[upper.index(last)]}
    return found
