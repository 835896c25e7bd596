"""Attendees: who has booked which place, as a file to download: a CSV or a workbook."""

from __future__ import annotations

from collections.abc import AsyncIterator

from holdfast.access.permissions import Permission
from holdfast.api.attendee_list import CSV, HEADS, STATES, XLSX, AttendeeList, csv_chunks, xlsx_chunks
from holdfast.api.request import Request
from holdfast.api.values import EventPath
from holdfast.http.reply import StreamReply
from holdfast.http.routes import Routes
from holdfast.web.languages import gettext
from holdfast.web.organise.frame import own_event
from holdfast.web.page_routes import PageRoutes

__all__ = ["routes"]

routes: Routes = PageRoutes()


@routes.get("/organise/events/{event}/attendees.csv", policy=Permission.BOOKINGS_READ)
async def export_attendees(request: Request, event: EventPath) -> StreamReply:
    """Return a line for each admission, newest booking first. It has what the caller may know of the buyers."""
    attendees = await _list_of(request, event)
    return _file(csv_chunks(attendees), "csv", CSV, attendees.event.number)


@routes.get("/organise/events/{event}/attendees.xlsx", policy=Permission.BOOKINGS_READ)
async def export_attendees_as_workbook(request: Request, event: EventPath) -> StreamReply:
    """Return the same list as a workbook."""
    attendees = await _list_of(request, event)
    return _file(xlsx_chunks(attendees), "xlsx", XLSX, attendees.event.number)


async def _list_of(request: Request, event: EventPath) -> AttendeeList:
    found, granted = await own_event(request, event), request.principal.permissions
    queries = request.inventory.queries
    return AttendeeList(
        queries=queries,
        event=found,
        seats=await queries.get_seat_map(found.number, found.map_version),
        heads=[gettext(head) for head in HEADS],
        states={state: gettext(says) for state, says in STATES.items()},
        shows_names=Permission.BUYERS_READ in granted,
        shows_emails=Permission.CONTACTS_READ in granted,
    )


def _file(chunks: AsyncIterator[bytes], ending: str, content_type: bytes, number: int) -> StreamReply:
    name = b'attachment; filename="attendees-%d.%b"' % (number, ending.encode())
    return StreamReply(chunks=chunks, headers=((b"content-disposition", name),), content_type=content_type)
