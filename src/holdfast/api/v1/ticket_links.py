"""Ticket links: one ticket of a booking for somebody who has no other part of it.

A ticket's `link` has its code, so it ends when the ticket is issued again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.tickets import EXAMPLE_CODE, TicketSeatOut, seat_json
from holdfast.errors import LinkNotValid
from holdfast.http.routes import Routes
from holdfast.http.values import In
from holdfast.tickets.ticket import TicketStatus
from holdfast.tickets.ticket_codes import link_token

__all__ = ["routes"]

routes = Routes(tag="tickets")


class UseTicketLinkIn(In):
    """The token of a ticket's link."""

    token: str = Field(min_length=1, max_length=200, description="What follows `#` in the link.")


class SharedTicketOut(BaseModel):
    """A ticket, without anything of its buyer and of the other tickets."""

    reference: str = Field(description="The booking's reference and the ticket's number.")
    number: int
    event_number: int
    event_name: str
    venue: str | None
    time_zone: str | None
    starts_at: datetime | None
    status: TicketStatus = Field(description="`void` once its booking or its event is cancelled.")
    seat: TicketSeatOut | None
    area: str | None
    category: str | None
    rehearsal: bool = Field(description="Whether its sale was for practice: it opens no real door.")
    code: str | None = Field(
        description="What its QR code says. null for a void ticket. It lets its bearer in."
    )


_EXAMPLE = {
    "reference": "02VWBM8G-1",
    "number": 1,
    "event_number": 7,
    "event_name": "Concert",
    "venue": "Harbour hall",
    "time_zone": "Europe/Berlin",
    "starts_at": "2026-12-12T18:30:00Z",
    "status": "valid",
    "seat": {"label": "A-3-11", "section": "A", "row": "3", "name": None},
    "area": None,
    "category": "stalls",
    "rehearsal": False,
    "code": EXAMPLE_CODE,
}


@routes.post(
    "/v1/ticket-links/use",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=SharedTicketOut,
    errors=[LinkNotValid],
    examples={"the link's token": {"token": link_token(EXAMPLE_CODE)}},
    answers={200: _EXAMPLE},
)
async def use_ticket_link(request: Request, body: UseTicketLinkIn) -> dict[str, Any]:
    """Return the ticket of a link, as often as it is asked for, until the ticket is issued again."""
    found = await request.tickets.open_link(body.token)
    ticket, event = found.tickets[0], found.event
    return {
        "reference": ticket.reference,
        "number": ticket.number,
        "event_number": event.number,
        "event_name": event.name,
        "venue": event.venue,
        "time_zone": event.time_zone,
        "starts_at": event.starts_at,
        "status": ticket.status,
        "seat": seat_json(ticket.admission.seat),
        "area": ticket.admission.area,
        "category": ticket.admission.category,
        "rehearsal": ticket.rehearsal,
        "code": ticket.code,
    }
