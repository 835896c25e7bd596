"""Event page: what an event is, what is left of it, and the form that holds some of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from pydantic import BeforeValidator, Field, StringConstraints, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.buyers import BuyerDetailsIn
from holdfast.api.v1.hold_bodies import PlaceHoldIn, RequestedLineIn
from holdfast.api.v1.holds import place_hold
from holdfast.api.v1.presentations import poster_file
from holdfast.api.v1.rights import visible_event
from holdfast.api.values import EventPath, Label, Name
from holdfast.errors import BuyerRequired, HoldfastError, RouteNotFound
from holdfast.http.page_forms import PageForm, refuse_foreign_form
from holdfast.http.problems import problem_members
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.inventory.rules.availability import AreaAvailability, Availability
from holdfast.web.about_event import calendar_entry, structured_data
from holdfast.web.cookies import keep_token
from holdfast.web.event_view import EventView, view_of_availability
from holdfast.web.languages import gettext
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import page, redirect
from holdfast.web.posters import find_shown
from holdfast.web.seat_list import SeatSteps, read_seat_steps
from holdfast.web.sentences import Sentence, sentence_for

__all__ = ["routes"]

routes: Routes = PageRoutes()

_MAX_OFFERED = 10
"""The number that the forms offer if the event has no limit of its own."""


_USUAL_PARTY = 2
"""The number that the forms begin with."""

Together = Annotated[int, Field(ge=1, le=1_000)]
"""How many seats side by side."""


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class ChoiceIn(PageForm):
    """What the visitor chose: a number in each area, seats by name, or a number of seats together."""

    form_key: UUID
    area: Annotated[tuple[Name, ...], BeforeValidator(_list)] = ()
    quantity: Annotated[tuple[Annotated[int, Field(ge=0, le=1_000)], ...], BeforeValidator(_list)] = ()
    seat: Annotated[tuple[Label, ...], BeforeValidator(_list), Field(max_length=500)] = ()
    together: Together | None = None
    category: Name | None = None
    accessible: bool | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)] = ""
    """Whom the limit per buyer counts. Only the page that asks for it has this field."""

    def lines(self) -> list[RequestedLineIn]:
        if self.seat:
            return [RequestedLineIn(seats=list(self.seat))]
        if self.together is not None:
            return [
                RequestedLineIn(
                    best_available=self.together, category=self.category, accessible=self.accessible
                )
            ]
        chosen = zip(self.area, self.quantity, strict=False)
        return [RequestedLineIn(area=area, quantity=quantity) for area, quantity in chosen if quantity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A counted area with the number to choose."""

    area: AreaAvailability
    chosen: int


@routes.get("/e/{event}", policy=Permission.PUBLIC)
async def show_event(
    request: Request,
    event: EventPath,
    section: Name | None = None,
    row: Name | None = None,
    together: Together | None = None,
) -> Reply:
    """Show the event. `section` and `row` open a part of the seat list, with groups of `together` seats."""
    return await _event_page(request, event, section=section, row=row, together=together)


@routes.get("/e/{event}/calendar.ics", policy=Permission.PUBLIC)
async def get_calendar(request: Request, event: EventPath) -> Reply:
    """Return the event for the visitor's own calendar."""
    found = await visible_event(request, event)
    if found.starts_at is None:
        raise RouteNotFound
    return Reply(
        body=calendar_entry(found, found.starts_at, _address(request, found.number)),
        headers=((b"content-disposition", b'attachment; filename="event-%d.ics"' % found.number),),
        content_type=b"text/calendar; charset=utf-8",
    )


