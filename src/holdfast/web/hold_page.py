"""Hold page: what this browser holds, for how long, and the way to a booking."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from pydantic import StringConstraints, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.bookings import ConfirmHoldIn, confirm_hold
from holdfast.api.v1.buyers import BuyerDetailsIn
from holdfast.api.v1.holds import extend_hold, release_hold
from holdfast.api.v1.rights import hold_authority
from holdfast.api.values import HoldPath
from holdfast.errors import HoldfastError
from holdfast.http.page_forms import PageForm, refuse_foreign_form
from holdfast.http.problems import problem_members
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.inventory.rules.hold import HoldStatus
from holdfast.web.cookies import keep_token, take_token
from holdfast.web.orders import address_of_order, admissions, order_lines
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone, page, redirect
from holdfast.web.sentences import Sentence, sentence_for

__all__ = ["routes"]

routes: Routes = PageRoutes()

Typed = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]

_GONE = {HoldStatus.EXPIRED: "hold_expired", HoldStatus.RELEASED: "hold_released"}


class PressIn(PageForm):
    """A button of the hold page. Its key makes a repeated press one press."""

    form_key: UUID


class BuyerIn(PressIn):
    """Who the tickets are for."""

    name: Typed = ""
    email: Typed = ""


@routes.get("/my/holds/{hold}", policy=Permission.PUBLIC)
async def show_hold(request: Request, hold: HoldPath) -> Reply:
    """Show a hold of this browser, or go on to its booking."""
    return await _hold_page(request, hold)


@routes.post("/my/holds/{hold}/extend", policy=Permission.PUBLIC)
async def keep_longer(request: Request, hold: HoldPath, form: PressIn) -> Reply:
    """Keep a hold for longer, as long as the event allows."""
    _begin(request, hold, form)
    return await _after(request, hold, extend_hold(request, hold, None), f"my/holds/{hold}")


@routes.post("/my/holds/{hold}/release", policy=Permission.PUBLIC)
async def give_back(request: Request, hold: HoldPath, form: PressIn) -> Reply:
    """Give the places back, and return to the event."""
    _begin(request, hold, form)
    found = await request.inventory.queries.get_hold(hold, hold_authority(request))
    return await _after(request, hold, release_hold(request, hold, None), f"e/{found.event_number}")


@routes.post("/my/holds/{hold}/confirm", policy=Permission.PUBLIC)
async def book(request: Request, hold: HoldPath, form: BuyerIn) -> Reply:
    """Book what is held, and go on to the booking."""
    token = _begin(request, hold, form)
    try:
        buyer = BuyerDetailsIn(name=form.name or None, email=form.email or None)
    except ValidationError:
        return await _hold_page(request, hold, status=422, typed=form, wrong_email=True)
    if not form.email:
        return await _hold_page(request, hold, status=422, typed=form, wrong_email=True)
    reply = await _after(
        request, hold, confirm_hold(request, ConfirmHoldIn(hold=hold, buyer=buyer)), "", typed=form
    )
    if reply.status != 303:
        return reply
    booked = await request.inventory.queries.get_hold(hold, hold_authority(request))
    assert booked.booking_id is not None
    cookie = keep_token(request, booked.booking_id, token)
    return redirect(request, f"my/bookings/{booked.booking_id}", headers=(cookie,))


def _begin(request: Request, hold: UUID, form: PressIn) -> str:
    refuse_foreign_form(request)
    token = take_token(request, hold)
    request.idempotency_key = str(form.form_key)
    return token


async def _after(
    request: Request, hold: UUID, command: Awaitable[Reply], path: str, *, typed: BuyerIn | None = None
) -> Reply:
    """Go to `path` after the command, or show the hold with the reason why it was refused."""
    members: dict[str, Any]
    try:
        reply = await command
        if reply.status < 400:
            return redirect(request, path)
        members, status = orjson.loads(reply.body), reply.status
    except HoldfastError as error:
        if error.status in (404, 503):
            raise
        members, status = problem_members(error, request.request_id, pages=""), error.status
    return await _hold_page(request, hold, status=status, message=sentence_for(members), typed=typed)


async def _hold_page(
    request: Request,
    hold: UUID,
    *,
    status: int = 200,
    message: Sentence | None = None,
    typed: BuyerIn | None = None,
    wrong_email: bool = False,
) -> Reply:
    token = take_token(request, hold)
    found = await request.inventory.queries.get_hold(hold, hold_authority(request))
    if found.booking_id is not None:
        cookie = keep_token(request, found.booking_id, token)
        return redirect(request, f"my/bookings/{found.booking_id}", headers=(cookie,))
    event = await request.inventory.queries.get_event(found.event_number)
    gone = _GONE.get(found.status)
    if gone is not None and message is None:
        status, message = 410, sentence_for({"code": gone, "title": "", "detail": ""})
    left = found.expires_at - found.server_time
    address: list[tuple[str, str]] = []
    if found.seat_numbers:
        model = await request.inventory.read_models.get_current(found.event_number)
        address = address_of_order(found.lines, model.seat_map)
    return page(
        request,
        "hold.html",
        status=status,
        here=f"my/holds/{hold}",
        event=event,
        starts=None if event.starts_at is None else in_zone(event.starts_at, event.time_zone),
        hold=found,
        live=gone is None,
        lines=order_lines(found.lines),
        address=address,
        what=admissions(found.quantity, bool(found.seat_numbers)),
        until=in_zone(found.expires_at, event.time_zone),
        seconds_left=max(0, int(left.total_seconds())),
        seconds_of=max(1, int((found.expires_at - found.placed_at).total_seconds())),
        message=message,
        typed=typed or BuyerIn(form_key=uuid4(), name=found.buyer_name or "", email=found.buyer_email or ""),
        wrong_email=wrong_email,
        form_key=uuid4(),
    )
