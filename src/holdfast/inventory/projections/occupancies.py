"""Occupancies: this process's copies of who has which seat, and the seat maps that they refer to.

An occupancy changes only after a commit has returned, and any failure drops it. Maps are immutable by
version, so that they outlive their occupancies. Events whose maps are the same share one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from weakref import WeakValueDictionary

from holdfast.inventory.rules.occupancy import Occupancy
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store import occupancies as loads
from holdfast.inventory.store.events import CachedEvent
from holdfast.inventory.store.seat_maps import StoredMap, load_maps
from holdfast.postgres.connections import Connections

SMALL_MAP = 2_000
"""Seats of a map that is built in a few milliseconds, a wait that nobody notices."""

MAX_SEATS_TOGETHER = 5_000
"""Max seats of the maps that one round trip loads. Its answers are read at once, in a few milliseconds."""

MAX_SEATS_AT_ONCE = 30_000
"""Max seats that a shared batch loads before it begins: its other buyers wait for that."""


class Occupancies:
    """Occupancies by event number. Beyond `max_seats` in total, the least recently used are dropped."""

    def __init__(self, connections: Connections, *, max_seats: int) -> None:
        self._connections = connections
        self._max_seats = max_seats
        self._occupancy: dict[int, Occupancy] = {}
        self._maps: OrderedDict[tuple[int, int], SeatMap] = OrderedDict()
        """By event and version."""
        self._kept_seats = 0
        """The seats of these maps. A shared map counts for each event, because so do the occupancies of it."""
        self._by_digest: WeakValueDictionary[bytes, SeatMap] = WeakValueDictionary()
        """The maps in use, by their content."""

    async def seat_map(self, number: int, version: int) -> SeatMap:
        found = (await self._get_maps({number: version}))[number]
        if isinstance(found, Exception):
            raise found
        return found

    async def _get_maps(self, versions: Mapping[int, int]) -> dict[int, SeatMap | Exception]:
        """Return a version of each event's map, or the event's error."""
        found: dict[int, SeatMap | Exception] = {
            key[0]: self._maps[key] for key in versions.items() if key in self._maps
        }
        missing = {number: version for number, version in versions.items() if number not in found}
        for number, stored in (await load_maps(self._connections, missing) if missing else {}).items():
            found[number] = stored if isinstance(stored, Exception) else await self._built(stored)
        for number, seat_map in found.items():
            if isinstance(seat_map, SeatMap):
                self._keep(seat_map, number)
        return found

    async def _built(self, stored: StoredMap) -> SeatMap | Exception:
        try:
            # A stadium takes far longer, and the buyers of other events must not wait for all of it.
            return (
                self._shared(stored)
                if stored.size <= SMALL_MAP
                else await asyncio.to_thread(self._shared, stored)
            )
        except Exception as error:  # noqa: BLE001 - it is an error of this event alone
            return error

    def _shared(self, stored: StoredMap) -> SeatMap:
        digest = stored.digest()
        seat_map = self._by_digest.get(digest)
        if seat_map is None:
            seat_map = self._by_digest[digest] = stored.build()
        return seat_map

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
        loaded = (await self._load({number: map_version}))[number]
        if isinstance(loaded, Exception):
            raise loaded
        return loaded

    async def load(self, events: Iterable[CachedEvent]) -> None:
        """Load the occupancies that are missing, those of many events in one round trip.

        Left out are large maps, those beyond `MAX_SEATS_AT_ONCE`, and events with an error: they are loaded, or fail,
        in a batch of their own.
        """
        part: dict[int, int] = {}
        in_part = total = 0
        for known in events:
            number, version = known.event.number, known.event.map_version
            if not version or self.find(number, version) is not None:
                continue
            size = sum(area.capacity for area in known.areas if area.seated)
            if size > MAX_SEATS_TOGETHER or total + size > MAX_SEATS_AT_ONCE:
                continue
            if in_part + size > MAX_SEATS_TOGETHER:
                await self._load(part)
                part, in_part = {}, 0
            part[number] = version
            in_part += size
            total += size
        if part:
            await self._load(part)

    async def _load(self, versions: Mapping[int, int]) -> dict[int, Occupancy | Exception]:
        before = {number: self._occupancy.get(number) for number in versions}
        found: dict[int, Occupancy | Exception] = {}
        seat_maps: dict[int, SeatMap] = {}
        for number, seat_map in (await self._get_maps(versions)).items():
            if isinstance(seat_map, Exception):
                found[number] = seat_map
            else:
                seat_maps[number] = seat_map
        for number, loaded in (await loads.load_occupancies(self._connections, seat_maps)).items():
            if isinstance(loaded, Exception):
                found[number] = loaded
            elif before[number] is None:  # another load may have been faster
                found[number] = self._occupancy.setdefault(number, loaded)
            else:
                found[number] = self._occupancy[number] = loaded
        return found

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
        self._kept_seats = 0

    def _keep(self, seat_map: SeatMap, number: int) -> None:
        key = (number, seat_map.version)
        if key not in self._maps:
            self._kept_seats += seat_map.size
        self._maps[key] = seat_map
        self._maps.move_to_end(key)
        while self._kept_seats > self._max_seats and len(self._maps) > 1:
            (other, _), dropped = self._maps.popitem(last=False)
            self._kept_seats -= dropped.size
            self.drop(other)
