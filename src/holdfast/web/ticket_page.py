"""Ticket page: one ticket of a booking, for somebody who has no other part of it.

The link's secret stands behind `#`, as in a mail. A script sends it once, and then it is a cookie.
"""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.ticket_files import attached
from holdfast.api.v1.wallet_passes import PASS
from holdfast.api.values import BookingPath, TicketPath
from holdfast.errors import LinkNotValid
from holdfast.http.page_forms import PageForm, refuse_foreign_form
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.tickets.ticket import ticket_reference
from holdfast.tickets.ticket_codes import LINK_PAGE
from holdfast.web.booking_page import shown_tickets
from holdfast.web.cookies import find_ticket_link, keep_ticket_link
from holdfast.web.languages import current_language, gettext
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import HTML, in_zone, page, redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()


class OpenedTicketIn(PageForm):
    """The secret of the link, which the page's script took from behind `#`."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


@routes.get(f"/{LINK_PAGE}", policy=Permission.PUBLIC, anonymous=True)
async def show_ticket_link(request: Request) -> Reply:
    """Show the button that opens the ticket of a link."""
    return _link_page(request)


@routes.post(f"/{LINK_PAGE}", policy=Permission.PUBLIC, anonymous=True)
async def open_ticket_link(request: Request, form: OpenedTicketIn) -> Reply:
    """Give the browser the proof of the ticket, and go on to it."""
    refuse_foreign_form(request)
    try:
        found = await request.tickets.open_link(form.token)
    except LinkNotValid as error:
        return _link_page(request, error)
    booking, number = found.booking.id, found.tickets[0].number
    cookie = keep_ticket_link(request, booking, number, form.token)
    return redirect(request, f"my/tickets/{booking}/{number}", headers=(cookie,))


@routes.get("/my/tickets/{booking}/{ticket}", policy=Permission.PUBLIC, anonymous=True)
async def show_ticket(request: Request, booking: BookingPath, ticket: TicketPath) -> Reply:
    """Show the ticket of this browser's link, and nothing else of its booking."""
    try:
        found = await request.tickets.open_link(_token(request, booking, ticket))
    except LinkNotValid as error:
        return _link_page(request, error)
    event = found.event
    (shown,) = await asyncio.to_thread(shown_tickets, found.tickets)
    return page(
        request,
        "ticket.html",
        event=event,
        starts=None if event.starts_at is None else in_zone(event.starts_at, event.time_zone),
        shown=shown,
        here=f"my/tickets/{booking}/{ticket}",
        wallets=request.wallets,
    )


@routes.get("/my/tickets/{booking}/{ticket}/ticket.pdf", policy=Permission.PUBLIC, anonymous=True)
async def download_ticket_pdf(request: Request, booking: BookingPath, ticket: TicketPath) -> Reply:
    """Return the ticket to print."""
    language = current_language()
    content = await request.tickets.make_pdf_of_link(_token(request, booking, ticket), language)
    name = f"ticket-{ticket_reference(booking, ticket)}.pdf"
    return attached(content, b"application/pdf", name, language)


@routes.get("/my/tickets/{booking}/{ticket}/apple-wallet.pkpass", policy=Permission.PUBLIC, anonymous=True)
async def download_pass_of_link(request: Request, booking: BookingPath, ticket: TicketPath) -> Reply:
    """Return the ticket for Apple Wallet."""
    content = await request.wallets.make_apple_pass_of_link(_token(request, booking, ticket))
    return attached(content, PASS, f"ticket-{ticket_reference(booking, ticket)}.pkpass")


@routes.get("/my/tickets/{booking}/{ticket}/google-wallet", policy=Permission.PUBLIC, anonymous=True)
async def open_google_wallet_of_link(request: Request, booking: BookingPath, ticket: TicketPath) -> Reply:
    """Send the browser to Google, with the ticket."""
    url = await request.wallets.make_google_link_of_link(_token(request, booking, ticket))
    return Reply(status=303, headers=((b"location", url.encode("ascii")),), content_type=HTML)


def _token(request: Request, booking: UUID, ticket: int) -> str:
    """Return the link's secret, which this browser has kept. Raises LinkNotValid."""
    token = find_ticket_link(request, booking, ticket)
    if token is None:
        raise LinkNotValid
    return token


def _link_page(request: Request, error: LinkNotValid | None = None) -> Reply:
    message = None
    if error is not None:
        message = Sentence(
            title=gettext("This link opens no ticket"),
            says=gettext("The link is not complete, or the ticket has another code now."),
            then=gettext("Ask the person who sent it for the newest link."),
        )
    return page(
        request,
        "ticket_link.html",
        status=200 if error is None else error.status,
        here=LINK_PAGE,
        message=message,
    )
