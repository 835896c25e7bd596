"""Attendees: who has booked which place, as a CSV that streams. It holds one page of bookings at a time.

A cell that a spreadsheet would read as a formula begins with an apostrophe (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterable
from io import StringIO

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.values import EventPath
from holdfast.http.reply import StreamReply
from holdfast.http.routes import Routes
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.tickets.ticket import admissions_of, ticket_reference
from holdfast.web.languages import gettext
from holdfast.web.organise.frame import own_event
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone

__all__ = ["routes", "safe_cell"]

routes: Routes = PageRoutes()

_READ = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MARK = "\ufeff"
"""Says to a spreadsheet that the file is UTF-8."""


@routes.get("/organise/events/{event}/attendees.csv", policy=Permission.BOOKINGS_READ)
async def export_attendees(request: Request, event: EventPath) -> StreamReply:
    """Return a line for each admission, newest booking first. It has what the caller may know of the buyers."""
    found = await own_event(request, event)
    seats = await request.inventory.queries.get_seat_map(found.number, found.map_version)
    heads = [
        gettext("Booking"),
        gettext("Ticket"),
        gettext("State"),
        gettext("Section"),
        gettext("Row"),
        gettext("Seat"),
        gettext("Area"),
        gettext("Category"),
        gettext("Name"),
        gettext("E‑mail"),
        gettext("Booked"),
    ]
    states = {"confirmed": gettext("Booked"), "cancelled": gettext("Cancelled")}
    return StreamReply(
        chunks=_lines(request, found, seats, heads, states),
        headers=((b"content-disposition", b'attachment; filename="attendees-%d.csv"' % found.number),),
        content_type=b"text/csv; charset=utf-8",
    )


async def _lines(
    request: Request, event: FullEvent, seats: SeatMap, heads: list[str], states: dict[str, str]
) -> AsyncIterator[bytes]:
    yield (_MARK + _written([heads])).encode()
    before = None
    while True:
        page = await request.inventory.queries.list_bookings(event.number, before=before, limit=_READ)
        if page:
            yield "".join(
                _written(_rows(request, event, booking, seats, states)) for booking in page
            ).encode()
        if len(page) < _READ:
            return
        before = page[-1].id


def _rows(
    request: Request, event: FullEvent, booking: Booking, seats: SeatMap, states: dict[str, str]
) -> Iterable[list[str]]:
    granted = request.principal.permissions
    name = booking.buyer_name if Permission.BUYERS_READ in granted else None
    email = booking.buyer_email if Permission.CONTACTS_READ in granted else None
    booked_at = in_zone(booking.confirmed_at, event.time_zone).isoformat(timespec="seconds")
    for admission in admissions_of(booking, event, seats, first=1, limit=booking.quantity):
        seat = admission.seat
        yield [
            booking.reference,
            ticket_reference(booking.id, admission.number),
            states.get(booking.status, booking.status),
            seat.section if seat else "",
            seat.row if seat else "",
            (seat.name or seat.label) if seat else "",
            admission.area or "",
            admission.category or "",
            name or "",
            email or "",
            booked_at,
        ]


def _written(rows: Iterable[list[str]]) -> str:
    file = StringIO()
    csv.writer(file).writerows([safe_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet reads as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
