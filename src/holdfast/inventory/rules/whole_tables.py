"""Whole tables: a line that names one seat of a table that is sold whole asks for all of its seats."""

from __future__ import annotations

from collections.abc import Collection

from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatMap


def with_whole_tables(seat_map: SeatMap | None, lines: tuple[c.Line, ...]) -> tuple[c.Line, ...]:
    """Return the lines, where each named table is whole. A line gets the seats that no line names."""
    if seat_map is None or not seat_map.has_tables:
        return lines
    named = {label for line in lines if isinstance(line, c.SeatsLine) for label in line.labels}
    return tuple(_whole(seat_map, line, named) if isinstance(line, c.SeatsLine) else line for line in lines)


def _whole(seat_map: SeatMap, line: c.SeatsLine, named: set[str]) -> c.SeatsLine:
    """Return the line with the seats that `named` does not have yet, and add them there."""
    added: list[str] = []
    for label in line.labels:
        seat = seat_map.number_of(label)
        others = () if seat is None else seat_map.table_of(seat)
        added += [other for other in map(seat_map.label_of, others) if other not in named]
        named.update(added)
    return c.SeatsLine(labels=(*line.labels, *added), added=len(added))


def whole_only(seat_map: SeatMap, seats: Collection[int]) -> list[int]:
    """Return the seats without those of tables of which another seat is missing."""
    if not seat_map.has_tables:
        return list(seats)
    present = set(seats)
    return [seat for seat in seats if present.issuperset(seat_map.table_of(seat))]
