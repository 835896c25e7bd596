"""Event overview: what is sold, held and free, how old the holds are, and the buttons that move the event."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.events import cancel_event, publish_event, resume_sales, stop_sales
from holdfast.api.values import EventPath
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.rules.hold import Hold
from holdfast.web.languages import gettext
from holdfast.web.organise.frame import (
    RefusedCommand,
    StaffForm,
    done_text,
    from_staff,
    organiser_page,
    own_event,
    run,
)
from holdfast.web.organise.sales_plot import sales_view, span_of
from holdfast.web.organise.state import state_of
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone, redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_MAX_HOLDS = 1_000
"""The holds whose age is shown: the newest."""
_ENDS_SOON = timedelta(minutes=1)
_AGES = (1, 2, 5, 10)
"""The limits of the ages, in minutes."""

_DONE = {
    "draft": lambda: gettext("The draft is kept. Only your team sees it."),
    "publish": lambda: gettext("The event is published."),
    "stop": lambda: gettext("Sales are paused. Live holds can still be booked."),
    "resume": lambda: gettext("Sales go on."),
    "cancel": lambda: gettext("The event is cancelled."),
    "change": lambda: gettext("The event is changed."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAge:
    """A number of holds of an age. `below` is in minutes; None: older than `least`."""

    least: int
    below: int | None
    holds: int


@routes.get("/organise/events/{event}", policy=Permission.EVENTS_READ)
async def show_overview(request: Request, event: EventPath) -> Reply:
    """Show how the event stands now."""
    return await _overview(request, await own_event(request, event), message=done_text(request, _DONE))


@routes.get("/organise/events/{event}/cancel", policy=Permission.EVENTS_WRITE)
async def ask_before_cancelling(request: Request, event: EventPath) -> Reply:
    """Say what a cancelled event means, before it is one."""
    found = await own_event(request, event)
    known = await request.inventory.queries.get_availability(found.number)
    return await organiser_page(
        request,
        "organise_cancel_event.html",
        here=f"organise/events/{found.number}/cancel",
        tab="overview",
        event=found,
        counts=known.counts,
    )


@routes.post("/organise/events/{event}/publish", policy=Permission.EVENTS_WRITE)
@from_staff
async def publish(request: Request, event: EventPath, form: StaffForm) -> Reply:
    """Publish a draft."""
    del form  # its button says all
    return await _move(request, event, publish_event, "publish")


@routes.post("/organise/events/{event}/stop", policy=Permission.EVENTS_WRITE)
@from_staff
async def pause(request: Request, event: EventPath, form: StaffForm) -> Reply:
    """Pause the sales."""
    del form  # its button says all
    return await _move(request, event, stop_sales, "stop")


@routes.post("/organise/events/{event}/resume", policy=Permission.EVENTS_WRITE)
@from_staff
async def go_on(request: Request, event: EventPath, form: StaffForm) -> Reply:
    """Let the sales go on."""
    del form  # its button says all
    return await _move(request, event, resume_sales, "resume")


@routes.post("/organise/events/{event}/cancel", policy=Permission.EVENTS_WRITE)
@from_staff
async def cancel(request: Request, event: EventPath, form: StaffForm) -> Reply:
    """Cancel the event for good."""
    del form  # its button says all
    return await _move(request, event, cancel_event, "cancel")


async def _move(
    request: Request, event: EventPath, command: Callable[[Request, Any], Awaitable[Reply]], done: str
) -> Reply:
    moved = await run(request, command(request, event))
    if isinstance(moved, RefusedCommand):
        found = await own_event(request, event)
        return await _overview(request, found, message=moved.message, status=moved.status)
    return redirect(request, f"organise/events/{moved['number']}?done={done}")


async def _overview(
    request: Request, event: FullEvent, *, message: Sentence | None, status: int = 200
) -> Reply:
    queries = request.inventory.queries
    known = await queries.get_availability(event.number)
    holds = await queries.list_holds(event.number, status="active", limit=_MAX_HOLDS)
    span = span_of(request.query.get("span"))
    return await organiser_page(
        request,
        "organise_event.html",
        here=f"organise/events/{event.number}",
        tab="overview",
        event=event,
        status=status,
        message=message,
        state=state_of(event, known.as_of),
        counts=known.counts,
        parts=[area for area in known.areas if area.counts.capacity],
        as_of=in_zone(known.as_of, event.time_zone),
        holds=len(holds),
        has_more_holds=len(holds) == _MAX_HOLDS,
        ends_soon=sum(hold.expires_at - known.as_of <= _ENDS_SOON for hold in holds),
        ages=_ages(holds),
        span=span,
        sold_from=max(event.created_at, min(event.on_sale_at or event.created_at, known.as_of)).isoformat(),
        sold_until=known.as_of.isoformat(),
        sales=sales_view(event, await queries.get_sales(event.number, span), span),
    )


def _ages(holds: Sequence[Hold]) -> list[HoldAge]:
    """Return how many holds there are of each age."""
    ages = [(hold.server_time - hold.placed_at) / timedelta(minutes=1) for hold in holds]
    limits = [(0, _AGES[0]), *zip(_AGES, [*_AGES[1:], None], strict=True)]
    return [
        HoldAge(
            least=least,
            below=below,
            holds=sum(least <= age and (below is None or age < below) for age in ages),
        )
        for least, below in limits
    ]
