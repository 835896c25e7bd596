"""Tickets: one for each admission of a booking, with the code that opens the door.

A booking's hold token opens its tickets, and so does `tickets:reissue`. A door needs `checkins:write` to check a code,
or checks it by itself with the public key.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.hold_bodies import PresentTokenIn
from holdfast.api.v1.paging import Page, page, position_number
from holdfast.api.v1.people import actor_of
from holdfast.api.v1.rights import booking_authority, own_number
from holdfast.api.values import BookingPath, EventPath, TicketPath
from holdfast.errors import (
    BookingAlreadyCancelled,
    BookingNotFound,
    CredentialsRequired,
    EventCancelled,
    Forbidden,
)
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, In, Limit
from holdfast.inventory.seating.seat_map import Seat
from holdfast.tickets.ticket import NoEntry, Ticket, TicketStatus
from holdfast.tickets.ticket_codes import ALGORITHM, ticket_page
from holdfast.tickets.tickets import CheckedTicket, DoorVerdict

__all__ = [
    "EXAMPLE_CODE",
    "TicketSeatOut",
    "checked_ticket_json",
    "listed_ticket_json",
    "routes",
    "seat_json",
    "ticket_json",
]

routes = Routes(tag="tickets")

_MAX_TYPED = 1_000
"""Longer than any code. A scanner may read the code of anything."""


class TicketSeatOut(BaseModel):
    """A seat by the parts of its address. `name` is what stands on the chair, if the seat map says so."""

    label: str
    section: str
    row: str
    name: str | None


class ListedTicketOut(BaseModel):
    """A ticket without its code."""

    reference: str = Field(
        description="The booking's reference and the ticket's number.", examples=["02VWBM8G-1"]
    )
    number: int = Field(
        description="Counts the booking's admissions, from 1. An exchanged admission gets a number of its own."
    )
    of: int = Field(description="The number of the booking's last ticket.")
    booking: UUID
    event_number: int
    status: TicketStatus = Field(description="`void` once its booking or its event is cancelled.")
    seat: TicketSeatOut | None
    area: str | None
    category: str | None
    rehearsal: bool = Field(description="Whether its sale was for practice: it opens no real door.")
    revision: int = Field(description="How often it was issued again.")
    reissued_at: datetime | None


class TicketOut(ListedTicketOut):
    """The document for one admission."""

    code: str | None = Field(
        description="What its QR code says (docs/reference/tickets.md). null for a void ticket. "
        "It lets its bearer in."
    )
    link: str | None = Field(
        description="The page of this ticket alone, from the server's root, for a friend. It works until the "
        "ticket is issued again. null for a void ticket. It lets its bearer in."
    )


class CheckTicketIn(In):
    """What a scanner has read."""

    code: Annotated[str, Field(min_length=1, max_length=_MAX_TYPED)]


class CheckedTicketOut(BaseModel):
    """What a code is worth at the event's door now. To check a code lets nobody in, and is no check-in."""

    verdict: DoorVerdict
    reason: NoEntry | None = Field(description="Why the code lets nobody in; null for a valid one.")
    ticket: ListedTicketOut | None = Field(description="null unless the code is of a ticket of this event.")


