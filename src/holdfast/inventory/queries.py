"""Queries: reads of events, holds, bookings and blocks, past the lanes and never from a stale copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from holdfast import ids
from holdfast.errors import BookingNotFound, EventNotFound, HoldNotFound
from holdfast.inventory.history import Histories, HistoryItem, Position
from holdfast.inventory.live.changes_since import ChangesSince, SeatChanges
from holdfast.inventory.notices import Notice, notices_of
from holdfast.inventory.past import Past, SeatStates
from holdfast.inventory.projections.occupancies import Occupancies
from holdfast.inventory.projections.shared_flight import SharedFlight
from holdfast.inventory.rules.availability import Availability, Counts, availability_of
from holdfast.inventory.rules.booking import Block, Booking
from holdfast.inventory.rules.commands import Authority
from holdfast.inventory.rules.event import Area, Event, FullEvent, in_full
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.rules.holding import WrongToken, is_allowed
from holdfast.inventory.rules.metadata import Metadata
from holdfast.inventory.rules.records import HoldRecord
from holdfast.inventory.sales_figures import SalesFigures, SalesReads, SalesSpan
from holdfast.inventory.seat_map_documents import MapForm, SeatMapDocument, SeatMapDocuments
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store.events import CachedEvent, EventFilter, EventStore
from holdfast.inventory.store.reads import EventState, ReadStore
from holdfast.inventory.waiter import Waiter

__all__ = ["EventFilter", "Queries"]

MANY_LAPSED = 1_000
"""A read counts the lapsed holds that nothing has reclaimed: with more than this it takes milliseconds."""


def _refuse_unless_allowed(
    hold: HoldRecord, *, authority: Authority, refusal: type[HoldNotFound | BookingNotFound]
) -> None:
    if not is_allowed(hold, authority):
        raise refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """An event as a reader of its records sees it."""

    event: Event
    areas: dict[int, Area]
    seat_map: SeatMap | None


class Queries:
    """Every read of an event but those of its read model. Raises EventNotFound if the event does not exist."""

    def __init__(
        self,
        reads: ReadStore,
        event_store: EventStore,
        occupancies: Occupancies,
        *,
        changes_since: ChangesSince,
        histories: Histories,
        sales: SalesReads,
    ) -> None:
        self._reads = reads
        self._event_store = event_store
        self._occupancies = occupancies
        self._changes_since = changes_since
        self._histories = histories
        self._sales = sales
        self._past = Past(reads, event_store, occupancies)
        self._documents = SeatMapDocuments(self.get_seat_map)
        self._states = SharedFlight(self._read_states)
        self._slow_states = SharedFlight(self._read_states, max_keys=1)
        self._slow: set[int] = set()
        """Events that had many lapsed holds when last read. Each is read alone: others would wait for it."""

    async def get_event(self, number: int) -> FullEvent:
        """Return the event as its row is now."""
        known = await self._get_known(number)
        return in_full(known.event, known.areas)

    async def list_events(
        self, wanted: EventFilter, *, before: int | None, limit: int
    ) -> list[tuple[Event, Counts, datetime]]:
        """Return events, newest first. The counts are those of the rows: a lapsed hold counts as held until it
        is reclaimed."""
        found = await self._event_store.list_events(wanted, before=before, limit=limit)
        return [
            (
                event,
                Counts(
                    capacity=capacity,
                    available=0 if event.status == "cancelled" else capacity - held - booked - blocked,
                    held=held,
                    booked=booked,
                    blocked=blocked,
                ),
                now,
            )
            for event, (capacity, held, booked, blocked), now in found
        ]

    async def list_events_in_full(
        self, wanted: EventFilter, *, before: int | None, limit: int
    ) -> Sequence[FullEvent]:
        """Return events with their areas, newest first."""
        found = await self._event_store.list_events(wanted, before=before, limit=limit)
        areas = await self._event_store.list_areas([event.number for event, _, _ in found])
        return [in_full(event, areas.get(event.number, ())) for event, _, _ in found]

    def get_availability(self, number: int) -> Waiter[Availability]:
        """Return the availability, exact at its `as_of`. Readers that arrive during a query share the next one."""
        return (self._slow_states if number in self._slow else self._states).get(number)

    async def get_seat_map(self, number: int, version: int) -> SeatMap:
        """Return an immutable version of the event's seat map; version 0 has no seats."""
        if version == 0:
            return SeatMap.build((), 0)
        return await self._occupancies.seat_map(number, version)

    async def get_seat_map_document(
        self, event: Event, version: int, form: MapForm = "document"
    ) -> SeatMapDocument:
        """Return the same version as JSON. It must be a version that the event's map has had."""
        return await self._documents.get(event, version, form, epoch=self._reads.epoch)

    async def get_changes_since(self, number: int, epoch: str, version: int) -> SeatChanges:
        """Return net changes since a version of an epoch, or that everything must be read again."""
        return await self._changes_since.get_changes(number, epoch, version)

    async def _read_states(self, numbers: Sequence[int]) -> list[Availability | Exception]:
        existing = [number for number in numbers if 0 < number <= ids.MAX_EVENT_NUMBER]
        states = dict(zip(existing, await self._reads.find_states(existing), strict=True))
        return [self._availability_of(states.get(number)) for number in numbers]

    def _availability_of(self, state: EventState | Exception | None) -> Availability | Exception:
        if state is None:
            return EventNotFound()
        if isinstance(state, Exception):
            return state
        if state.lapsed > MANY_LAPSED:
            self._slow.add(state.event.number)
        else:
            self._slow.discard(state.event.number)
        return availability_of(
            state.event,
            state.areas,
            epoch=self._reads.epoch,
            version=state.version,
            lapsed=state.lapsed,
            lapsed_by_area=state.lapsed_by_area,
            as_of=state.now,
            next_expiry=state.next_expiry,
        )

    async def _get_known(self, number: int) -> CachedEvent:
        known = await self._event_store.find_known(number)
        if known is None:
            raise EventNotFound
        return known

    async def get_hold(self, hold_id: UUID, authority: Authority) -> Hold:
        """Return a hold. Raises HoldNotFound, also (as WrongToken) if the authority gives no access to it."""
        number = ids.event_number_of(hold_id)
        allowed = partial(_refuse_unless_allowed, authority=authority, refusal=WrongToken)
        found = await self._reads.find_hold(number, hold_id, allowed) if number is not None else None
        if number is None or found is None:
            raise HoldNotFound
        return (await self._to_holds(number, [found]))[0]

    async def find_hold_of_seat(self, number: int, seat: int) -> Hold | None:
        """Return the live or confirmed hold that has the seat; None if the seat is available or blocked."""
        found = await self._reads.find_hold_of_seat(number, seat)
        hold = None if found is None else (await self._to_holds(number, [found]))[0]
        return hold if hold is not None and hold.status in ("active", "confirmed") else None

    async def released_at(self, hold: Hold) -> datetime | None:
        """Return when a released hold of seats returned them, or when its event was cancelled."""
        return await self._reads.released_at(hold.event_number, hold.id, hold.seat_numbers[0])

    async def get_booking(self, booking_id: UUID, authority: Authority) -> Booking:
        """Return a booking. Raises BookingNotFound, also if the authority gives no access to it."""
        number = ids.event_number_of(booking_id)
        if number is None:
            raise BookingNotFound
        allowed = partial(_refuse_unless_allowed, authority=authority, refusal=BookingNotFound)
        found = await self._reads.find_hold_of_booking(number, booking_id, allowed)
        if found is None:
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
        """Return holds, newest first, each with its present status."""
        found = await self._reads.list_holds(number, status=status, buyer=buyer, before=before, limit=limit)
        return await self._to_holds(number, found)

    async def list_bookings(
        self,
        number: int | None,
        *,
        organisation: int | None = None,
        status: str | None = None,
        metadata: Metadata | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> list[Booking]:
        """Return bookings, newest first. For all events (None), the list is by event, with the newest of each.

        `organisation`: whose events all are; None: everybody's.
        """
        if number is not None:
            return await self._to_bookings(
                number,
                await self._reads.list_bookings(
                    number, status=status, metadata=metadata, before=before, limit=limit
                ),
            )
        return await self._bookings_of(
            await self._reads.list_booking_ids(
                organisation=organisation, status=status, metadata=metadata, before=before, limit=limit
            )
        )

    async def list_changes_of_booking(self, booking: Booking) -> list[HistoryItem]:
        """Return when the booking gave places back, alone or for others, oldest first."""
        found = await self._reads.list_changes_of_booking(booking.event_number, booking.hold_id)
        return [
            HistoryItem(at=at, change="exchanged" if is_exchange else "reduced", version=version)
            for version, at, is_exchange in found
        ]

    async def count_readers(self, number: int, account: str) -> tuple[int, int]:
        """Return how many people a letter to all buyers reaches, and how many bookings it does not reach.

        `account`: what the reference of a buyer with an account begins with.
        """
        return await self._reads.count_readers(number, account)

    async def find_bookings_by_words(
        self,
        words: str,
        number: int | None,
        *,
        organisation: int | None = None,
        status: str | None = None,
        metadata: Metadata | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> list[Booking]:
        """Return bookings by words of their buyers (`booking_search.words_of`), newest first."""
        if number is not None:
            found = await self._reads.find_bookings_by_words(
                number, words, status=status, metadata=metadata, before=before, limit=limit
            )
            return await self._to_bookings(number, found)
        ids_of_all = await self._reads.find_booking_ids_by_words(
            words, organisation=organisation, status=status, metadata=metadata, before=before, limit=limit
        )
        return await self._bookings_of(ids_of_all)

    async def _bookings_of(self, found: Sequence[tuple[int, UUID]]) -> list[Booking]:
        """Return the bookings in the order of their (event number, booking id), with one read of each event."""
        wanted: dict[int, list[UUID]] = {}
        for event_number, id in found:
            wanted.setdefault(event_number, []).append(id)
        bookings: dict[UUID, Booking] = {}
        for event_number, of_event in wanted.items():
            holds = await self._reads.find_holds_of_bookings(event_number, of_event)
            bookings |= {each.id: each for each in await self._to_bookings(event_number, holds)}
        return [bookings[id] for _, id in found if id in bookings]

    async def find_bookings(
        self,
        reference: str,
        *,
        number: int | None = None,
        organisation: int | None = None,
        status: str | None = None,
        metadata: Metadata | None = None,
        before: UUID | None = None,
    ) -> list[Booking]:
        """Return the booking with this reference; newest first, if chance made two in different events."""
        of_all = await self._reads.find_booking_ids(reference, organisation=organisation)
        found = await self._bookings_of(
            [
                (event_number, id)
                for event_number, id in of_all
                if number in (None, event_number) and (before is None or id < before)
            ]
        )
        wanted = (metadata or {}).items()
        return [
            booking
            for booking in found
            if status in (None, booking.status) and wanted <= (booking.metadata or {}).items()
        ]

    async def list_blocks(
        self, number: int, *, live: bool | None = None, before: UUID | None = None, limit: int = 50
    ) -> list[Block]:
        context = await self._get_context(number)
        found = await self._reads.list_blocks(number, live=live, before=before, limit=limit)
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

    async def get_availability_as_of(self, number: int, at: datetime) -> Availability:
        """Return the availability at a past moment: the last version until then, and the holds that were live."""
        return await self._past.get_availability(number, at)

    async def list_seats_as_of(self, number: int, at: datetime) -> SeatStates:
        """Return the seats that were not available at a past moment."""
        return await self._past.list_seats(number, at)

    async def list_seat_changes(
        self, number: int, label: str, *, start: Position | None, limit: int
    ) -> tuple[list[HistoryItem], Position | None]:
        """Return a page of one seat's history, oldest first, and where the next page starts."""
        return await self._histories.list_changes(number, label, start=start, limit=limit)

    async def get_sales(self, number: int, span: SalesSpan) -> SalesFigures:
        """Return what was sold step by step, no older than a second."""
        await self._get_known(number)
        return await self._sales.get(number, span)

    async def list_notices(
        self, number: int, *, since: int, max_versions: int
    ) -> tuple[list[Notice], int, bool]:
        """Return the notices of the versions after `since`, the last of these versions, and whether more follow.

        -1 is before the first version.
        """
        event = (await self._get_known(number)).event
        found = await self._reads.journal_since(number, since, max_versions + 1)
        notices = [
            notice
            for version, at, entries in found[:max_versions]
            for notice in notices_of(event.id, number, version, at, entries)
        ]
        last = found[:max_versions][-1][0] if found else since
        return notices, last, len(found) > max_versions