@routes.post("/e/{event}/hold", policy=Permission.PUBLIC, places_hold=True)
async def choose(request: Request, event: EventPath, form: ChoiceIn) -> Reply:
    """Hold what was chosen, and continue at the hold. A repeated press gets the same hold."""
    refuse_foreign_form(request)
    lines = form.lines()
    if not lines:
        message = Sentence(title=gettext("Nothing chosen"), says=gettext("Choose how many you want."))
        return await _event_page(request, event, message=message, status=422)
    request.idempotency_key = str(form.form_key)
    try:
        buyer = BuyerDetailsIn(reference=form.email, email=form.email) if form.email else None
        reply = await place_hold(request, PlaceHoldIn(event=event, lines=lines, buyer=buyer))
        members = orjson.loads(reply.body)
        if reply.status == 201:
            hold = UUID(members["id"])
            return redirect(
                request, f"my/holds/{hold}", headers=(keep_token(request, hold, members["hold_token"]),)
            )
        status = reply.status  # a refusal that an earlier press got
    except ValidationError:
        return await _buyer_page(request, event, form, status=422, is_wrong=True)
    except HoldfastError as error:
        members, status = problem_members(error, request.request_id, pages=""), error.status
        if status in (404, 503):
            raise
    if members["code"] == BuyerRequired.code:
        return await _buyer_page(request, event, form, status=status)
    return await _event_page(request, event, message=sentence_for(members), status=status, chosen=form)


async def _buyer_page(
    request: Request, event: Any, form: ChoiceIn, *, status: int, is_wrong: bool = False
) -> Reply:
    """Ask who buys, and keep what was chosen: the event has a limit for each buyer."""
    found = await visible_event(request, event)
    return page(
        request,
        "buyer.html",
        status=status,
        here=f"e/{found.number}",
        event=found,
        most=found.rules.max_per_buyer,
        choice=_fields_of(form),
        typed=form.email,
        wrong={"email": gettext("Write an address like name@example.org.")} if is_wrong else {},
        form_key=uuid4(),
    )


def _fields_of(form: ChoiceIn) -> list[tuple[str, object]]:
    """Return what was chosen as the fields of another form."""
    chosen = form.model_dump(mode="json", exclude={"form_key", "email"}, exclude_none=True)
    return [
        (name, each)
        for name, value in chosen.items()
        for each in (value if isinstance(value, list) else [value])
    ]


async def _event_page(
    request: Request,
    event: Any,
    *,
    section: str | None = None,
    row: str | None = None,
    together: int | None = None,
    message: Sentence | None = None,
    status: int = 200,
    chosen: ChoiceIn | None = None,
) -> Reply:
    found = await visible_event(request, event)
    known = await request.inventory.queries.get_availability(found.number)
    most = min(known.event.rules.max_per_hold or _MAX_OFFERED, max(known.counts.available, 1))
    wanted = min(together or (chosen and chosen.together) or _USUAL_PARTY, most)
    plan: SeatSteps | None = None
    if found.map_version:
        model = await request.inventory.read_models.get_current(found.number)
        plan = read_seat_steps(model, section, row, known.by_category(), wanted)
    shown = (await find_shown(request, [found.number])).get(found.number)
    view = view_of_availability(known, shown)
    return page(
        request,
        "event.html",
        status=status,
        here=f"e/{found.number}",
        view=view,
        about=structured_data(view, _address(request, found.number), _picture(request, view)),
        offers=_offers(known, chosen),
        categories=[area for area in known.areas if area.seated],
        most=most,
        limit=known.event.rules.max_per_hold or _MAX_OFFERED,
        some_left=any(area.counts.available for area in known.areas if not area.seated),
        together=wanted,
        plan=plan,
        message=message,
        chosen=chosen,
        form_key=uuid4(),
    )


def _address(request: Request, number: int) -> str:
    """Return where strangers find the page; "" if the server does not know it."""
    return f"{request.public_url}/e/{number}" if request.public_url else ""


def _picture(request: Request, view: EventView) -> str:
    """Return where strangers find the poster; "" without one, or if the server does not know it."""
    poster = view.shown.poster
    if poster is None or not request.public_url:
        return ""
    return f"{request.public_url}/{poster_file(view.event.number, poster)}"


def _offers(known: Availability, chosen: ChoiceIn | None) -> list[Offer]:
    numbers = dict(zip(chosen.area, chosen.quantity, strict=False)) if chosen else {}
    open_areas = [area for area in known.areas if not area.seated]
    first = _USUAL_PARTY if len(open_areas) == 1 and not chosen else 0
    return [
        Offer(area=area, chosen=numbers.get(area.name, min(first, area.counts.available)))
        for area in open_areas
    ]
