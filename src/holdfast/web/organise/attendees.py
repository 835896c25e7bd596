"""Attendees: who has booked which place, as a file to download: a CSV or a workbook."""

from __future__ import annotations

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.attendees import attendees_file
from holdfast.api.values import EventPath
from holdfast.http.reply import StreamReply
from holdfast.http.routes import Routes
from holdfast.web.languages import current_language
from holdfast.web.page_routes import PageRoutes

__all__ = ["routes"]

routes: Routes = PageRoutes()


@routes.get("/organise/events/{event}/attendees.csv", policy=Permission.BOOKINGS_READ)
async def export_attendees(request: Request, event: EventPath) -> StreamReply:
    """Return a line for each admission, newest booking first. It has what the caller may know of the buyers."""
    return await attendees_file(request, event, "csv", current_language())


@routes.get("/organise/events/{event}/attendees.xlsx", policy=Permission.BOOKINGS_READ)
async def export_attendees_as_workbook(request: Request, event: EventPath) -> StreamReply:
    """Return the same list as a workbook."""
    return await attendees_file(request, event, "xlsx", current_language())
