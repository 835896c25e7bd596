"""The past: which admissions were available, and which seats were taken, at a past moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from holdfast.errors import EventNotFound
from holdfast.inventory.projections.occupancies import Occupancies
from holdfast.inventory.rules.availability import Availability, availability_of
from holdfast.inventory.rules.event import AreaState, Event, EventStatus
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store.events import CachedEvent, EventStore
from holdfast.inventory.store.reads import ReadStore


@dataclass(frozen=True, slots=True)
class SeatState:
    """One seat of an event at a moment: its number in the map, and its status. `until`: a hold's expiry."""

    number: int
    status: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatStates:
    """Seats that were not available, by number; all others were."""

    event: Event
    version: int
    seat_map: SeatMap
    taken: tuple[SeatState, ...]


class Past:
    """Reads claims and journal up to the version of a moment. Raises EventNotFound."""

    def __init__(self, reads: ReadStore, event_store: EventStore, occupancies: Occupancies) -> None:
        self._reads = reads
        self._event_store = event_store
        self._occupancies = occupancies

    async def get_availability(self, number: int, at: datetime) -> Availability:
        """Return the availability at a past moment: the last version at or before it, with the holds live at
        that time."""
        known = await self._get_known(number)
        version = await self._reads.version_at(number, at)
        taken = await self._reads.taken_at(number, version, at)
        capacities = await self._capacities_at(known, version)
        states = await self._states_at(known, version)
        areas = []
        for area in known.areas:
            was = taken.get(area.number, {})
            areas.append(
                replace(
                    area,
                    capacity=capacities.get(area.number, 0),
                    held=was.get("held", 0),
                    booked=was.get("booked", 0),
                    blocked=was.get("blocked", 0),
                    state=states[area.number],
                )
            )
        return availability_of(
            await self._event_at(known, version),
            areas,
            epoch=self._reads.epoch,
            version=version,
            lapsed=0,
            lapsed_by_area={},
            as_of=at,
            next_expiry=None,
        )

    async def list_seats(self, number: int, at: datetime) -> SeatStates:
        known = await self._get_known(number)
        version = await self._reads.version_at(number, at)
        event = await self._event_at(known, version)
        cancelled = event.status is EventStatus.CANCELLED
        taken = await self._reads.seats_at(number, version, at)
        return SeatStates(
            event=event,
            version=version,
            seat_map=await self._occupancies.seat_map(number, event.map_version),
            taken=tuple(
                SeatState(seat, state, expires_at if state == "held" else None)
                for seat, state, expires_at in taken
                if not (cancelled and state == "held")
            ),
        )

    async def _capacities_at(self, known: CachedEvent, version: int) -> dict[int, int]:
        """Return the areas' capacities at a version. An entry has only the new capacity, so the entry before has
        the old one."""
        capacities = {area.number: area.capacity for area in known.areas}
        changed = {
            int(area)
            for _, entries in await self._reads.structural_since(known.event.number, version)
            for entry in entries
            if entry["change"] == "capacity" or entry["change"] == "seats_added"
            for area in entry["areas"]
        }
        if not changed:
            return capacities
        before: dict[int, int] = {}
        for _, entries in await self._reads.structural_until(known.event.number, version):
            for entry in reversed(entries):
                match entry["change"]:
                    case "capacity" | "seats_added" | "opened":
                        for area, capacity in entry["areas"].items():
                            before.setdefault(int(area), capacity)
        return {**capacities, **{area: before.get(area, 0) for area in changed}}

    async def _states_at(self, known: CachedEvent, version: int) -> dict[int, AreaState]:
        """Return the areas' states at a version: the first change after it says what a state was before."""
        states = {area.number: area.state for area in known.areas}
        seen: set[int] = set()
        for _, entries in await self._reads.structural_since(known.event.number, version):
            for entry in entries:
                if entry["change"] == "area" and "state" in entry["was"] and entry["area"] not in seen:
                    seen.add(entry["area"])
                    states[entry["area"]] = AreaState(entry["was"]["state"] or AreaState.OPEN)
        return states

    async def _event_at(self, known: CachedEvent, version: int) -> Event:
        """Return the event with the status and the seat map that it had. Its name and rules are the present ones."""
        event = known.event
        added = 0
        for _, entries in await self._reads.structural_since(event.number, version):
            for entry in entries:
                if entry["change"] == "event_cancelled":
                    event = replace(event, status=EventStatus.PUBLISHED)
                elif entry["change"] == "seats_added":
                    added += 1
        return replace(event, map_version=event.map_version - added)

    async def _get_known(self, number: int) -> CachedEvent:
        known = await self._event_store.find_known(number)
        if known is None:
            raise EventNotFound
        return known
