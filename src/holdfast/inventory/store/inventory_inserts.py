"""Inventory inserts: the rows of new areas, seats and versions of a map, and the statements that write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.event import Area
from holdfast.inventory.seating.drawn_areas import MapDetails
from holdfast.inventory.seating.seat_map import SeatSpec
from holdfast.inventory.store.steps import BatchStep
from holdfast.postgres.arrays import booleans, json_text, plain, texts

__all__ = ["INSERT_AREAS", "INSERT_DETAILS", "INSERT_SEATS", "area_rows", "details_row", "seat_rows"]

Row = tuple[Any, ...]


def area_rows(areas: Iterable[Area]) -> list[Row]:
    return [(area.number, area.name, area.category, area.seated, area.capacity) for area in areas]


def seat_rows(seats: Iterable[tuple[int, SeatSpec, int]]) -> list[Row]:
    """Return rows of (seat number, status of the seat, area number)."""
    return [
        (
            number,
            seat.label,
            area,
            seat.section,
            seat.row,
            seat.position_in_row,
            seat.name,
            seat.guid,
            seat.x,
            seat.y,
            seat.traits,
        )
        for number, seat, area in seats
    ]


def details_row(version: int, details: MapDetails) -> Row:
    id, source_version = details.source or (None, None)
    return version, json_text(details.areas), id, source_version


INSERT_AREAS: BatchStep[BatchState] = BatchStep(
    statement="insert_areas",
    rows=lambda state: area_rows(state.changes.new_areas),
    columns={"numbers": plain, "names": texts, "categories": texts, "seated": booleans, "capacities": plain},
)
INSERT_SEATS: BatchStep[BatchState] = BatchStep(
    statement="insert_seats",
    rows=lambda state: seat_rows(state.changes.new_seats),
    columns={
        "numbers": plain,
        "labels": texts,
        "areas": plain,
        "sections": texts,
        "rows": texts,
        "positions": plain,
        "names": texts,
        "guids": texts,
        "xs": plain,
        "ys": plain,
        "traits": plain,
    },
)
INSERT_DETAILS: BatchStep[BatchState] = BatchStep(
    statement="insert_map_details",
    rows=lambda state: [details_row(version, details) for version, details in state.changes.new_details],
    columns={"map_version": plain, "areas": texts, "source": plain, "source_version": plain},
    one_by_one=True,
)
