"""Own events: the organiser's list, with the state of each and what is sold, held and free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.values import ShortText
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.ids import MAX_EVENT_NUMBER
from holdfast.inventory.queries import EventFilter
from holdfast.inventory.rules.availability import Counts
from holdfast.web.event_view import EventView, view_of
from holdfast.web.languages import gettext, ngettext
from holdfast.web.organise.frame import organiser_page
from holdfast.web.organise.state import ShownState, state_of
from holdfast.web.page_routes import PageRoutes
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_SHOWN = 50
_READ = 200
"""The events that one read of the list brings. A member of few events may need several reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvent:
    """A row of the list."""

    view: EventView
    state: ShownState
    counts: Counts


@routes.get("/organise", policy=Permission.EVENTS_READ)
async def show_own_events(
    request: Request,
    q: ShortText | None = None,
    before: Annotated[int, Field(ge=1, le=MAX_EVENT_NUMBER)] | None = None,
) -> Reply:
    """Show the organisation's events, newest first. The first screen of a new organiser is the way to make one."""
    found = await _events(request, q, before)
    shown = found[:_SHOWN]
    made = str(request.query.get("made", ""))
    return await organiser_page(
        request,
        "organise_events.html",
        here="organise",
        tab="events",
        message=_made(int(made)) if made.isascii() and made.isdigit() and len(made) < 4 else None,
        events=shown,
        query=q or "",
        is_first=q is None and before is None,
        older=shown[-1].view.event.number if len(found) > _SHOWN else None,
    )


def _made(count: int) -> Sentence:
    """Return what the list says after a series of events was made."""
    says = ngettext("%(count)s event is made.", "%(count)s events are made.", count)
    return Sentence(title=gettext("Done"), says=says, tone="good")


async def _events(request: Request, text: str | None, before: int | None) -> list[OwnEvent]:
    """Return the events that the caller may see, and one more than a page shows if there are more."""
    principal, rows = request.principal, list[OwnEvent]()
    wanted = EventFilter(text=text, organisation=principal.organisation)
    while len(rows) <= _SHOWN:
        found = await request.inventory.queries.list_events(wanted, before=before, limit=_READ)
        rows += [
            OwnEvent(view=view_of(event, counts, now), state=state_of(event, now), counts=counts)
            for event, counts, now in found
            if principal.events is None or event.number in principal.events
        ]
        if len(found) < _READ:
            break
        before = found[-1][0].number
    return rows
