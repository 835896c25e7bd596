"""Seat copies: the seats of an event as a document that makes the same seats for another event."""

from __future__ import annotations

from typing import Any

from holdfast.inventory.seating.seat_map import Row, SeatMap
from holdfast.inventory.seating.traits import Trait, flags_of

__all__ = ["copied_seats"]


def copied_seats(seats: SeatMap) -> dict[str, Any]:
    """Return a seat map for `/v1/events`: a list of labels if the map had been one, else a plan with positions."""
    if not any(row.section for row in seats.seat_rows):
        return {"labels": _labels(seats), "category": seats.categories[0], **_flagged(seats)}
    zones: dict[str, list[dict[str, Any]]] = {}
    for height, row in enumerate(seats.seat_rows):
        whole = {"sold": "whole"} if seats.traits_of(row.numbers[0]) & Trait.WHOLE else {}
        zones.setdefault(row.section, []).append(
            {
                "row_number": row.row,
                **whole,
                "seats": [_seat(seats, number, height) for number in row.numbers],
            }
        )
    return {
        "categories": [{"name": name} for name in seats.categories],
        "zones": [{"name": name, "rows": rows} for name, rows in zones.items()],
    }


def _labels(seats: SeatMap) -> list[str | None]:
    """Return the labels with null for each aisle."""
    found: list[str | None] = []
    for row in seats.seat_rows:
        found += _of_row(seats, row)
    return found


def _of_row(seats: SeatMap, row: Row) -> list[str | None]:
    found: list[str | None] = []
    following = 0
    for number in row.numbers:
        position = seats.position_of(number)
        found += [None, seats.label_of(number)] if position > following else [seats.label_of(number)]
        following = position + 1
    return found


def _flagged(seats: SeatMap) -> dict[str, list[str]]:
    """Return the labels of the seats that have each trait."""
    found: dict[str, list[str]] = {}
    for seat in seats.seats():
        for name in flags_of(seat.traits):
            found.setdefault(name, []).append(seat.label)
    return found


def _seat(seats: SeatMap, number: int, height: int) -> dict[str, Any]:
    seat = seats.seat(number)
    x, y = (seat.position_in_row, height) if seat.x is None else (seat.x, seat.y)
    return {
        "seat_number": seat.name or seat.label.rpartition("-")[2],
        "seat_guid": seat.guid or seat.label,
        "category": seat.category,
        "position": {"x": x, "y": y},
        **flags_of(seat.traits),
    }
