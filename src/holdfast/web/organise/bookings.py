"""Bookings of an event: the list with its search, a booking with its history, and what may be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.booking_letters import mail_booking
from holdfast.api.v1.booking_transfers import TransferBookingIn, transfer_booking
from holdfast.api.v1.bookings import cancel_booking
from holdfast.api.v1.rights import own_number
from holdfast.api.v1.tickets import reissue_ticket
from holdfast.api.values import BookingPath, EventPath, ShortText, TicketPath
from holdfast.errors import BookingNotFound, EventNotFound
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import Id
from holdfast.ids import event_number_of
from holdfast.inventory.history import HistoryItem
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.commands import STAFF
from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.rules.metadata import MAIL_LANGUAGE
from holdfast.languages import mark
from holdfast.tickets.ticket import Ticket
from holdfast.web.languages import gettext
from holdfast.web.orders import order_lines
from holdfast.web.organise.booking_search import BookingState, search_bookings
from holdfast.web.organise.frame import (
    RefusedCommand,
    StaffForm,
    done_text,
    from_staff,
    may_do,
    organiser_page,
    own_event,
    run,
)
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone, redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_MAX_TICKETS = 100
_MAX_CHANGES = 200
_CHANGES = {
    "held": mark("Held"),
    "booked": mark("Booked"),
    "released": mark("Given back"),
    "expired": mark("The hold ran out"),
    "cancelled": mark("Booking cancelled"),
    "reduced": mark("A part cancelled"),
    "exchanged": mark("Places exchanged"),
}
_TONES = {"booked": "good", "cancelled": "bad"}
_DONE = {
    "cancel": lambda: gettext("The booking is cancelled, and its places are on sale."),
    "part": lambda: gettext("The places are cancelled. What is left stays booked."),
    "exchange": lambda: gettext("The booking has the other places. Tickets of the old ones open no door."),
    "mail": lambda: gettext("The mail is on its way."),
    "transfer": lambda: gettext("The booking is the other person's. Tickets of before let nobody in."),
    "reissue": lambda: gettext("The ticket has another code. The one before lets nobody in any more."),
}


class TransferIn(StaffForm):
    """The other person, and the language of their mails."""

    name: _Line = ""
    email: _Line = ""
    language: _Line = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRow:
    """A booking as the list shows it, with what its reader may know of the buyer."""

    booking: Booking
    name: str
    what: str
    booked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChange:
    """A line of a booking's history."""

    says: str
    at: datetime
    tone: str = ""


@routes.get("/organise/events/{event}/bookings", policy=Permission.BOOKINGS_READ)
async def show_bookings(
    request: Request,
    event: EventPath,
    q: ShortText | None = None,
    state: BookingState | None = None,
    before: Id | None = None,
) -> Reply:
    """Show the bookings, newest first, or those that a search finds."""
    found = await own_event(request, event)
    shown = await search_bookings(request, found, q or "", state, before)
    return await organiser_page(
        request,
        "organise_bookings.html",
        here=f"organise/events/{found.number}/bookings",
        tab="bookings",
        event=found,
        rows=[_row(request, found, each) for each in shown.bookings],
        older=shown.older,
        query=q or "",
        chosen=state or "",
    )


@routes.get("/organise/bookings/{booking}", policy=Permission.BOOKINGS_READ)
async def show_staff_booking(request: Request, booking: BookingPath) -> Reply:
    """Show a booking of the caller's organisation."""
    return await _booking_page(request, booking, message=done_text(request, _DONE, mails=("mail",)))


@routes.post("/organise/bookings/{booking}/cancel", policy=Permission.BOOKINGS_CANCEL)
@from_staff
async def cancel_for_buyer(request: Request, booking: BookingPath, form: StaffForm) -> Reply:
    """Cancel a booking."""
    del form  # its button says all
    return await _after(request, booking, cancel_booking(request, booking, None), "cancel")


@routes.post("/organise/bookings/{booking}/mail", policy=Permission.BOOKINGS_CANCEL)
@from_staff
async def mail_again(request: Request, booking: BookingPath, form: StaffForm) -> Reply:
    """Mail the booking to its buyer once more."""
    del form
    return await _after(request, booking, mail_booking(request, booking), "mail")


@routes.post("/organise/bookings/{booking}/transfer", policy=Permission.BOOKINGS_CANCEL)
@from_staff
async def transfer_to_another(request: Request, booking: BookingPath, form: TransferIn) -> Reply:
    """Give the booking to another person."""
    given = {"name": form.name, "email": form.email}
    try:
        asked = TransferBookingIn.model_validate({"buyer": given, "language": form.language or None})
    except ValidationError as failed:
        return await _booking_page(request, booking, message=_wrong(failed), status=422, typed=form)
    result = await run(request, transfer_booking(request, booking, asked))
    if isinstance(result, RefusedCommand):
        return await _booking_page(request, booking, message=result.message, status=result.status, typed=form)
    return redirect(request, f"organise/bookings/{booking}?done=transfer")