class TicketKeyOut(BaseModel):
    """A public key (RFC 7517). `kid` is the key id of a code, as six hexadecimal digits."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class TicketKeysOut(BaseModel):
    keys: list[TicketKeyOut]


_LISTED = {
    "reference": "02VWBM8G-1",
    "number": 1,
    "of": 4,
    "booking": "00000000-0706-8bbd-82c1-4f00b7c5d110",
    "event_number": 7,
    "status": "valid",
    "seat": {"label": "A-3-11", "section": "A", "row": "3", "name": None},
    "area": None,
    "category": "stalls",
    "rehearsal": False,
    "revision": 0,
    "reissued_at": None,
}
EXAMPLE_CODE = (
    "HF1LOH-1Q000700A$04/NWJO340G0P11210000000088EC5S-0VAETMW6Q5PQ9RYCJB59JCWCOOL%6$ISDNK8RH:0PKGQH.RZ14HM4OECL"
    "MGGU7P/84:MMZOUMTYVL$9VU2P+J4+N2"
)
_TICKET = {**_LISTED, "code": EXAMPLE_CODE, "link": ticket_page(EXAMPLE_CODE)}
_REISSUED = {**_TICKET, "revision": 1, "reissued_at": "2026-11-05T19:00:00Z"}


def seat_json(seat: Seat | None) -> dict[str, Any] | None:
    if seat is None:
        return None
    return {"label": seat.label, "section": seat.section, "row": seat.row, "name": seat.name}


def listed_ticket_json(ticket: Ticket) -> dict[str, Any]:
    return {
        "reference": ticket.reference,
        "number": ticket.number,
        "of": ticket.of,
        "booking": ticket.booking_id,
        "event_number": ticket.event_number,
        "status": ticket.status,
        "seat": seat_json(ticket.admission.seat),
        "area": ticket.admission.area,
        "category": ticket.admission.category,
        "rehearsal": ticket.rehearsal,
        "revision": ticket.revision,
        "reissued_at": ticket.reissued_at,
    }


def ticket_json(ticket: Ticket) -> dict[str, Any]:
    link = None if ticket.code is None else ticket_page(ticket.code)
    return {**listed_ticket_json(ticket), "code": ticket.code, "link": link}


def checked_ticket_json(checked: CheckedTicket) -> dict[str, Any]:
    return {
        "verdict": checked.verdict,
        "reason": checked.reason,
        "ticket": None if checked.ticket is None else listed_ticket_json(checked.ticket),
    }


@routes.get(
    "/v1/bookings/{booking}/tickets",
    policy=Permission.PUBLIC,
    hold_token=True,
    response=Page[TicketOut],
    errors=[BookingNotFound, CredentialsRequired, Forbidden],
    answers={200: {"items": [_TICKET], "next": None}},
)
async def list_tickets(
    request: Request, booking: BookingPath, *, limit: Limit = 50, cursor: Cursor | None = None
) -> dict[str, Any]:
    """Return the tickets of a booking by number, with its hold's token or as staff."""
    filters = {"booking": str(booking)}
    last = position_number(request, cursor, filters) or 0
    authority = await booking_authority(request, booking, Permission.TICKETS_REISSUE)
    found = await request.tickets.read(booking, authority, first=last + 1, limit=limit + 1)
    return page(
        request,
        found.tickets,
        limit=limit,
        filters=filters,
        position=lambda ticket: ticket.number,
        render=ticket_json,
    )


@routes.post(
    "/v1/bookings/{booking}/tickets/{ticket}/reissue",
    policy=Permission.PUBLIC,
    hold_token=True,
    response=TicketOut,
    errors=[BookingNotFound, BookingAlreadyCancelled, CredentialsRequired, EventCancelled, Forbidden],
    answers={200: _REISSUED},
)
async def reissue_ticket(
    request: Request, booking: BookingPath, ticket: TicketPath, body: PresentTokenIn | None
) -> dict[str, Any]:
    """Issue a ticket again, with another code. The code before lets nobody in any more.

    A retry with the same Idempotency-Key issues nothing, and returns the ticket as it is. The audit says who did it,
    within seconds.
    """
    authority = await booking_authority(
        request, booking, Permission.TICKETS_REISSUE, body.hold_token if body else None
    )
    reissued = await request.tickets.reissue(
        booking, ticket, authority, by=actor_of(request), retry_scope=request.retry_scope
    )
    return ticket_json(reissued)


@routes.post(
    "/v1/events/{event}/tickets/check",
    policy=Permission.CHECKINS_WRITE,
    response=CheckedTicketOut,
    examples={"a scanned code": {"code": EXAMPLE_CODE}},
    answers={200: {"verdict": "valid", "reason": None, "ticket": _LISTED}},
)
async def check_ticket(request: Request, event: EventPath, body: CheckTicketIn) -> dict[str, Any]:
    """Return what a scanned code is worth at this event's door now. Nothing is recorded.

    `valid`: let the person in. `void`: `reason` says what became of the ticket. `unknown`: the code is of another
    event, or not of this server.
    """
    return checked_ticket_json(await request.tickets.check(await own_number(request, event), body.code))


@routes.get(
    "/.well-known/ticket-keys.json",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=TicketKeysOut,
    answers={
        200: {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": "hLeu8pthxmdP9wn0knUFzeI2FnDCRd6-gHqdrbHb8Sw",
                    "kid": "8ac6ce",
                    "use": "sig",
                    "alg": ALGORITHM,
                }
            ]
        }
    },
)
async def get_ticket_keys(request: Request) -> Reply:
    """Return the public keys by which a door verifies codes without asking the server (RFC 7517)."""
    body = orjson.dumps(request.tickets.codes.public_keys())
    return Reply(body=body, headers=((b"cache-control", b"public, max-age=3600"),))
