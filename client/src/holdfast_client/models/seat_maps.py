"""Seat maps: what to draw, and the maps of venues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

__all__ = ["MapArea", "MapRow", "MapSeat", "MapSection", "MapSource", "SeatMap", "StoredSeatMap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSeat:
    """A seat of the map. Two seats of a row are neighbours if their positions are consecutive.

    Best available gives a wheelchair place only where `accessible` asks for one, and its companion seat with it. It
    gives a seat with a restricted view last.
    """

    label: str
    position: int
    category: str
    x: float | None = None
    y: float | None = None
    name: str | None = None
    guid: str | None = None
    wheelchair: bool = False
    companion: bool = False
    restricted_view: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """Seats from left to right. `sold` is `whole` for a table or booth: a hold of one of its seats takes all."""

    name: str
    seats: tuple[MapSeat, ...]
    sold: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSection:
    """Rows from the front."""

    name: str
    rows: tuple[MapRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapArea:
    """A counted area that the map draws among its seats: a `shape` with its centre and its measures."""

    name: str
    x: float
    y: float
    category: str | None = None
    shape: str | None = None
    width: float | None = None
    height: float | None = None
    radius: float | None = None
    radius_x: float | None = None
    radius_y: float | None = None
    points: tuple[Mapping[str, Any], ...] = ()
    rotation: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSource:
    """The stored seat map that an event copied."""

    id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatMap:
    """One version of an event's seat map, which never changes. Categories are in order of preference.

    `areas` are the counted areas that the map draws, and `source` is the stored map that the event copied.
    """

    event: UUID
    event_number: int
    map_version: int
    sections: tuple[MapSection, ...]
    categories: tuple[str, ...] = ()
    areas: tuple[MapArea, ...] = ()
    source: MapSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeatMap:
    """A version of a venue's seat map; `seat_map` is the document as given, where it was read."""

    id: UUID
    version: int
    name: str
    capacity: int
    created_at: datetime | None = None
    seat_map: Mapping[str, Any] | None = None
