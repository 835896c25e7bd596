"""New event: one page that makes an event, as a draft or on sale at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid5

import orjson
from pydantic import ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.event_bodies import CreateEventIn
from holdfast.api.v1.events import create_event
from holdfast.api.values import EventRef
from holdfast.errors import DuplicateSeat, EventNotFound, InvalidInput
from holdfast.http.model_errors import invalid_input
from holdfast.http.reply import Reply
from holdfast.http.routes import SEAT_MAP_LIMIT, Routes
from holdfast.http.values import Id
from holdfast.inventory.rules.event import FullEvent
from holdfast.presentation.markdown import safe_html
from holdfast.presentation.records import MAX_DESCRIPTION
from holdfast.web.languages import gettext
from holdfast.web.organise.event_form import (
    NOTHING,
    ROWS,
    Draft,
    EventIn,
    body_of,
    fields_of,
    rows_of,
    wrong_fields,
    wrong_text,
)
from holdfast.web.organise.event_preview import EventPreview, preview_of
from holdfast.web.organise.frame import RefusedCommand, from_staff, organiser_page, own_event, run
from holdfast.web.organise.presented import Presented, read_presented, save_presented
from holdfast.web.organise.seat_copy import copied_seats
from holdfast.web.organise.series import WEEKDAYS, EventSeries, bodies_of, read_series
from holdfast.web.organise.stored_seats import find_stored, list_stored, stored_seat_map
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone, redirect
from holdfast.web.sentences import Sentence
from holdfast.web.written import long_time, weekdays

__all__ = ["ZONES", "routes"]

routes: Routes = PageRoutes()

_HERE = "organise/events/new"
_OF_PLACES = frozenset({"areas", "sections", "plan", "stored", "repeat"})
_SUGGESTED = (
    "Europe/Berlin Europe/Vienna Europe/Zurich Europe/Amsterdam Europe/Brussels Europe/Copenhagen Europe/Dublin "
    "Europe/Helsinki Europe/Istanbul Europe/Lisbon Europe/London Europe/Madrid Europe/Oslo Europe/Paris Europe/Prague "
    "Europe/Rome Europe/Stockholm Europe/Warsaw Africa/Cairo Africa/Johannesburg Africa/Lagos Africa/Nairobi "
    "America/Chicago America/Denver America/Los_Angeles America/Mexico_City America/New_York America/Sao_Paulo "
    "America/Toronto Asia/Dubai Asia/Hong_Kong Asia/Jakarta Asia/Kolkata Asia/Seoul Asia/Shanghai Asia/Singapore "
    "Asia/Tokyo Australia/Melbourne Australia/Sydney Pacific/Auckland UTC"
)
ZONES = _SUGGESTED.split()
"""What the field suggests. Every other zone may be typed."""


@routes.get("/organise/events/new", policy=Permission.EVENTS_WRITE)
async def show_new_event(request: Request, like: EventRef | None = None, map: Id | None = None) -> Reply:
    """Show the form. `like` is an event whose facts and places the new one begins with, and `map` a stored seat map."""
    if map is not None:
        return await _form_page(request, {"kind": "stored", "stored": str(map)})
    if like is None:
        return await _form_page(request, {"kind": "areas"})
    found = await own_event(request, like)
    typed = fields_of(found) | {"starts_at": "", "on_sale_at": "", "off_sale_at": ""}
    typed |= {"kind": "copy" if found.map_version else "areas", "copied": str(found.number)}
    typed["description"] = (await request.presentations.get(found.number)).description
    return await _form_page(request, typed)


@routes.post("/organise/events/new", policy=Permission.EVENTS_WRITE, body_limit=SEAT_MAP_LIMIT)
@from_staff
async def make_event(request: Request, form: EventIn) -> Reply:
    """Make the event, or show the form again with a preview."""
    typed = form.typed()
    if form.act == "more":
        return await _form_page(request, typed, more=ROWS)
    draft = body_of(form)
    series = read_series(typed, draft)
    stored = None
    if form.kind == "copy":
        await _copy_seats(request, typed, draft)
    elif form.kind == "stored":
        stored = await _take_stored(request, typed, draft)
    preview = await _preview(form, draft, stored)
    shown: dict[str, Any] = {"preview": preview, "dates": _written(form, series)}
    if form.act == "preview":
        return await _form_page(request, typed, wrong=_shown_early(draft), **shown)
    presented = await read_presented(request, typed, draft.wrong)
    if draft.wrong:
        return await _form_page(request, typed, wrong=draft.wrong, status=422, **shown)
    draft.body["status"] = "published" if form.act == "publish" else "draft"
    return await _make_all(request, form, bodies_of(draft.body, series), presented, shown)


async def _make_all(
    request: Request,
    form: EventIn,
    bodies: list[dict[str, Any]],
    presented: Presented,
    shown: dict[str, Any],
) -> Reply:
    """Make an event of each body, one after the other. A repeated press makes none twice."""
    numbers: list[int] = []
    for place, body in enumerate(bodies):
        request.idempotency_key = str(form.form_key if place == 0 else uuid5(form.form_key, str(place)))
        try:
            checked = CreateEventIn.model_validate_json(orjson.dumps(body))
            made = await run(request, create_event(request, checked), raises=(InvalidInput, DuplicateSeat))
        except ValidationError as failed:
            error = invalid_input(failed, body, annotation=CreateEventIn)
            return await _refused_page(request, form, shown, error)
        except (InvalidInput, DuplicateSeat) as refused:
            return await _refused_page(request, form, shown, refused)
        if isinstance(made, RefusedCommand):
            return await _form_page(request, form.typed(), status=made.status, message=made.message, **shown)
        await save_presented(request, made["number"], presented, like=await _copied(request, form))
        numbers.append(made["number"])
    if len(numbers) > 1:
        return redirect(request, f"organise?done=series&made={len(numbers)}")
    return redirect(request, f"organise/events/{numbers[0]}?done={form.act}")


def _written(form: EventIn, series: EventSeries | None) -> list[str]:
    """Return the dates of a series in the visitor's language."""
    return [] if series is None else [long_time(in_zone(at, form.time_zone)) for at in series.dates]


