"""Seat maps of venues: stored once, and reused by many events.

A new map or version needs `events:write`; list and read need `events:read`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.event_bodies import SeatMapIn
from holdfast.api.v1.paging import Page, page, position_id
from holdfast.api.v1.rights import organisation_of
from holdfast.api.values import Name, SeatMapPath
from holdfast.errors import DuplicateSeat, IdempotencyKeyReused, SeatMapNotFound
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import SEAT_MAP_LIMIT, Routes
from holdfast.http.values import Cursor, In, Limit
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.venue_maps import VenueMap, VenueMaps

routes = Routes(tag="seat maps")

MapVersion = Annotated[int, Field(ge=1, le=1_000_000)]


class StoreSeatMapIn(In):
    """A venue's seat map, in any form that an event takes."""

    name: Name
    seat_map: SeatMapIn


class StoredSeatMapOut(BaseModel):
    """A version of a venue's seat map. It never changes. `seat_map` is the document as given."""

    id: UUID
    version: int
    name: str
    capacity: int = Field(description="Seats, and admissions of the areas that the map draws.")
    created_at: datetime
    seat_map: dict[str, Any] | None = Field(None, description="Not in lists.")


_STORED = {
    "id": "6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e10",
    "version": 1,
    "name": "Great hall",
    "capacity": 600,
    "created_at": "2026-11-05T18:31:00.123456Z",
}
_BODY = {
    "name": "Great hall",
    "seat_map": {"sections": [{"name": "A", "rows": 20, "seats_per_row": 30, "category": "stalls"}]},
}


def stored_json(venue_map: VenueMap) -> dict[str, Any]:
    return {
        "id": venue_map.id,
        "version": venue_map.version,
        "name": venue_map.name,
        "capacity": venue_map.capacity,
        "created_at": venue_map.created_at,
    }


def _maps(request: Request) -> VenueMaps:
    return request.inventory.venue_maps.of(organisation_of(request.principal))


async def _capacity_of(body: StoreSeatMapIn) -> int:
    """Return the number of admissions. Raises InvalidInput, DuplicateSeat for a map that no event could use."""
    layout = await asyncio.to_thread(parse_seat_map, body.seat_map, pointer="/seat_map")
    return len(layout.seats) + sum(area.capacity for area in layout.areas)


@routes.post(
    "/v1/seat-maps",
    policy=Permission.EVENTS_WRITE,
    status=201,
    body_limit=SEAT_MAP_LIMIT,
    response=StoredSeatMapOut,
    errors=[DuplicateSeat, IdempotencyKeyReused],
    examples={"a hall": _BODY},
    answers={201: _STORED},
)
async def create_seat_map(request: Request, body: StoreSeatMapIn) -> Reply:
    """Store a seat map that events name as `"seat_map": {"id": …}`.

    The map is checked as an event's is. A retry with the same Idempotency-Key returns the map that the first one made.
    """
    made = await _maps(request).create(
        body.name,
        body.seat_map,
        capacity=await _capacity_of(body),
        by=request.principal.id,
        scope=request.retry_scope,
    )
    return Reply(status=201, body=encode(stored_json(made)))


@routes.get(
    "/v1/seat-maps",
    policy=Permission.EVENTS_READ,
    response=Page[StoredSeatMapOut],
    answers={200: {"items": [_STORED], "next": None}},
)
async def list_seat_maps(
    request: Request, *, limit: Limit = 50, cursor: Cursor | None = None
) -> dict[str, Any]:
    """Return the newest version of each seat map, in the order of their ids."""
    found = await _maps(request).list(after=position_id(request, cursor, {}), limit=limit + 1)
    return page(
        request, found, limit=limit, filters={}, position=lambda each: str(each.id), render=stored_json
    )


@routes.get(
    "/v1/seat-maps/{seat_map}",
    policy=Permission.EVENTS_READ,
    response=StoredSeatMapOut,
    errors=[SeatMapNotFound],
    answers={200: _STORED | {"seat_map": _BODY["seat_map"]}},
)
async def get_stored_seat_map(
    request: Request, seat_map: SeatMapPath, *, version: MapVersion | None = None
) -> dict[str, Any]:
    """Return a version of a seat map with its document, or the newest version."""
    found = await _maps(request).get(seat_map, version=version)
    return {**stored_json(found), "seat_map": found.seat_map}


@routes.post(
    "/v1/seat-maps/{seat_map}/versions",
    policy=Permission.EVENTS_WRITE,
    status=201,
    body_limit=SEAT_MAP_LIMIT,
    response=StoredSeatMapOut,
    errors=[SeatMapNotFound, DuplicateSeat],
    examples={"one row more": _BODY},
    answers={201: _STORED | {"version": 2}},
)
async def add_seat_map_version(request: Request, seat_map: SeatMapPath, body: StoreSeatMapIn) -> Reply:
    """Store the next version of a seat map. Events keep the version that they copied.

    A body that equals the newest version adds nothing, so the request may be repeated.
    """
    made = await _maps(request).add_version(
        seat_map,
        body.name,
        body.seat_map,
        capacity=await _capacity_of(body),
        by=request.principal.id,
    )
    return Reply(status=201, body=encode(stored_json(made)))
