"""Places of an event: what is blocked, and the forms that block and lift, in words."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import orjson
from pydantic import BeforeValidator, Field, StringConstraints, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.blocks import BlockAdmissionsIn, block_admissions, lift_block
from holdfast.api.values import BlockPath, EventPath
from holdfast.errors import DuplicateSeat, SeatBlocked, SeatTaken, SeatUnknown
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.inventory.rules.event import FullEvent
from holdfast.web.languages import gettext, ngettext
from holdfast.web.organise.frame import (
    RefusedCommand,
    StaffForm,
    done_text,
    from_staff,
    organiser_page,
    own_event,
    run,
)
from holdfast.web.organise.seat_words import labels_of_words, sections_of, typed_labels
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_MAX_SEATS = 1_000
_MAX_BLOCKS = 200
_MAX_READ_BLOCKS = 100_000
"""More blocks than an event has seats are not looked at."""
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40_000)]
_DONE = {
    "block": lambda: gettext("The places are off sale, until you lift the block."),
    "lift": lambda: gettext("The places are on sale again."),
    "lifted": lambda: gettext(
        "Somebody else has lifted some of these blocks meanwhile. The others are lifted now."
    ),
}


def _ids(text: object) -> object:
    """Return the ids that a field has, separated by semicolons."""
    return text.split(";") if isinstance(text, str) else text


class WordsIn(StaffForm):
    """What to block: rows and seats of a section, seats by label, or a number of places of an area."""

    section: _Line = ""
    rows: _Line = ""
    places: _Line = ""
    labels: _Text = ""
    area: _Line = ""
    quantity: _Line = ""
    reason: _Line = ""


class BlocksIn(StaffForm):
    """Blocks to lift, by their ids."""

    blocks: Annotated[list[UUID], BeforeValidator(_ids), Field(min_length=1, max_length=_MAX_SEATS)]


@routes.get("/organise/events/{event}/seats", policy=Permission.EVENTS_READ)
async def show_places(request: Request, event: EventPath) -> Reply:
    """Show what is blocked, and what may be blocked."""
    return await _places_page(request, await own_event(request, event), message=done_text(request, _DONE))


@routes.post("/organise/events/{event}/block/rows", policy=Permission.EVENTS_WRITE)
@from_staff
async def block_rows(request: Request, event: EventPath, form: WordsIn) -> Reply:
    """Block rows or seats of a section: all of them or none."""
    found = await own_event(request, event)
    seats = await request.inventory.queries.get_seat_map(found.number, found.map_version)
    return await _block(request, found, form, labels_of_words(seats, form.section, form.rows, form.places))


@routes.post("/organise/events/{event}/block/seats", policy=Permission.EVENTS_WRITE)
@from_staff
async def block_seats(request: Request, event: EventPath, form: WordsIn) -> Reply:
    """Block seats by their labels: all of them or none."""
    return await _block(request, await own_event(request, event), form, typed_labels(form.labels))


@routes.post("/organise/events/{event}/block/area", policy=Permission.EVENTS_WRITE)
@from_staff
async def block_area(request: Request, event: EventPath, form: WordsIn) -> Reply:
    """Block a number of places of an area."""
    return await _block(request, await own_event(request, event), form, None)


@routes.post("/organise/events/{event}/blocks/{block}/lift", policy=Permission.EVENTS_WRITE)
@from_staff
async def lift(request: Request, event: EventPath, block: BlockPath, form: StaffForm) -> Reply:
    """Put the places of a block back on sale."""
    del form  # its button says all
    found = await own_event(request, event)
    lifted = await run(request, lift_block(request, found.number, block))
    if isinstance(lifted, RefusedCommand):
        return await _places_page(request, found, message=lifted.message, status=lifted.status)
    return redirect(request, f"organise/events/{found.number}/seats?done=lift")


@routes.post("/organise/events/{event}/lift", policy=Permission.EVENTS_WRITE)
@from_staff
async def lift_blocks(request: Request, event: EventPath, form: BlocksIn) -> Reply:
    """Put the places of several blocks back on sale."""
    request.idempotency_key = None  # a block can be lifted once, however often somebody asks
    found = await own_event(request, event)
    live = {
        block.id
        for block in await request.inventory.queries.list_blocks(
            found.number, live=True, limit=_MAX_READ_BLOCKS
        )
    }
    for block in form.blocks:
        if block in live:
            await lift_block(request, found.number, block)
    done = "lift" if live.issuperset(form.blocks) else "lifted"
    return redirect(request, f"organise/events/{found.number}/seats?done={done}")


async def _block(request: Request, event: FullEvent, form: WordsIn, labels: list[str] | None) -> Reply:
    wrong = _wrong(labels, form)
    if wrong is not None:
        return await _places_page(request, event, typed=form, message=wrong, status=422)
    reason = {"reason": form.reason} if form.reason else {}
    body = {"seats": labels} if labels is not None else {"area": form.area, "quantity": int(form.quantity)}
    try:
        asked = BlockAdmissionsIn.model_validate_json(orjson.dumps(body | reason))
    except ValidationError as failed:
        seats = ", ".join(
            labels[int(each["loc"][1])] for each in failed.errors() if labels and len(each["loc"]) > 1
        )
        says = (
            gettext("These are not labels of seats: %(seats)s", seats=seats)
            if seats
            else gettext("Write less.")
        )
        message = Sentence(title=gettext("Nothing is blocked"), says=says)
        return await _places_page(request, event, typed=form, message=message, status=422)
    made = await run(request, block_admissions(request, event.number, asked))
    if isinstance(made, RefusedCommand):
        return await _places_page(
            request, event, typed=form, message=_refusal(made, labels), status=made.status
        )
    return redirect(request, f"organise/events/{event.number}/seats?done=block")


def _wrong(labels: list[str] | None, form: WordsIn) -> Sentence | None:
    """Return what is wrong before anything is asked for."""
    if labels is None:
        if form.quantity.isascii() and form.quantity.isdigit() and 0 < int(form.quantity) < 10**9:
            return None
        says = gettext("Write how many places.")
    elif not labels:
        says = gettext("There are no such seats. Write rows such as 3-5, or the labels of seats.")
    elif len(labels) > _MAX_SEATS:
        says = ngettext(
            "That is %(count)s seat. One block takes up to 1,000.",
            "Those are %(count)s seats. One block takes up to 1,000.",
            len(labels),
        )
    else:
        return None
    return Sentence(title=gettext("Nothing is blocked"), says=says)


def _refusal(refused: RefusedCommand, labels: list[str] | None) -> Sentence:
    """Return what could not be blocked. The problem names a seat by its place in the request."""
    code = refused.members["code"]
    places = [str(each["pointer"]).rpartition("/")[2] for each in refused.members.get("errors", ())]
    seats = ", ".join(labels[int(place)] for place in places if labels and place.isdigit())
    if code == SeatTaken.code:
        says = gettext("Somebody holds or has booked: %(seats)s.", seats=seats)
    elif code == SeatBlocked.code:
        says = gettext("Blocked already: %(seats)s.", seats=seats)
    elif code == SeatUnknown.code:
        says = gettext("The event has no such seat: %(seats)s.", seats=seats)
    elif code == DuplicateSeat.code:
        says = gettext("A seat is named twice.")
    else:
        return refused.message
    return Sentence(
        title=gettext("Nothing is blocked"),
        says=says,
        then=gettext("A block takes all of its places or none."),
    )


async def _places_page(
    request: Request,
    event: FullEvent,
    *,
    typed: WordsIn | None = None,
    message: Sentence | None = None,
    status: int = 200,
) -> Reply:
    queries = request.inventory.queries
    blocks = await queries.list_blocks(event.number, live=True, limit=_MAX_BLOCKS)
    seats = await queries.get_seat_map(event.number, event.map_version)
    return await organiser_page(
        request,
        "organise_places.html",
        here=f"organise/events/{event.number}/seats",
        tab="seats",
        event=event,
        status=status,
        message=message,
        blocks=blocks,
        sections=sections_of(seats) if len(seats) else [],
        most=_MAX_SEATS,
        areas=[area.name for area in event.areas if not area.seated and area.state == "open"],
        typed={} if typed is None else typed.model_dump(),
    )
