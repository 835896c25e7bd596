"""Booking page: the tickets of a booking, with their codes, to show, to print and to pass on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.rights import hold_authority
from holdfast.api.v1.ticket_files import FirstTicket, booking_calendar, tickets_pdf
from holdfast.api.v1.tickets import reissue_ticket
from holdfast.api.values import BookingPath, TicketPath
from holdfast.errors import BookingNotFound, Fault, HoldNotFound, TicketNotFound
from holdfast.http.page_forms import PageForm, refuse_foreign_form
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.inventory.rules.hold import HeldLine
from holdfast.languages import mark
from holdfast.tickets.qr_code import QrCode, qr_code
from holdfast.tickets.ticket import NoEntry, Ticket, address_of, void_reason
from holdfast.tickets.ticket_codes import ticket_page
from holdfast.tickets.tickets import MAX_PRINTED
from holdfast.web.cookies import take_token
from holdfast.web.languages import current_language, gettext
from holdfast.web.orders import admissions, order_lines
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone, page, redirect
from holdfast.web.sentences import Sentence

__all__ = ["open_booking", "routes", "shown_tickets"]

routes: Routes = PageRoutes()

_MAX_SHOWN = 20
"""Tickets on one page: each picture takes milliseconds to draw."""

_VOID = {
    NoEntry.BOOKING_CANCELLED: mark("This ticket is void: the booking was cancelled."),
    NoEntry.EVENT_CANCELLED: mark("This ticket is void: the event was cancelled."),
}


class ReissueIn(PageForm):
    """The button that makes another code. Its key makes a repeated press one press."""

    form_key: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTicket:
    """A ticket as the page shows it. A void one has no picture, and a sentence that says why."""

    ticket: Ticket
    address: Sequence[tuple[str, str]]
    picture: QrCode | None
    link: str
    """Its page for a friend, from the server's root."""
    void: str


@routes.get("/my/bookings/{booking}", policy=Permission.PUBLIC)
async def show_booking(request: Request, booking: BookingPath, first: FirstTicket = 1) -> Reply:
    """Show a booking of this browser, with tickets from number `first` on."""
    return await _booking_page(request, booking, first=first)


@routes.get("/my/bookings/{booking}/tickets.pdf", policy=Permission.PUBLIC)
async def download_pdf(request: Request, booking: BookingPath, first: FirstTicket = 1) -> Reply:
    """Return the tickets to print. If the PDF cannot be made, show them."""
    open_booking(request, booking)
    try:
        return await tickets_pdf(request, booking, first, current_language())
    except Fault as error:
        no_pdf = Sentence(
            title=gettext("The PDF could not be made"),
            says=gettext("Your tickets are here, and valid without it."),
            then=gettext("Press Download PDF again in a moment."),
        )
        return await _booking_page(request, booking, status=error.status, message=no_pdf)


@routes.get("/my/bookings/{booking}/calendar.ics", policy=Permission.PUBLIC)
async def download_calendar(request: Request, booking: BookingPath) -> Reply:
    """Return the event for the calendar of this browser's owner."""
    open_booking(request, booking)
    return await booking_calendar(request, booking, current_language())


@routes.post("/my/bookings/{booking}/tickets/{ticket}/reissue", policy=Permission.PUBLIC)
async def pass_on(request: Request, booking: BookingPath, ticket: TicketPath, form: ReissueIn) -> Reply:
    """Make another code for a ticket, and show it. A repeated press makes no other one."""
    refuse_foreign_form(request)
    open_booking(request, booking)
    request.idempotency_key = str(form.form_key)
    await reissue_ticket(request, booking, ticket, None)
    return redirect(request, f"my/bookings/{booking}?first={_page_of(ticket)}#ticket-{ticket}")


def open_booking(request: Request, booking: UUID) -> None:
    """Take the browser's token for the booking. Raises BookingNotFound without one."""
    try:
        take_token(request, booking)
    except HoldNotFound:
        raise BookingNotFound from None


async def _booking_page(
    request: Request, booking: UUID, *, first: int = 1, status: int = 200, message: Sentence | None = None
) -> Reply:
    open_booking(request, booking)
    found = await request.tickets.read(booking, hold_authority(request), first=first, limit=_MAX_SHOWN)
    if not found.tickets:
        raise TicketNotFound
    event, quantity, last = found.event, found.booking.quantity, found.tickets[-1]
    shown = await asyncio.to_thread(shown_tickets, found.tickets)
    lines: Sequence[HeldLine] = found.booking.lines
    return page(
        request,
        "booking.html",
        status=status,
        message=message,
        booking=found.booking,
        event=event,
        starts=None if event.starts_at is None else in_zone(event.starts_at, event.time_zone),
        booked_at=in_zone(found.booking.confirmed_at, event.time_zone),
        lines=order_lines(lines),
        what=admissions(quantity, any(line.seats for line in lines)),
        cancelled=void_reason(found.booking, event) is not None,
        tickets=shown,
        first=first,
        earlier=max(1, first - _MAX_SHOWN) if first > 1 else None,
        later=None if last.number == last.of else last.number + 1,
        print_from=1 if quantity <= MAX_PRINTED else first,
        print_to=min(quantity, MAX_PRINTED if quantity <= MAX_PRINTED else first + MAX_PRINTED - 1),
        form_key=uuid4(),
        wallets=request.wallets,
        server=_server(request),
    )


def _server(request: Request) -> str:
    """Return the server's address as this browser knows it, for a link to send to somebody."""
    if request.public_url:
        return request.public_url
    return f"{request.scope['scheme']}://{request.header(b'host') or ''}"


def shown_tickets(tickets: Sequence[Ticket]) -> list[ShownTicket]:
    """Return tickets as a page shows them, with their pictures. It takes milliseconds for each."""
    return [
        ShownTicket(
            ticket=ticket,
            address=[(gettext(part), value) for part, value in address_of(ticket.admission)],
            picture=None if ticket.code is None else qr_code(ticket.code),
            link="" if ticket.code is None else ticket_page(ticket.code),
            void="" if ticket.void_reason is None else gettext(_VOID[ticket.void_reason]),
        )
        for ticket in tickets
    ]


def _page_of(ticket: int) -> int:
    """Return the number of the first ticket on the page of a ticket."""
    return ticket - (ticket - 1) % _MAX_SHOWN
