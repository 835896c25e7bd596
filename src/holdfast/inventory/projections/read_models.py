"""Read models of a process: one for each event that is read, kept between reads and brought up to date by each."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum

from holdfast import ids
from holdfast.errors import EventNotFound
from holdfast.inventory.projections.occupancies import Occupancies
from holdfast.inventory.projections.read_model import OutdatedError, ReadModel
from holdfast.inventory.projections.seat_json import available_seat, packed_seats, seat_list
from holdfast.inventory.projections.single_flight import SingleFlight
from holdfast.inventory.rules.availability import Availability
from holdfast.inventory.rules.journal import Entry
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store.read_models import ReadModelStore

MAX_VERSIONS_BEHIND = 1_000
"""Max versions that a read model, a reader or a stream client may be behind. Beyond it they start again."""

MAX_SEATS = 1_000_000
"""Max seats of the maps of all read models; the least recently read are dropped first."""

FEW_SEATS = 5_000
"""A list of max this many seats is written at once. A longer one is written in a thread, so that it delays no
sale."""


class SeatForm(Enum):
    """What a list of seats has: those that are not available, every seat, or every seat in two bits."""

    TAKEN = "taken"
    EVERY = "every"
    PACKED = "packed"


class SeatList:
    """A written JSON list of seats, or packed seats, with the counts of the same state."""

    __slots__ = ("availability", "body", "document", "state")

    def __init__(self, *, state: tuple[int, int], availability: Availability, body: bytes) -> None:
        self.state = state
        self.availability = availability
        self.body = body
        self.document: bytes | None = None
        """The whole answer around the list: built by the first reader that needs it, and shared by all others."""


class ReadModels:
    """Read models by event number."""

    def __init__(self, reads: ReadModelStore, occupancies: Occupancies) -> None:
        self._reads = reads
        self._occupancies = occupancies
        self._kept: OrderedDict[int, ReadModel] = OrderedDict()
        self._watched: set[int] = set()
        self._written: dict[tuple[int, SeatForm], tuple[ReadModel, SeatList]] = {}
        self._looks = SingleFlight(self._look)
        self._writings = SingleFlight(self._write)
        self._namings = SingleFlight(self._name)

    async def get_current(self, number: int) -> ReadModel:
        """Return the read model in a state that was the newest after this call began. Raises EventNotFound.

        It changes later: read everything that you need of it before the next `await`.
        """
        return await self._looks.get(number)

    async def get_with_buyers(self, number: int) -> ReadModel:
        """Return the same as `get_current`, with the buyer of every taken seat in `buyers`."""
        read_model = await self.get_current(number)
        return await self._namings.get(number) if read_model.unnamed else read_model

    async def get_at(self, number: int, version: int) -> ReadModel:
        """Return the read model at this version or a later one, without a query if this process's commits
        brought it there."""
        read_model = self._kept.get(number)
        if read_model is None or read_model.version < version:
            return await self.get_current(number)
        self._kept.move_to_end(number)
        return read_model

    def watch(self, number: int) -> None:
        """Make the event's read model follow this process's own commits from now on."""
        self._watched.add(number)

    def unwatch(self, number: int) -> None:
        self._watched.discard(number)

    def follow_commit(self, number: int, version: int, at: datetime, entries: Sequence[Entry]) -> None:
        """Follow a commit of this process. If another process's commit came between, the next read finds both."""
        read_model = self._kept.get(number) if number in self._watched else None
        if read_model is not None and version == read_model.version + 1:
            del self._kept[number]  # until every entry is applied
            with suppress(OutdatedError):
                read_model.follow(version, at, entries)
                self._kept[number] = read_model

    async def list_seats(self, read_model: ReadModel, form: SeatForm = SeatForm.TAKEN) -> SeatList:
        """Return the event's seats in a form, written once for each state.

        The list has the read model's state, or a later one.
        """
        kept = self._written.get((read_model.number, form))
        if kept is not None and kept[0] is read_model and kept[1].state == read_model.state:
            return kept[1]
        return await self._writings.get((read_model.number, form))

    def drop(self, number: int) -> None:
        self._kept.pop(number, None)

    def drop_all(self) -> None:
        self._kept.clear()
        self._written.clear()

    async def _name(self, number: int) -> ReadModel:
        read_model = await self.get_current(number)
        while read_model.unnamed:
            buyers = await self._reads.list_buyers(number)
            current = await self.get_current(number)  # at or after the version of these buyers
            if current is read_model:
                read_model.name_buyers(buyers)
            read_model = current
        return read_model

    async def _look(self, number: int) -> ReadModel:
        read_model = self._kept.get(number)
        if (
            read_model is None
            or not await self._follow(read_model)
            or self._kept.get(number) is not read_model
        ):
            read_model = await self._build(number)  # again if it was dropped while it was being followed
            self._kept[number] = read_model
            self._make_room()
        self._kept.move_to_end(number)
        return read_model

    async def _follow(self, read_model: ReadModel) -> bool:
        """Bring the read model up to date. Return False if it must be built again."""
        known = read_model.version  # which may grow meanwhile, by a commit of this process
        found = await self._reads.follow(read_model.number, known, max_rows=MAX_VERSIONS_BEHIND + 1)
        if found is None or found.version < known or len(found.journal) > MAX_VERSIONS_BEHIND:
            return False
        try:
            for version, at, entries in found.journal:
                read_model.follow(version, at, entries)
        except OutdatedError:
            return False
        read_model.pass_time(found.now)
        return True

    async def _build(self, number: int) -> ReadModel:
        loaded = await self._reads.load(number) if 0 < number <= ids.MAX_EVENT_NUMBER else None
        if loaded is None:
            self._kept.pop(number, None)
            raise EventNotFound
        version = loaded.event.map_version
        seat_map = await self._occupancies.seat_map(number, version) if version else SeatMap.build((), 0)
        return await asyncio.to_thread(ReadModel, loaded, seat_map)

    async def _write(self, key: tuple[int, SeatForm]) -> SeatList:
        number, form = key
        read_model = self._kept.get(number) or await self.get_current(number)
        state, availability = read_model.state, read_model.availability()
        taken, seat_map = dict(read_model.taken), read_model.seat_map
        if (seat_map.size if form is SeatForm.EVERY else len(taken)) <= FEW_SEATS:
            body = _written(taken, seat_map, form)
        else:
            body = await asyncio.to_thread(_written, taken, seat_map, form)
        written = SeatList(state=state, availability=availability, body=body)
        if self._kept.get(number) is read_model:  # else nothing would ever drop it
            self._written[key] = (read_model, written)
        return written

    def _make_room(self) -> None:
        kept = sum(read_model.seat_map.size + 100 for read_model in self._kept.values())
        while kept > MAX_SEATS and len(self._kept) > 1:
            number, dropped = self._kept.popitem(last=False)
            kept -= dropped.seat_map.size + 100
            for form in SeatForm:
                self._written.pop((number, form), None)


def _written(taken: dict[int, bytes], seat_map: SeatMap, form: SeatForm) -> bytes:
    """Return the seats in the map's order."""
    if form is SeatForm.PACKED:
        return packed_seats(taken.items(), seat_map.size)
    if form is SeatForm.TAKEN:
        return seat_list([taken[seat] for seat in sorted(taken)])
    labels = enumerate(seat_map.labels, start=1)
    return seat_list([taken.get(seat) or available_seat(label) for seat, label in labels])
