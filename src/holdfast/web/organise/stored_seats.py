"""Stored seats: the seat maps that an organisation keeps, as a new event takes one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from holdfast.api.request import Request
from holdfast.api.v1.rights import organisation_of
from holdfast.errors import SeatMapNotFound
from holdfast.http.values import parse_id
from holdfast.inventory.venue_maps import VenueMap, VenueMaps

__all__ = ["find_stored", "kept_maps", "list_stored", "stored_seat_map"]

_MAX_MAPS = 500


def kept_maps(request: Request) -> VenueMaps:
    """Return the seat maps of the caller's organisation."""
    return request.inventory.venue_maps.of(organisation_of(request.principal))


async def list_stored(request: Request) -> list[VenueMap]:
    """Return the newest version of each map, by name."""
    found = await kept_maps(request).list(after=None, limit=_MAX_MAPS)
    return sorted(found, key=lambda each: each.name.casefold())


async def find_stored(request: Request, text: str) -> VenueMap | None:
    """Return the newest version of the map that a form names; None if there is none."""
    id = parse_id(text)
    try:
        return None if id is None else await kept_maps(request).get(id)
    except SeatMapNotFound:
        return None


def stored_seat_map(id: UUID, version: int) -> dict[str, Any]:
    """Return a map as the body of an event names it. The event keeps this version."""
    return {"id": str(id), "version": version}
