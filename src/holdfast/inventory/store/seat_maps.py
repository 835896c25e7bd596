"""The load of seat maps: the seats of a version, the areas that sell them, and what the version has beside them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import orjson

from holdfast.inventory.seating.drawn_areas import MapDetails, MapSource
from holdfast.inventory.seating.seat_map import SeatMap, SeatSpec
from holdfast.inventory.store import rows
from holdfast.postgres import queries
from holdfast.postgres.connections import Connections
from holdfast.postgres.pipeline import Statement
from holdfast.postgres.rows import Row, Table
from holdfast.postgres.together import read_together

SQL = queries.load("catalogue")

_STATEMENTS = tuple(Statement(name, SQL[name]) for name in ("get_areas", "list_seats", "list_map_details"))
_SEAT_COLUMNS = "label", "section", "row_name", "position", "area_number", "x", "y", "guid", "name", "traits"
_DETAILS_COLUMNS = "areas", "source", "source_version"


class StoredMap:
    """The rows of one version of an event's map."""

    def __init__(self, version: int, areas: Table, seats: Table, details: Table) -> None:
        self._version = version
        self._categories = {area.number: area.category or "" for area in rows.AREA.read(areas) if area.seated}
        self._seats: list[Row] = [*seats.select(*_SEAT_COLUMNS)]
        self._details: list[Row] = [*details.select(*_DETAILS_COLUMNS)]

    @property
    def size(self) -> int:
        return len(self._seats)

    def digest(self) -> bytes:
        """Return the same bytes for the same map, which thousands of events in one hall may have."""
        content = self._version, [*self._categories.items()], self._seats, self._details
        return sha256(orjson.dumps(content)).digest()

    def build(self) -> SeatMap:
        categories = self._categories
        specs = (
            SeatSpec(label, section, row, position, categories[area], x, y, guid, name, traits)
            for label, section, row, position, area, x, y, guid, name, traits in self._seats
        )
        seat_map = SeatMap.build(specs, self._version, categories=categories.values())
        for areas, source, source_version in self._details:
            copied = None if source is None else MapSource(source, source_version)
            later = MapDetails(areas=tuple(areas), source=copied)
            seat_map.details = seat_map.details.followed_by(later)
        return seat_map


async def load_maps(
    connections: Connections, versions: Mapping[int, int]
) -> dict[int, StoredMap | Exception]:
    """Return a version of each event's map, or the event's error, in one round trip of each node."""
    givens = {
        number: {"event_number": number, "map_version": version} for number, version in versions.items()
    }
    answers = await read_together(connections, _STATEMENTS, givens)
    return {
        number: answer if isinstance(answer, Exception) else StoredMap(versions[number], *answer)
        for number, answer in answers.items()
    }
