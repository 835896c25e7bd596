"""Seat answers: what the routes of seats and seat maps return."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.api.v1.availability import SeatStateOut
from holdfast.inventory.rules.event import EventStatus

__all__ = [
    "MAP_EXAMPLE",
    "SEATS_EXAMPLE",
    "PackedSeatsOut",
    "SeatMapColumnsOut",
    "SeatMapOut",
    "SeatsOut",
]


class SeatsOut(BaseModel):
    """In the seat map's order. In a cancelled event no seat is held or for sale."""

    event: UUID
    event_number: int
    event_status: EventStatus
    map_version: int
    epoch: str = Field(description="The history in which `version` counts; a restore begins a new one.")
    version: int
    items: list[SeatStateOut]


class PackedSeatsOut(BaseModel):
    """Every seat in two bits: 15 KB for 60,000 seats."""

    event: UUID
    event_number: int
    event_status: EventStatus
    map_version: int
    epoch: str = Field(description="The history in which `version` counts; a restore begins a new one.")
    version: int
    lapsed: int = Field(description="How many holds have lapsed since `version`, as in the ETag.")
    state: str = Field(
        description="Base64 of two bits for each seat, in the order of `all=true`: 0 available, 1 held, 2 booked, "
        "3 blocked. A byte has four seats, the first in its lowest bits."
    )


class MapSeatOut(BaseModel):
    """`position` is physical: two seats of a row are neighbours if their positions are consecutive."""

    label: str
    position: int
    category: str
    x: float | None = None
    y: float | None = None
    name: str | None = Field(None, description="The source's own seat number, as printed.")
    guid: str | None = Field(None, description="The source's own id.")
    wheelchair: bool | None = Field(
        None, description="True: best available gives it only to a line that says `accessible`."
    )
    companion: bool | None = Field(
        None, description="True: best available gives it only with a wheelchair place."
    )
    restricted_view: bool | None = Field(None, description="True: best available gives it last.")


class MapRowOut(BaseModel):
    """Seats from left to right."""

    name: str
    sold: Literal["whole"] | None = Field(
        None, description="`whole`: a table or booth. A hold of one of its seats takes all of them."
    )
    seats: list[MapSeatOut]


class MapSectionOut(BaseModel):
    """Rows from the front."""

    name: str
    rows: list[MapRowOut]


class MapAreaOut(BaseModel):
    """A counted area that the map draws among its seats."""

    name: str
    category: str | None = None
    x: float
    y: float
    shape: Literal["rectangle", "circle", "ellipse", "polygon"] | None = None
    width: float | None = None
    height: float | None = None
    radius: float | None = None
    radius_x: float | None = None
    radius_y: float | None = None
    points: list[dict[str, float]] | None = None
    rotation: float | None = None


class MapSourceOut(BaseModel):
    """The venue's seat map that the event copied."""

    id: UUID
    version: int


class SeatMapOut(BaseModel):
    """One version of an event's seat map; it never changes."""

    event: UUID
    event_number: int
    map_version: int
    categories: list[str]
    sections: list[MapSectionOut]
    areas: list[MapAreaOut] | None = None
    source: MapSourceOut | None = None


class ColumnRowOut(BaseModel):
    """A row. Its seats are numbered from `first` on, or by `numbers` where seats were added later."""

    name: str
    first: int | None = Field(
        None, description="The first seat's place in the columns, and in `state`: from 0."
    )
    count: int
    numbers: list[int] | None = None
    label: str = Field(description="What the labels of the row begin with. A name follows it.")
    names: list[str] = Field(description="The names of the seats in the row, from left to right.")
    printed: list[str | None] | None = Field(
        None,
        description="What is printed on the chairs, where the source has it and it differs from the name.",
    )
    sold: Literal["whole"] | None = None


class ColumnSectionOut(BaseModel):
    """Rows from the front."""

    name: str
    rows: list[ColumnRowOut]


class ColumnAreaOut(BaseModel):
    """A counted area that the map draws among its seats."""

    name: str
    points: list[Annotated[list[int], Field(min_length=2, max_length=2)]] = Field(
        description="The corners of its outline, as x and y."
    )


class ColumnsOut(BaseModel):
    """Base64 of one little-endian 16-bit number for each seat: the difference to the seat before it, modulo 65,536."""

    x: str = Field(
        description="The middle of the seat, from the left edge. The longer side has 65,535 units."
    )
    y: str = Field(description="The same from the upper edge.")
    position: str = Field(description="Neighbours in a row have consecutive positions.")
    category: str = Field(description="The place in `categories`, from 0.")
    traits: str = Field(description="The sum of 1 wheelchair, 2 companion, 4 restricted view.")


class SeatMapColumnsOut(BaseModel):
    """A seat map to draw, in columns. It never changes."""

    event: UUID
    event_number: int
    map_version: int
    width: int
    height: int
    pitch: int = Field(description="The usual distance of two neighbours, in units of the drawing.")
    categories: list[str]
    sections: list[ColumnSectionOut]
    areas: list[ColumnAreaOut]
    columns: ColumnsOut


_EVENT: dict[str, Any] = {"event": "00000000-1c1b-8f3a-a4d5-5b1d6a2f9c10", "event_number": 7}
SEATS_EXAMPLE = _EVENT | {
    "event_status": "published",
    "map_version": 1,
    "epoch": "3f9a1c2e",
    "version": 3,
    "items": [
        {"label": "A-1-1", "status": "booked"},
        {"label": "A-1-2", "status": "held", "until": "2026-11-05T18:32:00.120934Z"},
    ],
}
MAP_EXAMPLE = _EVENT | {
    "map_version": 1,
    "categories": ["stalls"],
    "sections": [
        {
            "name": "A",
            "rows": [
                {
                    "name": "1",
                    "seats": [
                        {"label": "A-1-1", "position": 0, "category": "stalls"},
                        {"label": "A-1-2", "position": 1, "category": "stalls"},
                    ],
                }
            ],
        }
    ],
}
