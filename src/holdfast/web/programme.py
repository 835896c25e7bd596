"""Programme: the list of events for visitors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.values import ShortText
from holdfast.http.reply import Reply
from holdfast.inventory.queries import EventFilter
from holdfast.web.event_view import EventView, view_of
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import page
from holdfast.web.posters import find_shown
from holdfast.web.written import month

__all__ = ["routes"]

routes = PageRoutes()

_MAX_EVENTS = 200
_FEW = 3
"""A shorter list needs no event that opens it."""


@dataclass(frozen=True, slots=True)
class Month:
    """The events of a month, by date; `name` is None for events without a date."""

    name: str | None
    events: list[EventView]


@routes.get("/whats-on", policy=Permission.PUBLIC)
async def show_programme(request: Request, q: ShortText | None = None) -> Reply:
    """Show the published events that are still to come, by date."""
    found = await request.inventory.queries.list_events(
        EventFilter(text=q, drafts=False), before=None, limit=_MAX_EVENTS
    )
    coming = [each for each in found if each[0].starts_at is None or each[0].starts_at >= each[2]]
    shown = await find_shown(request, [event.number for event, _, _ in coming])
    views = [view_of(event, counts, now, shown=shown.get(event.number)) for event, counts, now in coming]
    return page(
        request,
        "programme.html",
        months=_by_month(views),
        lead=None if q or len(views) < _FEW else _lead(views),
        query=q or "",
        total=len(views),
    )


def _lead(views: list[EventView]) -> EventView | None:
    """Return the next event that has something left: it opens the page."""
    open_ones = [(view.starts, view) for view in views if view.on_sale and view.starts and view.status.left]
    return min(open_ones, key=lambda pair: pair[0])[1] if open_ones else None


def _by_month(views: list[EventView]) -> list[Month]:
    dated = sorted(
        ((view.starts, view) for view in views if view.starts is not None), key=lambda pair: pair[0]
    )
    months = [
        Month(name, [view for _, view in pairs])
        for name, pairs in groupby(dated, key=lambda pair: month(pair[0]))
    ]
    undated = [view for view in views if view.starts is None]
    return [*months, Month(None, undated)] if undated else months
