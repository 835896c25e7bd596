"""Venues: the seat maps that an organisation keeps, each in versions that never change."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import Field, StringConstraints

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.seat_maps import StoreSeatMapIn, add_seat_map_version, create_seat_map
from holdfast.api.values import SeatMapPath
from holdfast.errors import DuplicateSeat, InvalidInput
from holdfast.http.reply import Reply
from holdfast.http.routes import SEAT_MAP_LIMIT, Routes
from holdfast.inventory.venue_maps import VenueMap
from holdfast.web.languages import gettext
from holdfast.web.organise.event_form import Draft, read_plan
from holdfast.web.organise.event_preview import EventPreview, preview_of
from holdfast.web.organise.frame import (
    RefusedCommand,
    StaffForm,
    done_text,
    from_staff,
    organiser_page,
    run,
)
from holdfast.web.organise.stored_seats import kept_maps, list_stored
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_MAX_VERSIONS = 50
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_Plan = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8_000_000)]
_DONE = {
    "kept": lambda: gettext("The seat map is kept. Events can begin with it."),
    "version": lambda: gettext("The version is kept. Events that exist keep the seats that they have."),
}


class KeepMapIn(StaffForm):
    """A seat map to keep, or its next version: a plan as a new event takes it."""

    name: _Line = ""
    plan: _Plan = ""
    plan_category: _Line = ""


@routes.get("/organise/venues", policy=Permission.EVENTS_READ)
async def show_venues(request: Request) -> Reply:
    """Show the seat maps that are kept."""
    return await _list_page(request)


@routes.post("/organise/venues", policy=Permission.EVENTS_WRITE, body_limit=SEAT_MAP_LIMIT)
@from_staff
async def keep_map(request: Request, form: KeepMapIn) -> Reply:
    """Keep a new seat map."""
    body, wrong = _body(form)
    if body is not None:
        made, wrong = await _ask(request, create_seat_map(request, body))
        if made is not None:
            return redirect(request, f"organise/venues/{made['id']}?done=kept")
    return await _list_page(request, typed=form, message=wrong, status=422)


@routes.get("/organise/venues/{seat_map}", policy=Permission.EVENTS_READ)
async def show_venue(
    request: Request, seat_map: SeatMapPath, version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
) -> Reply:
    """Show a version of a seat map, the newest unless one is named."""
    shown = await kept_maps(request).get(seat_map, version=version)
    return await _map_page(request, shown, message=done_text(request, _DONE))


@routes.post(
    "/organise/venues/{seat_map}/versions", policy=Permission.EVENTS_WRITE, body_limit=SEAT_MAP_LIMIT
)
@from_staff
async def keep_version(request: Request, seat_map: SeatMapPath, form: KeepMapIn) -> Reply:
    """Keep the next version of a seat map."""
    newest = await kept_maps(request).get(seat_map)
    body, wrong = _body(form)
    if body is not None:
        made, wrong = await _ask(request, add_seat_map_version(request, seat_map, body))
        if made is not None:
            return redirect(request, f"organise/venues/{seat_map}?done=version")
    return await _map_page(request, newest, typed=form, message=wrong, status=422)


def _body(form: KeepMapIn) -> tuple[StoreSeatMapIn | None, Sentence | None]:
    """Return the body of the command, or what is wrong with the form."""
    draft = Draft()
    read_plan(form.plan, form.plan_category, draft)
    says = draft.wrong.get("plan") if form.name else gettext("Write a name.")
    if says is None:
        return StoreSeatMapIn(name=form.name, seat_map=draft.body["seat_map"]), None
    return None, _not_kept(says)


def _not_kept(says: str) -> Sentence:
    return Sentence(title=gettext("Nothing is kept"), says=says)


async def _ask(request: Request, command: Any) -> tuple[dict[str, Any] | None, Sentence | None]:
    """Return what was made, or why nothing was."""
    try:
        made = await run(request, command, raises=(InvalidInput, DuplicateSeat))
    except (InvalidInput, DuplicateSeat) as refused:
        why = refused.errors[0].detail if refused.errors else refused.detail
        return None, _not_kept(gettext("The plan cannot be used: %(why)s", why=why))
    if isinstance(made, RefusedCommand):
        return None, made.message
    return made, None


async def _list_page(
    request: Request,
    *,
    typed: KeepMapIn | None = None,
    message: Sentence | None = None,
    status: int = 200,
) -> Reply:
    return await organiser_page(
        request,
        "organise_venues.html",
        here="organise/venues",
        tab="venues",
        status=status,
        message=message,
        kept=await list_stored(request),
        typed={} if typed is None else typed.model_dump(),
    )


async def _map_page(
    request: Request,
    shown: VenueMap,
    *,
    typed: KeepMapIn | None = None,
    message: Sentence | None = None,
    status: int = 200,
) -> Reply:
    newest = (await kept_maps(request).get(shown.id)).version
    preview: EventPreview = await preview_of({"seat_map": shown.seat_map})
    return await organiser_page(
        request,
        "organise_venue.html",
        here=f"organise/venues/{shown.id}",
        tab="venues",
        status=status,
        message=message,
        shown=shown,
        newest=newest,
        versions=range(newest, max(0, newest - _MAX_VERSIONS), -1),
        preview=preview,
        typed={"name": shown.name, "plan": _text_of(shown.seat_map)} if typed is None else typed.model_dump(),
    )


def _text_of(seat_map: Any) -> str:
    """Return a map's document as text to change. A large one is not shown."""
    text = orjson.dumps(seat_map, option=orjson.OPT_INDENT_2).decode()
    return text if len(text) < 200_000 else ""
