"""Occupancies: this process's copies of who has which seat, and the seat maps that they refer to.

An occupancy changes only after a commit has returned, and any failure drops it. Maps are immutable by
version, so that they outlive their occupancies.
"""

from __future__ import annotations

from collections import OrderedDict

from holdfast.inventory.rules.occupancy import Occupancy
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store import occupancies as loads
from holdfast.inventory.store.events import EventStore
from holdfast.postgres.connections import Connections


class Occupancies:
    """Occupancies by event number. Beyond `max_seats` in total, the least recently used are dropped."""

    def __init__(self, connections: Connections, event_store: EventStore, *, max_seats: int) -> None:
        self._connections = connections
        self._event_store = event_store
        self._max_seats = max_seats
        self._occupancy: dict[int, Occupancy] = {}
        self._maps: OrderedDict[tuple[int, int], SeatMap] = OrderedDict()

    async def seat_map(self, number: int, version: int) -> SeatMap:
        key = (number, version)
        found = self._maps.get(key)
        if found is None:
            found = await self._event_store.load_map(number, version)
        self._keep(found, number)
        return found

    def find(self, number: int, map_version: int) -> Occupancy | None:
        """Return the occupancy as it is, or None if there is none of this version of the map."""
        found = self._occupancy.get(number)
        if found is None or found.seat_map.version != map_version:
            return None
        self._keep(found.seat_map, number)  # it may have been dropped during the load
        return found

    async def get(self, number: int, map_version: int) -> Occupancy:
        """Return the occupancy as it is, without following newer versions. Load it if there is none."""
        current = self.find(number, map_version)
        if current is not None:
            return current
        found = self._occupancy.get(number)
        seat_map = await self.seat_map(number, map_version)
        loaded = await loads.load_occupancy(self._connections, number, seat_map)
        return self._occupancy.setdefault(number, loaded) if found is None else self._replace(number, loaded)

    async def get_current(self, number: int, map_version: int) -> Occupancy:
        """Return the occupancy at a version that was the newest after this call began."""
        occupancy = await self.get(number, map_version)
        if await loads.follow_journal(self._connections, number, occupancy):
            return occupancy
        self.drop(number)
        return await self.get(number, map_version)

    def drop(self, number: int) -> None:
        self._occupancy.pop(number, None)

    def drop_all(self) -> None:
        self._occupancy.clear()
        self._maps.clear()

    def _replace(self, number: int, occupancy: Occupancy) -> Occupancy:
        self._occupancy[number] = occupancy
        return occupancy

    def _keep(self, seat_map: SeatMap, number: int) -> None:
        key = (number, seat_map.version)
        is_new = key not in self._maps
        self._maps[key] = seat_map
        self._maps.move_to_end(key)
        if is_new:
            self._make_room()

    def _make_room(self) -> None:
        kept = sum(seat_map.size for seat_map in self._maps.values())
        while kept > self._max_seats and len(self._maps) > 1:
            (number, _), dropped = self._maps.popitem(last=False)
            kept -= dropped.size
            self.drop(number)
