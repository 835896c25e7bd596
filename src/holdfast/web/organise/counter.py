"""Counter: the full-screen page of a box office. A number and Enter book; Enter prints; what is next begins at once.

Without a script, each step is a form and a page. With one, a press whose answer got lost is asked for until the
network is back, and nothing else is sold before (`static/counter.js`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.hold_bodies import PlaceHoldIn
from holdfast.api.v1.ticket_files import tickets_pdf
from holdfast.api.values import BookingPath, EventPath
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import Id
from holdfast.inventory.rules.commands import STAFF
from holdfast.inventory.rules.event import FullEvent
from holdfast.web.booking_page import shown_tickets
from holdfast.web.languages import current_language, gettext
from holdfast.web.organise.booking_places import booking_of, refusal_of
from holdfast.web.organise.counter_sale import sell, settle
from holdfast.web.organise.frame import RefusedCommand, StaffForm, from_staff, organiser_page, own_event
from holdfast.web.organise.seat_words import typed_labels
from holdfast.web.organise.state import state_of
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone, redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000)]
_PRINTED = 20
"""Tickets that the page itself prints: each picture takes milliseconds to draw. The PDF has them all."""
_AREA, _CATEGORY = "area:", "category:"


class SaleIn(StaffForm):
    """What is sold: a number of places, or seats by their labels; where, if it is a number; and who buys."""

    what: _Text = ""
    where: _Line = ""
    name: _Line = ""
    email: _Line = ""

    @property
    def fields(self) -> dict[str, str]:
        return {"what": self.what, "where": self.where, "name": self.name, "email": self.email}


@routes.get("/organise/events/{event}/counter", policy=Permission.SALES_WRITE)
async def show_counter(
    request: Request, event: EventPath, sold: Id | None = None, nothing: str | None = None
) -> Reply:
    """Show the form that sells, and what was sold last."""
    found = await own_event(request, event, Permission.SALES_WRITE)
    message = None
    if nothing is not None:
        message = Sentence(
            title=gettext("Nothing was booked"),
            says=gettext("The press before booked nothing, and never will."),
            then=gettext("Sell it again if the buyer is still there."),
        )
    return await _counter_page(request, found, sold=sold, message=message)


@routes.post("/organise/events/{event}/counter", policy=Permission.SALES_WRITE)
@from_staff
async def sell_at_counter(request: Request, event: EventPath, form: SaleIn) -> Reply:
    """Hold and book in one press, all of it or nothing."""
    found = await own_event(request, event, Permission.SALES_WRITE)
    try:
        asked = PlaceHoldIn.model_validate(
            {"event": found.number, "lines": [_line(found, form)], "buyer": _buyer(found, form)}
        )
    except ValueError as failed:
        return await _counter_page(request, found, typed=form, message=_wrong(failed), status=422)
    done = await sell(request, found.number, asked, form.fields, form.form_key)
    if isinstance(done, RefusedCommand):
        message = refusal_of(done, _labels(form))
        return await _counter_page(request, found, typed=form, message=message, status=done.status)
    return redirect(request, f"organise/events/{found.number}/counter?sold={done}")


@routes.post("/organise/events/{event}/counter/ask", policy=Permission.SALES_WRITE)
@from_staff
async def ask_for_sale(request: Request, event: EventPath, form: SaleIn) -> Reply:
    """Say what became of a press whose answer got lost. If it has booked nothing, it never will."""
    found = await own_event(request, event, Permission.SALES_WRITE)
    booking = await settle(request, found.number, form.fields, form.form_key)
    ending = "nothing=1" if booking is None else f"sold={booking}"
    return redirect(request, f"organise/events/{found.number}/counter?{ending}")


@routes.get("/organise/bookings/{booking}/tickets.pdf", policy=Permission.TICKETS_REISSUE)
async def print_tickets(request: Request, booking: BookingPath) -> Reply:
    """Return the tickets of a booking to print."""
    await booking_of(request, booking)
    return await tickets_pdf(request, booking, 1, current_language())


def _line(event: FullEvent, form: SaleIn) -> dict[str, Any]:
    """Return the line of a hold. Raises ValueError for what is neither a number nor seats."""
    if form.what.isascii() and form.what.isdigit() and 0 < int(form.what) < 10**6:
        if form.where.startswith(_AREA):
            return {"quantity": int(form.what), "area": form.where.removeprefix(_AREA)}
        category = form.where.removeprefix(_CATEGORY)
        if any(area.seated for area in event.areas):
            return {"best_available": int(form.what), **({"category": category} if category else {})}
        return {"quantity": int(form.what)}
    labels = _labels(form)
    if not labels or form.what.isdigit():
        raise ValueError
    return {"seats": labels}


def _labels(form: SaleIn) -> list[str]:
    return typed_labels(form.what.replace(" ", ","))


def _buyer(event: FullEvent, form: SaleIn) -> dict[str, str] | None:
    """Return who buys. An event that counts by buyer counts by the address, as it does on its own page."""
    given = {name: value for name, value in (("name", form.name), ("email", form.email)) if value}
    if event.rules.max_per_buyer is not None and form.email:
        given["reference"] = form.email
    return given or None


def _wrong(failed: ValueError) -> Sentence:
    says = gettext("Write how many, or the labels of seats with commas between them.")
    if isinstance(failed, ValidationError) and any("buyer" in each["loc"] for each in failed.errors()):
        says = gettext("Write an address like name@example.org.")
    return Sentence(title=gettext("Nothing is sold"), says=says)


def _places(event: FullEvent) -> list[tuple[str, str]]:
    """Return where a number of places may be: the value of the choice, and its words."""
    found: list[tuple[str, str]] = []
    categories: Sequence[str] = list(
        dict.fromkeys(area.category for area in event.areas if area.seated and area.category)
    )
    if any(area.seated for area in event.areas):
        found.append(("", gettext("Best seats")))
        if len(categories) > 1:
            found += [
                (_CATEGORY + name, gettext("Best seats: %(category)s", category=name)) for name in categories
            ]
    counted = [area.name for area in event.areas if not area.seated and area.state == "open"]
    return found + [(_AREA + name, name) for name in counted]


async def _counter_page(
    request: Request,
    event: FullEvent,
    *,
    sold: UUID | None = None,
    typed: SaleIn | None = None,
    message: Sentence | None = None,
    status: int = 200,
) -> Reply:
    known = await request.inventory.queries.get_availability(event.number)
    sale = None
    if sold is not None:
        await booking_of(request, sold)  # of this organisation
        read = await request.tickets.read(sold, STAFF, limit=_PRINTED)
        sale = read if read.event.number == event.number else None
    return await organiser_page(
        request,
        "organise_counter.html",
        here=f"organise/events/{event.number}/counter",
        tab="counter",
        event=event,
        status=status,
        message=message,
        state=state_of(event, known.as_of),
        counts=known.counts,
        places=_places(event),
        is_seated=any(area.seated for area in event.areas),
        needs_email=event.rules.max_per_buyer is not None,
        typed={} if typed is None else typed.fields,
        sale=None if sale is None else sale.booking,
        shown=[] if sale is None else await asyncio.to_thread(shown_tickets, sale.tickets),
        starts=None if event.starts_at is None else in_zone(event.starts_at, event.time_zone),
    )