async def _take_stored(request: Request, typed: dict[str, str], draft: Draft) -> Any:
    """Give the body a stored seat map. Return its document; None if there is no such map."""
    found = await find_stored(request, typed["stored"])
    if found is None:
        draft.wrong["stored"] = wrong_text("stored")
        return None
    draft.body["seat_map"] = stored_seat_map(found.id, found.version)
    return found.seat_map


async def _copied(request: Request, form: EventIn) -> int | None:
    """Return the event that is copied."""
    return (await own_event(request, int(form.copied))).number if form.copied.isdigit() else None


async def _copy_seats(request: Request, typed: dict[str, str], draft: Draft) -> None:
    """Give the body the places of the event that is copied."""
    if not typed["copied"].isdigit():
        raise EventNotFound
    found = await own_event(request, int(typed["copied"]))
    seats = await request.inventory.queries.get_seat_map(found.number, found.map_version)
    if len(seats):
        draft.body["seat_map"] = copied_seats(seats)
    counted = [area for area in found.areas if not area.seated and area.state == "open"]
    if counted:
        draft.body["areas"] = [
            {"name": area.name, "capacity": area.capacity}
            | ({"category": area.category} if area.category else {})
            for area in counted
        ]


async def _preview(form: EventIn, draft: Draft, stored: Any) -> EventPreview | None:
    """Return the preview; None if the seats cannot be read, which is noted."""
    if draft.wrong.keys() & _OF_PLACES:
        return None
    try:
        return await preview_of(draft.body if stored is None else {"seat_map": stored})
    except (InvalidInput, DuplicateSeat) as refused:
        draft.wrong |= wrong_fields(refused.errors, form.kind)
        return None


def _shown_early(draft: Draft) -> dict[str, str]:
    """Return what a preview says is wrong: nothing of what was not typed yet."""
    return {name: says for name, says in draft.wrong.items() if name in _OF_PLACES}


async def _refused_page(
    request: Request, form: EventIn, shown: dict[str, Any], error: InvalidInput | DuplicateSeat
) -> Reply:
    wrong = wrong_fields(error.errors, form.kind)
    message = None
    if not wrong:
        message = Sentence(title=gettext("Not understood"), says=error.detail, tone="bad")
    return await _form_page(request, form.typed(), wrong=wrong, message=message, status=error.status, **shown)


async def _form_page(
    request: Request,
    typed: dict[str, str],
    *,
    preview: EventPreview | None = None,
    dates: Sequence[str] = (),
    wrong: dict[str, str] | None = None,
    more: int = 0,
    **shown: Any,
) -> Reply:
    typed = NOTHING | typed
    copied = typed["copied"]
    source: FullEvent | None = await own_event(request, int(copied)) if copied.isdigit() else None
    poster = None if source is None else (await request.presentations.get(source.number)).poster
    wrong = wrong or {}
    if wrong and shown.get("message") is None:
        shown["message"] = Sentence(
            title=gettext("Something is missing"),
            says=gettext("The form says at each field what it needs."),
        )
    return await organiser_page(
        request,
        "organise_new_event.html",
        here=_HERE,
        tab="events",
        typed=typed,
        wrong=wrong,
        preview=preview,
        dates=dates,
        kept=await list_stored(request),
        weekdays=_weekdays(),
        source=source,
        poster=poster,
        poster_of=source,
        described=safe_html(typed["description"][:MAX_DESCRIPTION]),
        zones=ZONES,
        area_lines=_lines(typed, "area", more),
        section_lines=_lines(typed, "section", more),
        **shown,
    )


def _weekdays() -> list[tuple[str, str]]:
    """Return the names of the weekdays in the visitor's language, by their short English ones."""
    return list(zip(WEEKDAYS, weekdays(), strict=True))


def _lines(typed: dict[str, str], kind: str, more: int) -> range:
    return rows_of(typed, kind, len(rows_of(typed, kind, ROWS)) + more)
