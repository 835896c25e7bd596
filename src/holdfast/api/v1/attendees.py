"""Attendees: who has booked which place of an event, in pages, and as a file for a spreadsheet.

The name of a buyer needs `buyers:read`, and the address `contacts:read`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.access.authorisation import authorise
from holdfast.access.permissions import Permission
from holdfast.api.accepted_language import VARIES_BY_LANGUAGE, accepted_language
from holdfast.api.attendee_list import CSV, XLSX, Attendee, AttendeeList, csv_chunks, xlsx_chunks
from holdfast.api.request import Request
from holdfast.api.v1.paging import Page, opened, page
from holdfast.api.v1.rights import own_number
from holdfast.api.v1.tickets import TicketSeatOut, seat_json
from holdfast.api.values import EventPath, EventRef
from holdfast.errors import EventNotFound
from holdfast.http.reply import StreamReply
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, Limit
from holdfast.inventory.rules.booking import BookingStatus
from holdfast.languages import Language

__all__ = ["attendees_file", "routes"]

routes = Routes(tag="bookings")

Ending = Literal["csv", "xlsx"]


class AttendeeOut(BaseModel):
    """One admission of an event, with who booked it."""

    ticket: str = Field(description="The reference of the ticket.", examples=["02VWBM8G-1"])
    number: int = Field(description="The ticket's number within its booking.")
    booking: UUID
    reference: str = Field(description="That of the booking.", examples=["02VWBM8G"])
    status: BookingStatus
    seat: TicketSeatOut | None
    area: str | None
    category: str | None
    name: str | None = Field(description="The buyer's name; null without `buyers:read`.")
    email: str | None = Field(description="The buyer's address; null without `contacts:read`.")
    confirmed_at: datetime


_ATTENDEE = {
    "ticket": "02VWBM8G-1",
    "number": 1,
    "booking": "00000000-0706-8bbd-82c1-4f00b7c5d110",
    "reference": "02VWBM8G",
    "status": "confirmed",
    "seat": {"label": "A-3-11", "section": "A", "row": "3", "name": None},
    "area": None,
    "category": "stalls",
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "confirmed_at": "2026-11-05T18:33:00.123456Z",
}


def attendee_json(attendee: Attendee) -> dict[str, Any]:
    booking, admission = attendee.booking, attendee.admission
    return {
        "ticket": attendee.reference,
        "number": admission.number,
        "booking": booking.id,
        "reference": booking.reference,
        "status": booking.status,
        "seat": seat_json(admission.seat),
        "area": admission.area,
        "category": admission.category,
        "name": attendee.name,
        "email": attendee.email,
        "confirmed_at": booking.confirmed_at,
    }


@routes.get(
    "/v1/events/{event}/attendees",
    policy=Permission.BOOKINGS_READ,
    response=Page[AttendeeOut],
    errors=[EventNotFound],
    answers={200: {"items": [_ATTENDEE], "next": None}},
)
async def list_attendees(
    request: Request,
    event: EventPath,
    *,
    status: Literal["confirmed", "cancelled"] | None = None,
    limit: Limit = 50,
    cursor: Cursor | None = None,
) -> dict[str, Any]:
    """Return an item for each admission that was booked, newest booking first."""
    attendees = await _list_of(request, event)
    filters = {"event": attendees.event.number, "status": status}
    at = opened(request, cursor, filters)
    found = await attendees.page(None if at is None else (UUID(at[0]), int(at[1])), limit + 1, status=status)
    return page(
        request,
        found,
        limit=limit,
        filters=filters,
        position=lambda attendee: [str(attendee.booking.id), attendee.admission.number + 1],
        render=attendee_json,
    )


@routes.get(
    "/v1/events/{event}/attendees.csv",
    policy=Permission.BOOKINGS_READ,
    response_type="text/csv",
    errors=[EventNotFound],
    answers={200: "Booking,Ticket,State,… 02VWBM8G,02VWBM8G-1,Booked,…"},
)
async def get_attendees_csv(request: Request, event: EventPath) -> StreamReply:
    """Return all attendees as a CSV with a line for each. No cell of it is a formula.

    Its words are in the first language of `Accept-Language` that the server speaks.
    """
    return await attendees_file(request, event, "csv", accepted_language(request))


@routes.get(
    "/v1/events/{event}/attendees.xlsx",
    policy=Permission.BOOKINGS_READ,
    response_type=XLSX.decode(),
    errors=[EventNotFound],
    answers={200: "PK…"},
)
async def get_attendees_workbook(request: Request, event: EventPath) -> StreamReply:
    """Return the same list as a workbook, whose cells are all texts."""
    return await attendees_file(request, event, "xlsx", accepted_language(request))


async def attendees_file(
    request: Request, event: EventRef, ending: Ending, language: Language
) -> StreamReply:
    """Return the list as a file, in a language. It has what the caller may know of the buyers."""
    attendees = await _list_of(request, event)
    chunks, kind = (csv_chunks, CSV) if ending == "csv" else (xlsx_chunks, XLSX)
    name = f'attachment; filename="attendees-{attendees.event.number}.{ending}"'
    headers = (
        (b"content-disposition", name.encode("ascii")),
        (b"content-language", language.code.encode("ascii")),
        VARIES_BY_LANGUAGE,
    )
    begun = await _begun(chunks(attendees, language))
    return StreamReply(chunks=begun, headers=headers, content_type=kind)


async def _begun(chunks: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """Return the chunks once the first is there. Until then a failure is an answer, and no broken file."""
    first = await anext(chunks)

    async def follow() -> AsyncIterator[bytes]:
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk

    return follow()


async def _list_of(request: Request, event: EventRef) -> AttendeeList:
    number = await own_number(request, event)
    queries, principal = request.inventory.queries, request.principal

    def may(permission: Permission) -> bool:
        return authorise(principal, permission, principal.organisation, number) is None

    found = await queries.get_event(number)
    return AttendeeList(
        queries=queries,
        event=found,
        seats=await queries.get_seat_map(number, found.map_version),
        shows_names=may(Permission.BUYERS_READ),
        shows_emails=may(Permission.CONTACTS_READ),
    )
