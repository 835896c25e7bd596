"""Event change: the form of an event that exists, its areas with their capacities, and one new area."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.event_bodies import ChangeEventIn
from holdfast.api.v1.events import change_event
from holdfast.api.values import EventPath
from holdfast.errors import DuplicateSeat, InvalidInput
from holdfast.http.model_errors import invalid_input
from holdfast.http.reply import Reply
from holdfast.http.routes import SEAT_MAP_LIMIT, Routes
from holdfast.inventory.rules.event import Area, FullEvent
from holdfast.presentation.markdown import safe_html
from holdfast.presentation.records import MAX_DESCRIPTION
from holdfast.web.languages import gettext
from holdfast.web.organise.event_form import NOTHING, EventIn, body_of, fields_of, wrong_fields
from holdfast.web.organise.frame import RefusedCommand, from_staff, organiser_page, own_event, run
from holdfast.web.organise.new_event import ZONES
from holdfast.web.organise.presented import read_presented, save_presented
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_CLEARED = ("venue", "time_zone", "starts_at", "on_sale_at", "off_sale_at", "max_per_hold", "max_per_buyer")
"""What an empty field takes away."""
_TIMES = ("starts_at", "on_sale_at", "off_sale_at")
_FIELD = {"hold_ttl_seconds": "hold_minutes"}


@routes.get("/organise/events/{event}/change", policy=Permission.EVENTS_WRITE)
async def show_change(request: Request, event: EventPath) -> Reply:
    """Show the event as a form."""
    found = await own_event(request, event)
    described = {"description": (await request.presentations.get(found.number)).description}
    return await _change_page(request, found, fields_of(found) | _areas_typed(found) | described)


@routes.post("/organise/events/{event}/change", policy=Permission.EVENTS_WRITE, body_limit=SEAT_MAP_LIMIT)
@from_staff
async def save_change(request: Request, event: EventPath, form: EventIn) -> Reply:
    """Change what the form has. What it does not show stays as it is."""
    found = await own_event(request, event)
    typed = form.typed()
    draft = body_of(form.model_copy(update={"kind": "copy"}))
    body = _changed_facts(found, typed, dict.fromkeys(_CLEARED) | draft.body)
    areas = _changed_areas(found, typed)
    if areas is None:
        draft.wrong["areas"] = gettext("Give each area a name of its own, and a number of places.")
    elif areas:
        body["areas"] = areas
    presented = await read_presented(request, typed, draft.wrong)
    if draft.wrong:
        return await _change_page(request, found, typed, wrong=draft.wrong, status=422)
    try:
        checked = ChangeEventIn.model_validate_json(orjson.dumps(body))
        changed = await run(
            request, change_event(request, found.number, checked), raises=(InvalidInput, DuplicateSeat)
        )
    except ValidationError as failed:
        return await _refused_page(
            request, found, typed, invalid_input(failed, body, annotation=ChangeEventIn)
        )
    except (InvalidInput, DuplicateSeat) as refused:
        return await _refused_page(request, found, typed, refused)
    if isinstance(changed, RefusedCommand):
        return await _change_page(request, found, typed, message=_why(changed), status=changed.status)
    await save_presented(request, found.number, presented)
    return redirect(request, f"organise/events/{found.number}?done=change")


def _changed_facts(event: FullEvent, typed: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    """Return the body without what nobody touched. In another zone, the same time is another moment."""
    before = fields_of(event)
    is_moved = typed["time_zone"] != before["time_zone"]
    same = {name for name, text in before.items() if typed.get(name, "") == text}
    kept = same - set(_TIMES) if is_moved else same
    return {name: value for name, value in body.items() if _FIELD.get(name, name) not in kept}


def _counted(event: FullEvent) -> list[Area]:
    return [area for area in event.areas if not area.seated and area.state != "removed"]


def _areas_typed(event: FullEvent) -> dict[str, str]:
    """Return the areas as fields, each by its id."""
    found: dict[str, str] = {}
    for area in _counted(event):
        found |= {f"known-{area.number}-name": area.name, f"known-{area.number}-capacity": str(area.capacity)}
        found |= {f"known-{area.number}-closed": "yes"} if area.state == "closed" else {}
    return found


def _changed_areas(event: FullEvent, typed: dict[str, str]) -> list[dict[str, Any]] | None:
    """Return the changes of areas, and the new area; None for a line that is not complete."""
    found: list[dict[str, Any]] = []
    for area in _counted(event):
        name, capacity = (
            typed.get(f"known-{area.number}-{part}", "").strip() for part in ("name", "capacity")
        )
        closed = typed.get(f"known-{area.number}-closed", "") == "yes"
        if not name or not _is_number(capacity):
            return None
        change: dict[str, Any] = {"name": name} if name != area.name else {}
        change |= {"capacity": int(capacity)} if int(capacity) != area.capacity else {}
        change |= {"closed": closed} if closed is not (area.state == "closed") else {}
        if change:
            found.append({"id": area.number, **change})
    name, capacity = (typed.get(f"new-area-{part}", "").strip() for part in ("name", "capacity"))
    if name or capacity:
        if not name or not _is_number(capacity):
            return None
        found.append({"name": name, "capacity": int(capacity), "add": True})
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _why(refused: RefusedCommand) -> Sentence:
    if refused.members["code"] == "capacity_taken":
        return Sentence(
            title=gettext("Nothing is changed"),
            says=gettext("More places than that are sold, held or blocked."),
            then=gettext("Write a larger number."),
        )
    return refused.message


async def _refused_page(
    request: Request, event: FullEvent, typed: dict[str, str], error: InvalidInput | DuplicateSeat
) -> Reply:
    wrong = wrong_fields(error.errors, "areas")
    message = (
        Sentence(title=gettext("Nothing is changed"), says=error.detail, tone="bad") if not wrong else None
    )
    return await _change_page(request, event, typed, wrong=wrong, message=message, status=error.status)


async def _change_page(
    request: Request,
    event: FullEvent,
    typed: dict[str, str],
    *,
    wrong: dict[str, str] | None = None,
    message: Sentence | None = None,
    status: int = 200,
) -> Reply:
    if wrong and message is None:
        message = Sentence(
            title=gettext("Nothing is changed"),
            says=gettext("The form says at each field what it needs."),
        )
    shown = NOTHING | typed
    return await organiser_page(
        request,
        "organise_change_event.html",
        here=f"organise/events/{event.number}/change",
        tab="event",
        event=event,
        status=status,
        message=message,
        typed=shown,
        poster=(await request.presentations.get(event.number)).poster,
        poster_of=event,
        described=safe_html(shown["description"][:MAX_DESCRIPTION]),
        wrong=wrong or {},
        zones=ZONES,
        areas=_counted(event),
    )
