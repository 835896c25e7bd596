"""Ticket files: the tickets of a booking to print, and events for a calendar."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from holdfast.access.permissions import Permission
from holdfast.api.accepted_language import VARIES_BY_LANGUAGE, accepted_language
from holdfast.api.request import Request
from holdfast.api.v1.rights import booking_authority, visible_event
from holdfast.api.values import BookingPath, EventPath
from holdfast.errors import (
    BookingAlreadyCancelled,
    BookingNotFound,
    CredentialsRequired,
    EventCancelled,
    EventNotFound,
    Forbidden,
    RouteNotFound,
    TicketNotFound,
)
from holdfast.http.reply import Headers, Reply
from holdfast.http.routes import Routes
from holdfast.ids import reference_of
from holdfast.inventory.rules.event import MAX_QUANTITY_PER_HOLD
from holdfast.languages import Language
from holdfast.tickets.calendar_file import calendar_file
from holdfast.tickets.tickets import MAX_PRINTED

__all__ = ["attached", "routes"]

routes = Routes(tag="tickets")

FirstTicket = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_QUANTITY_PER_HOLD,
        description=f"The number of the first ticket. One answer has {MAX_PRINTED} tickets or fewer.",
    ),
]
_CALENDAR = b"text/calendar; charset=utf-8"
_CALENDAR_EXAMPLE = "… BEGIN:VEVENT … SUMMARY:Concert … END:VEVENT …"


@routes.get(
    "/v1/bookings/{booking}/tickets.pdf",
    policy=Permission.PUBLIC,
    hold_token=True,
    response_type="application/pdf",
    errors=[
        BookingNotFound,
        TicketNotFound,
        BookingAlreadyCancelled,
        CredentialsRequired,
        EventCancelled,
        Forbidden,
    ],
    answers={200: "%PDF-1.7 …"},
)
async def get_tickets_pdf(request: Request, booking: BookingPath, *, first: FirstTicket = 1) -> Reply:
    """Return a printable page for each ticket of a booking, with its hold's token or as staff.

    It is made in a process of its own. If that fails, the answer is 503, and the tickets are valid without it.
    Their texts are in the first language of `Accept-Language` that the server speaks, else in English.
    """
    return await tickets_pdf(request, booking, first, accepted_language(request))


async def tickets_pdf(request: Request, booking: UUID, first: int, language: Language) -> Reply:
    """Return the tickets to print, in a language."""
    authority = await booking_authority(request, booking, Permission.TICKETS_REISSUE)
    content = await request.tickets.make_pdf(booking, authority, first=first, language=language)
    return attached(content, b"application/pdf", f"tickets-{reference_of(booking)}.pdf", language)


@routes.get(
    "/v1/events/{event}/calendar.ics",
    policy=Permission.PUBLIC,
    response_type="text/calendar",
    errors=[EventNotFound, RouteNotFound],
    answers={200: _CALENDAR_EXAMPLE},
)
async def get_event_calendar(request: Request, event: EventPath) -> Reply:
    """Return the event as a file that calendars import. An event without a date has none: 404."""
    found = await visible_event(request, event)
    content = calendar_file(found)
    if content is None:
        raise RouteNotFound(RouteNotFound.NO_DATE)
    return attached(content, _CALENDAR, f"event-{found.number}.ics")


@routes.get(
    "/v1/bookings/{booking}/calendar.ics",
    policy=Permission.PUBLIC,
    hold_token=True,
    response_type="text/calendar",
    errors=[BookingNotFound, CredentialsRequired, Forbidden, RouteNotFound],
    answers={200: _CALENDAR_EXAMPLE},
)
async def get_booking_calendar(request: Request, booking: BookingPath) -> Reply:
    """Return the event of a booking, with what was booked, as a file that calendars import.

    Its words are in a language of `Accept-Language`, as those of the tickets.
    """
    return await booking_calendar(request, booking, accepted_language(request))


async def booking_calendar(request: Request, booking: UUID, language: Language) -> Reply:
    """Return the booking for a calendar, in a language."""
    authority = await booking_authority(request, booking, Permission.BOOKINGS_READ)
    found = await request.inventory.queries.get_booking(booking, authority)
    event = await request.inventory.queries.get_event(found.event_number)
    content = calendar_file(event, found, language)
    if content is None:
        raise RouteNotFound(RouteNotFound.NO_DATE)
    return attached(content, _CALENDAR, f"booking-{reference_of(booking)}.ics", language)


def attached(content: bytes, content_type: bytes, name: str, language: Language | None = None) -> Reply:
    """Return a file to download."""
    headers: Headers = ((b"content-disposition", f'attachment; filename="{name}"'.encode("ascii")),)
    if language is not None:
        headers = (*headers, (b"content-language", language.code.encode("ascii")), VARIES_BY_LANGUAGE)
    return Reply(body=content, headers=headers, content_type=content_type)
