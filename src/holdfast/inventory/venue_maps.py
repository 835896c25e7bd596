"""Venue maps: the seat maps that many events reuse. A version never changes, and an event copies what it sells."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import orjson

from holdfast.errors import IdempotencyKeyReused, InProgress, SeatMapNotFound
from holdfast.postgres import queries
from holdfast.postgres.connections import Connections, fetch
from holdfast.postgres.rows import RowReader
from holdfast.value import value_class

SQL = queries.load("venue_maps")
_TRIES = 5


@value_class(frozen=True, slots=True, kw_only=True)
class VenueMap:
    """One version of a venue's seat map. `document` is null in lists."""

    id: UUID
    version: int
    name: str
    capacity: int
    created_at: datetime
    document: str | None = None

    @property
    def seat_map(self) -> Any:
        """The document as given, in any form of a seat map."""
        return orjson.loads(self.document or "null")


_ROW = RowReader(VenueMap)


class VenueMaps:
    """Reads and writes the seat maps of one organisation."""

    def __init__(self, connections: Connections, *, organisation: int = 1) -> None:
        self._connections = connections
        self._organisation = organisation

    def of(self, organisation: int) -> VenueMaps:
        """Return the maps of another organisation."""
        return VenueMaps(self._connections, organisation=organisation)

    async def create(
        self, name: str, seat_map: Any, *, capacity: int, by: str, scope: bytes | None
    ) -> VenueMap:
        """Store a new map. `scope` is that of a retry key: the same request makes the same map."""
        id = uuid4() if scope is None else UUID(bytes=sha256(b"seat map" + scope).digest()[:16], version=4)
        document = orjson.dumps(seat_map).decode()
        made = await self._insert(
            "insert_venue_map", id=id, name=name, document=document, capacity=capacity, by=by
        )
        if made is not None:
            return made
        earlier = await self.get(id, version=1)
        if (earlier.name, earlier.document) != (name, document):
            raise IdempotencyKeyReused
        return earlier

    async def add_version(self, id: UUID, name: str, seat_map: Any, *, capacity: int, by: str) -> VenueMap:
        """Store the next version of a map. If it equals the newest one, it is that one."""
        document = orjson.dumps(seat_map).decode()
        for _ in range(_TRIES):
            newest = await self.get(id)
            if (newest.name, newest.document) == (name, document):
                return newest
            made = await self._insert(
                "add_venue_map_version", id=id, name=name, document=document, capacity=capacity, by=by
            )
            if made is not None:
                return made
        raise InProgress

    async def get(self, id: UUID, *, version: int | None = None) -> VenueMap:
        """Return a version of a map, or its newest one. Raises SeatMapNotFound."""
        parameters = {"id": id, "version": version, "organisation": self._organisation}
        found = await self._connections.ask_pool(
            self._connections.control(), SQL["get_venue_map"], parameters
        )
        venue_map = _ROW.first(found)
        if venue_map is None:
            raise SeatMapNotFound
        return venue_map

    async def list(self, *, after: UUID | None, limit: int) -> list[VenueMap]:
        """Return the newest version of each map, in the order of their ids."""
        parameters = {"after": after, "max_rows": limit, "organisation": self._organisation}
        found = await self._connections.ask_pool(
            self._connections.control(), SQL["list_venue_maps"], parameters
        )
        rows = found.select("id", "version", "name", "capacity", "created_at")
        return [
            VenueMap(id=id, version=version, name=name, capacity=capacity, created_at=created_at)
            for id, version, name, capacity, created_at in rows
        ]

    async def _insert(
        self, statement: str, *, id: UUID, name: str, document: str, capacity: int, by: str
    ) -> VenueMap | None:
        parameters = {
            "id": id,
            "name": name,
            "document": document,
            "capacity": capacity,
            "created_by": by,
            "organisation": self._organisation,
        }
        async with self._connections.use(self._connections.control(), writes=True) as connection:
            found = await fetch(connection, SQL[statement], parameters)
        for version, created_at in found.select("version", "created_at") if found else ():
            return VenueMap(
                id=id,
                version=version,
                name=name,
                capacity=capacity,
                created_at=created_at,
                document=document,
            )
        return None
