"""Booking search: what a person at work types, and the bookings that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.buyers import refuse_search
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.event import FullEvent

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
    """Return the event's bookings that the text names; all of them for none.

    Those who may not see addresses and references do not find by them either.
    """
    queries, number = request.inventory.queries, event.number
    name, equals, value = text.partition("=")
    if not text or equals:
        if equals:
            refuse_search(request.principal, text)
        metadata = {name.strip(): value.strip()} if equals else None
        found = await queries.list_bookings(
            number, status=state, metadata=metadata, before=before, limit=SHOWN + 1
        )
    else:
        found = await request.inventory.booking_search.find(
            text,
            number,
            organisation=request.principal.organisation,
            status=state,
            before=before,
            limit=SHOWN + 1,
            by_words=Permission.CONTACTS_READ in request.principal.permissions,
        )
    shown = found[:SHOWN]
    return FoundBookings(bookings=shown, older=shown[-1].id if len(found) > SHOWN else None)
