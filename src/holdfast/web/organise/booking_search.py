"""Booking search: what an organiser types into the one field, as a search that `/v1` offers.

A reference, the label of a seat, `name=value` of the metadata, or the buyer's reference as it was given with the hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.buyers import refuse_search
from holdfast.errors import InvalidInput
from holdfast.ids import parse_reference
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.commands import STAFF
from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.seating.label import normalise_label

__all__ = ["SHOWN", "BookingState", "FoundBookings", "search_bookings"]

SHOWN = 50

BookingState = Literal["confirmed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBookings:
    """A page of bookings, newest first. `older` is where the next page begins."""

    bookings: list[Booking]
    older: UUID | None = None


async def search_bookings(
    request: Request, event: FullEvent, text: str, state: BookingState | None, before: UUID | None
) -> FoundBookings:
    """Return the event's bookings that the text names; all of them for none."""
    queries, number = request.inventory.queries, event.number
    if not text:
        return _paged(await queries.list_bookings(number, status=state, before=before, limit=SHOWN + 1))
    name, equals, value = text.partition("=")
    if equals:
        refuse_search(request.principal, text)
        metadata = {name.strip(): value.strip()}
        return _paged(
            await queries.list_bookings(
                number, status=state, metadata=metadata, before=before, limit=SHOWN + 1
            )
        )
    reference = parse_reference(text)
    if reference is not None:
        found = await queries.find_bookings(
            reference, number=number, organisation=request.principal.organisation, status=state
        )
        if found:
            return FoundBookings(bookings=found)
    seated = await _of_seat(request, event, text)
    return FoundBookings(
        bookings=[one for one in seated or await _of_buyer(request, event, text) if _is(one, state)]
    )


async def _of_seat(request: Request, event: FullEvent, text: str) -> list[Booking]:
    """Return the booking that has the seat now."""
    queries = request.inventory.queries
    try:
        label = normalise_label(text)
    except InvalidInput:
        return []
    seats = await queries.get_seat_map(event.number, event.map_version)
    seat = seats.number_of(label)
    hold = None if seat is None else await queries.find_hold_of_seat(event.number, seat)
    if hold is None or hold.booking_id is None:
        return []
    return [await queries.get_booking(hold.booking_id, STAFF)]


async def _of_buyer(request: Request, event: FullEvent, text: str) -> list[Booking]:
    """Return the newest bookings of a buyer, by the reference that came with the hold: often an e-mail address."""
    if Permission.CONTACTS_READ not in request.principal.permissions:
        return []
    queries = request.inventory.queries
    holds = await queries.list_holds(event.number, status="confirmed", buyer=text, limit=SHOWN)
    return [
        await queries.get_booking(hold.booking_id, STAFF) for hold in holds if hold.booking_id is not None
    ]


def _is(booking: Booking, state: BookingState | None) -> bool:
    return state in (None, booking.status)


def _paged(found: list[Booking]) -> FoundBookings:
    shown = found[:SHOWN]
    return FoundBookings(bookings=shown, older=shown[-1].id if len(found) > SHOWN else None)
