"""Calls of seat maps: plans of venues that many events reuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from holdfast_client.calls import Call, get, one, page, path, post
from holdfast_client.models import Page, StoredSeatMap


def create_seat_map(
    name: str, seat_map: Mapping[str, Any], *, idempotency_key: str | None = None
) -> Call[StoredSeatMap]:
    """Store a venue's seat map. An event names it as `seat_map={"id": …}` and keeps a copy."""
    body = {"name": name, "seat_map": seat_map}
    return post("/v1/seat-maps", one(StoredSeatMap), body=body, key=idempotency_key)


def list_seat_maps(*, limit: int | None = None, cursor: str | None = None) -> Call[Page[StoredSeatMap]]:
    """List the newest version of each seat map, one page at a time."""
    return get("/v1/seat-maps", page(StoredSeatMap), query={"limit": limit, "cursor": cursor})


def get_stored_seat_map(seat_map: UUID | str, *, version: int | None = None) -> Call[StoredSeatMap]:
    """Read a version of a seat map with its document; the newest one unless it is named."""
    return get(path("seat-maps", seat_map), one(StoredSeatMap), query={"version": version})


def add_seat_map_version(seat_map: UUID | str, name: str, document: Mapping[str, Any]) -> Call[StoredSeatMap]:
    """Store the next version of a seat map. A document that equals the newest version adds nothing."""
    body = {"name": name, "seat_map": document}
    return post(path("seat-maps", seat_map, "versions"), one(StoredSeatMap), body=body)
