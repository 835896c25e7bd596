"""Reading: what is told of events, holds, bookings and blocks, past the lanes and never from a stale copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from holdfast import ids
from holdfast.errors import BookingNotFound, EventNotFound, HoldNotFound
from holdfast.inventory.batching.loads import CachedEvent
from holdfast.inventory.projections.occupancies import Occupancies
from holdfast.inventory.projections.single_flight import SingleFlight
from holdfast.inventory.rules.availability import Availability, availability_of
from holdfast.inventory.rules.booking import Block, Booking
from holdfast.inventory.rules.commands import Authority
from holdfast.inventory.rules.event import Area, Event, EventStatus
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.rules.holding import WrongToken, is_allowed
from holdfast.inventory.rules.records import HoldRecord
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store.events import EventStore
from holdfast.inventory.store.reads import EventState, ReadStore


@dataclass(frozen=True, slots=True)
class SeatState:
    """One seat of an event at a moment: its number in the map, and what it is. `until`: a hold's expiry."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """An event as a reader of its records sees it."""

    event: Event
    areas: dict[int, Area]
    seat_map: SeatMap | None


class Queries:
    """Every look at an event. Raises EventNotFound for one that is not there."""

    def __init__(self, reads: ReadStore, event_store: EventStore, occupancies: Occupancies) -> None:
        self.reads = reads
        self._event_store = event_store
        self._occupancies = occupancies
        self._states = SingleFlight(self._read_state)

    # -- an event as it is -----------------------------------------------------------------------------------------

    async def get_availability(self, number: int) -> Availability:
        """Exact at its `as_of`; readers that come while one is being made share the next."""
        return await self._states.get(number)

    async def get_seat_map(self, number: int, version: int) -> SeatMap:
        """An immutable version of the event's seat map; version 0 has no seats."""
        if version == 0:
            return SeatMap.build((), 0)
        return await self._occupancies.seat_map(number, version)

    async def _read_state(self, number: int) -> Availability:
        state = await self._find_state(number)
        return availability_of(
            state.event,
            state.areas,
            version=state.version,
            lapsed=state.lapsed,
            lapsed_by_area=state.lapsed_by_area,
            as_of=state.now,
            next_expiry=state.next_expiry,
        )

    async def _find_state(self, number: int) -> EventState:
        state = await self.reads.find_state(number) if 0 < number <= ids.MAX_EVENT_NUMBER else None
        if state is None:
            raise EventNotFound
        return state

    async def _get_known(self, number: int) -> CachedEvent:
        known = await self._event_store.find_known(number)
        if known is None:
            raise EventNotFound
        return known

    # -- holds, bookings, blocks -----------------------------------------------------------------------------------

    async def get_hold(self, hold_id: UUID, authority: Authority) -> Hold:
        """Raises HoldNotFound, also (as WrongToken) where the authority does not open it."""
        number = ids.event_number_of(hold_id)
        found = await self.reads.find_hold(number, hold_id) if number is not None else None
        if number is None or found is None:
            raise HoldNotFound
        hold, now = found
        if not is_allowed(hold, authority):
            raise WrongToken
        return (await self._to_holds(number, [(hold, now)]))[0]

    async def find_hold_of_seat(self, number: int, seat: int) -> Hold | None:
        """The live or confirmed hold that has the seat. None for a seat that is available or blocked."""
        found = await self.reads.find_hold_of_seat(number, seat)
        hold = None if found is None else (await self._to_holds(number, [found]))[0]
        return hold if hold is not None and hold.status in ("active", "confirmed") else None

    async def released_at(self, hold: Hold) -> datetime | None:
        """When a released hold of seats gave them back, or its event was cancelled."""
        return await self.reads.released_at(hold.event_number, hold.id, hold.seat_numbers[0])

    async def get_booking(self, booking_id: UUID, authority: Authority) -> Booking:
        number = ids.event_number_of(booking_id)
        found = await self.reads.find_hold_of_booking(number, booking_id) if number is not None else None
        if number is None or found is None or not is_allowed(found[0], authority):
            raise BookingNotFound
        return (await self._to_bookings(number, [found]))[0]

    async def list_holds(
        self,
        number: int,
        *,
        status: str | None = None,
        buyer: str | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> list[Hold]:
        """Newest first, each with the status that it has now."""
        found = await self.reads.list_holds(number, status=status, buyer=buyer, before=before, limit=limit)
        return await self._to_holds(number, found)

    async def list_bookings(
        self, number: int | None, *, status: str | None = None, before: UUID | None = None, limit: int = 50
    ) -> list[Booking]:
        """Newest first; of all events (None), by event, the newest of each."""
        if number is not None:
            return await self._to_bookings(
                number, await self.reads.list_bookings(number, status=status, before=before, limit=limit)
            )
        bookings = []
        for event_number, id in await self.reads.list_booking_ids(status=status, before=before, limit=limit):
            found = await self.reads.find_hold_of_booking(event_number, id)
            if found is not None:
                bookings += await self._to_bookings(event_number, [found])
        return bookings

    async def list_blocks(
        self, number: int, *, live: bool | None = None, before: UUID | None = None, limit: int = 50
    ) -> list[Block]:
        context = await self._get_context(number)
        found = await self.reads.list_blocks(number, live=live, before=before, limit=limit)
        return [block.to_block(context) for block in found]

    async def _to_holds(self, number: int, found: Sequence[tuple[HoldRecord, datetime]]) -> list[Hold]:
        context = await self._get_context(number)
        return [hold.to_hold(context, now) for hold, now in found]

    async def _to_bookings(self, number: int, found: Sequence[tuple[HoldRecord, datetime]]) -> list[Booking]:
        context = await self._get_context(number)
        return [hold.to_booking(context) for hold, _ in found]

    async def _get_context(self, number: int) -> _Context:
        known = await self._get_known(number)
        areas = {area.number: area for area in known.areas}
        return _Context(event=known.event, areas=areas, seat_map=await self._map_for(known))

    async def _map_for(self, known: CachedEvent) -> SeatMap | None:
        version = known.event.map_version
        return await self._occupancies.seat_map(known.event.number, version) if version else None

    # -- the past --------------------------------------------------------------------------------------------------

    async def get_availability_as_of(self, number: int, at: datetime) -> Availability:
        """What was available at a past moment: the last version at or before it, and the holds live at that time."""
        known = await self._get_known(number)
        version = await self.reads.version_at(number, at)
        taken = await self.reads.taken_at(number, version, at)
        capacities = await self._capacities_at(known, version)
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
                )
            )
        return availability_of(
            await self._event_at(known, version),
            areas,
            version=version,
            lapsed=0,
            lapsed_by_area={},
            as_of=at,
            next_expiry=None,
        )

    async def list_seats_as_of(self, number: int, at: datetime) -> SeatStates:
        known = await self._get_known(number)
        version = await self.reads.version_at(number, at)
        event = await self._event_at(known, version)
        cancelled = event.status is EventStatus.CANCELLED
        taken = await self.reads.seats_at(number, version, at)
        return SeatStates(
            event=event,
            version=version,
            seat_map=await self.get_seat_map(number, event.map_version),
            taken=tuple(
                SeatState(seat, state, expires_at if state == "held" else None)
                for seat, state, expires_at in taken
                if not (cancelled and state == "held")
            ),
        )

    async def _capacities_at(self, known: CachedEvent, version: int) -> dict[int, int]:
        """Today's capacities, taken back: an entry says what one became, so the entry before says what it was."""
        capacities = {area.number: area.capacity for area in known.areas}
        changed = {
            int(area)
            for _, entries in await self.reads.structural_since(known.event.number, version)
            for entry in entries
            if entry["change"] == "capacity" or entry["change"] == "seats_added"
            for area in entry["areas"]
        }
        if not changed:
            return capacities
        told: dict[int, int] = {}
        for _, entries in await self.reads.structural_until(known.event.number, version):
            for entry in reversed(entries):
                match entry["change"]:
                    case "capacity" | "seats_added" | "opened":
                        for area, capacity in entry["areas"].items():
                            told.setdefault(int(area), capacity)
        return {**capacities, **{area: told.get(area, 0) for area in changed}}

    async def _event_at(self, known: CachedEvent, version: int) -> Event:
        """The event with the status and the seat map that it had; its name and rules are today's."""
        event = known.event
        added = 0
        for _, entries in await self.reads.structural_since(event.number, version):
            for entry in entries:
                if entry["change"] == "event_cancelled":
                    event = replace(event, status=EventStatus.PUBLISHED)
                elif entry["change"] == "seats_added":
                    added += 1
        return replace(event, map_version=event.map_version - added)