@routes.post("/organise/bookings/{booking}/tickets/{ticket}/reissue", policy=Permission.TICKETS_REISSUE)
@from_staff
async def reissue_for_buyer(
    request: Request, booking: BookingPath, ticket: TicketPath, form: StaffForm
) -> Reply:
    """Give a ticket another code."""
    del form
    return await _after(request, booking, reissue_ticket(request, booking, ticket, None), "reissue")


def _wrong(failed: ValidationError) -> Sentence:
    """Return what is wrong with the name or the address. What a browser's form cannot send is not named apart."""
    is_address = any("email" in each["loc"] for each in failed.errors())
    says = gettext("Write an address like name@example.org.") if is_address else gettext("Write a name.")
    return Sentence(title=gettext("Nothing is changed"), says=says)


async def _after(request: Request, booking: UUID, command: Any, done: str) -> Reply:
    result = await run(request, command)
    if isinstance(result, RefusedCommand):
        return await _booking_page(request, booking, message=result.message, status=result.status)
    return redirect(request, f"organise/bookings/{booking}?done={done}")


async def _booking_page(
    request: Request,
    id: UUID,
    *,
    message: Sentence | None,
    status: int = 200,
    typed: TransferIn | None = None,
) -> Reply:
    number = event_number_of(id)
    try:
        await own_number(request, 0 if number is None else number, Permission.BOOKINGS_READ)
    except EventNotFound:
        raise BookingNotFound from None
    read = await request.tickets.read(id, STAFF, first=1, limit=_MAX_TICKETS)
    booking, event = read.booking, read.event
    knows_all = may_do(request, event, Permission.CONTACTS_READ)
    return await organiser_page(
        request,
        "organise_booking.html",
        here=f"organise/bookings/{id}",
        tab="bookings",
        event=event,
        status=status,
        message=message,
        row=_row(request, event, booking),
        email=booking.buyer_email if knows_all else None,
        metadata=sorted((booking.metadata or {}).items()) if knows_all else [],
        tickets=read.tickets,
        typed=typed,
        mail_language=(booking.metadata or {}).get(MAIL_LANGUAGE, request.language),
        changes=await _history(request, event, booking, read.tickets),
    )


def _row(request: Request, event: FullEvent, booking: Booking) -> BookingRow:
    name = booking.buyer_name if may_do(request, event, Permission.BUYERS_READ) else None
    return BookingRow(
        booking=booking,
        name=name or "",
        what="; ".join(order_lines(booking.lines)),
        booked_at=in_zone(booking.confirmed_at, event.time_zone),
    )


async def _history(
    request: Request, event: FullEvent, booking: Booking, tickets: Sequence[Ticket]
) -> list[BookingChange]:
    """Return what happened, newest first: by the journal of its first seat, or by the booking's own times."""
    first = next((line.seats[0] for line in booking.lines if line.seats), None)
    items: list[HistoryItem] = []
    if first is not None:
        found, _ = await request.inventory.queries.list_seat_changes(
            event.number, first, start=None, limit=_MAX_CHANGES
        )
        items = [item for item in found if booking.hold_id == item.hold or booking.id == item.booking]
        items = [item for item in items if item.change not in ("exchanged", "reduced")]
    if not items:
        items = [HistoryItem(at=booking.confirmed_at, change="booked", version=0)]
        if booking.cancelled_at is not None:
            items.append(HistoryItem(at=booking.cancelled_at, change="cancelled", version=0))
    items += await request.inventory.queries.list_changes_of_booking(booking)
    changes = [
        BookingChange(says=gettext(_CHANGES[item.change]), at=item.at, tone=_TONES.get(item.change, ""))
        for item in items
        if item.change in _CHANGES
    ]
    if booking.transferred_at is not None:
        says = gettext("Given to another person")
        changes.append(BookingChange(says=says, at=booking.transferred_at))
    changes += [
        BookingChange(says=gettext("Ticket %(number)s issued again", number=each.number), at=each.reissued_at)
        for each in tickets
        if each.reissued_at is not None and each.reissued_at != booking.transferred_at
    ]
    changes.sort(key=lambda change: change.at, reverse=True)
    return [
        BookingChange(says=each.says, at=in_zone(each.at, event.time_zone), tone=each.tone)
        for each in changes
    ]
