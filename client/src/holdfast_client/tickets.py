"""Calls of tickets: read and print them, issue one again, and check a code at the door."""

from __future__ import annotations

from holdfast_client.calls import (
    BookingRef,
    Call,
    EventRef,
    Token,
    content_of,
    get,
    one,
    page,
    path,
    post,
    spoken,
    token_of,
)
from holdfast_client.models import Attendee, CheckedTicket, Page, SharedTicket, Ticket


def list_tickets(
    booking: BookingRef,
    *,
    token: Token | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Ticket]]:
    """List the tickets of a booking by number, with its hold's token or as staff."""
    query = {"limit": limit, "cursor": cursor}
    return get(
        path("bookings", booking, "tickets"), page(Ticket), query=query, token=token_of(booking, token)
    )


def get_tickets_pdf(
    booking: BookingRef,
    *,
    token: Token | None = None,
    first: int | None = None,
    language: str | None = None,
) -> Call[bytes]:
    """Return a PDF with a page for each ticket, from number `first` on. One PDF has 100 tickets or fewer.

    Its texts are in the `language`, such as "de", or else in the server's own.

    Raises: TicketNotFound, BookingAlreadyCancelled, EventCancelled.
    """
    query = {"first": first}
    return get(
        path("bookings", booking, "tickets.pdf"),
        content_of,
        query=query,
        token=token_of(booking, token),
        headers=spoken(language),
    )


def list_attendees(
    event: EventRef, *, status: str | None = None, limit: int | None = None, cursor: str | None = None
) -> Call[Page[Attendee]]:
    """List who has booked which place of an event: an item for each admission, newest booking first (staff)."""
    query = {"status": status, "limit": limit, "cursor": cursor}
    return get(path("events", event, "attendees"), page(Attendee), query=query)


def get_attendees_csv(event: EventRef, *, language: str | None = None) -> Call[bytes]:
    """Return all attendees of an event as a CSV, in a language such as "de" (staff)."""
    return get(path("events", event, "attendees.csv"), content_of, headers=spoken(language))


def get_attendees_workbook(event: EventRef, *, language: str | None = None) -> Call[bytes]:
    """Return all attendees of an event as a workbook (`.xlsx`), in a language such as "de" (staff)."""
    return get(path("events", event, "attendees.xlsx"), content_of, headers=spoken(language))


def get_apple_pass(
    booking: BookingRef, ticket: Ticket | int, *, token: Token | None = None, revision: int | None = None
) -> Call[bytes]:
    """Return a ticket as a pass for Apple Wallet (`.pkpass`). It lets its bearer in.

    With the `revision` of a pass of before, the pass is void if the ticket was issued again since.
    Raises: TicketNotFound; NotFound from a server without a certificate of Apple.
    """
    return get(
        path("bookings", booking, "tickets", _number_of(ticket), "apple-wallet.pkpass"),
        content_of,
        query={"revision": revision},
        token=token_of(booking, token),
    )


def get_google_wallet_link(
    booking: BookingRef, ticket: Ticket | int, *, token: Token | None = None
) -> Call[str]:
    """Return the link that adds a ticket to Google Wallet. It lets its bearer in.

    Raises: TicketNotFound, BookingAlreadyCancelled, EventCancelled; NotFound from a server without Google's account.
    """
    return get(
        path("bookings", booking, "tickets", _number_of(ticket), "google-wallet"),
        lambda answer: str(answer.json()["url"]),
        token=token_of(booking, token),
    )


def get_booking_calendar(
    booking: BookingRef, *, token: Token | None = None, language: str | None = None
) -> Call[bytes]:
    """Return the event of a booking as a file that calendars import (`.ics`), in a language such as "de"."""
    return get(
        path("bookings", booking, "calendar.ics"),
        content_of,
        token=token_of(booking, token),
        headers=spoken(language),
    )


def get_event_calendar(event: EventRef) -> Call[bytes]:
    """Return an event as a file that calendars import (`.ics`)."""
    return get(path("events", event, "calendar.ics"), content_of)


def reissue_ticket(
    booking: BookingRef,
    ticket: Ticket | int,
    *,
    token: Token | None = None,
    idempotency_key: str | None = None,
) -> Call[Ticket]:
    """Issue a ticket again, with another code. The code before lets nobody in any more.

    Raises: TicketNotFound, BookingAlreadyCancelled, EventCancelled.
    """
    return post(
        path("bookings", booking, "tickets", _number_of(ticket), "reissue"),
        one(Ticket),
        token=token_of(booking, token),
        key=idempotency_key,
    )


def use_ticket_link(token: str) -> Call[SharedTicket]:
    """Return the ticket of a link. `token` is what follows `#` in it, or the whole link.

    Raises: LinkNotValid, once the ticket was issued again.
    """
    body = {"token": token.rpartition("#")[2]}
    return post("/v1/ticket-links/use", one(SharedTicket), body=body)


def check_ticket(event: EventRef, code: str) -> Call[CheckedTicket]:
    """Return what a scanned code is worth at the event's door now (staff). Nothing is recorded."""
    return post(path("events", event, "tickets", "check"), one(CheckedTicket), body={"code": code})


def _number_of(ticket: Ticket | int) -> int:
    return ticket.number if isinstance(ticket, Ticket) else ticket
