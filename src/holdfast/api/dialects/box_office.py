"""Dialect 1, the box office: events with a number of seats, short holds, and bookings made from holds.

`POST /book`, which it shares with dialect 4, is in `book.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from holdfast.access.permissions import Permission
from holdfast.api.dialects.dialect import Dialect, RequestBody, ResponseBody
from holdfast.api.dialects.reference import EventRef, read_hold_id
from holdfast.api.hold_limits import count_hold
from holdfast.api.request import Request
from holdfast.api.v1.rights import organisation_of, refuse_hidden, visible_number
from holdfast.api.values import EventPath, Name
from holdfast.errors import (
    AreaRequired,
    BuyerRequired,
    EventCancelled,
    EventNotFound,
    EventNotOnSale,
    HoldfastError,
    HoldNotFound,
    QuantityOverLimit,
    SalesStopped,
    SoldOut,
)
from holdfast.ids import event_number_of
from holdfast.inventory.hold_tokens import hash_token
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.event import MAX_CAPACITY, MAX_QUANTITY_PER_HOLD
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.rules.holding import WrongToken
from holdfast.inventory.rules.sale_rules import SaleRules

__all__ = ["BoxOfficeBookingOut", "confirm_hold", "render_error", "routes"]

_INVALID_TOKEN = "Invalid payment token"  # noqa: S105 - a message about one


def render_error(error: HoldfastError) -> tuple[int, Any]:
    """Return 404 or 400, the document's only errors: conflicts, lapsed holds and invalid inputs are 400."""
    if isinstance(error, WrongToken):
        return 400, {"detail": _INVALID_TOKEN, "error": _INVALID_TOKEN}
    return (400 if error.status in (409, 410, 422) else error.status), None


routes = Dialect("box_office", tag="dialect 1: box office", render_error=render_error)


class CreateBoxOfficeEventIn(RequestBody):
    name: Name
    total_seats: Annotated[int, Field(ge=1, le=MAX_CAPACITY)]
    partial_fulfillment: bool | None = None


class BoxOfficeEventOut(ResponseBody):
    event_id: UUID
    number: int
    name: str
    total_seats: int
    created_at: datetime


class PlaceBoxOfficeHoldIn(RequestBody):
    event_id: EventRef
    qty: Annotated[int, Field(ge=1, le=MAX_QUANTITY_PER_HOLD)]
    ttl: Annotated[int, Field(ge=1, description="Seconds, limited by the event's max.")] | None = None
    allow_partial: bool | None = None


class BoxOfficeHoldOut(ResponseBody):
    hold_id: UUID
    event_id: UUID
    qty: int
    requested_qty: int
    expires_at: datetime
    payment_token: str


class BoxOfficeBookingOut(ResponseBody):
    booking_id: UUID
    hold_id: UUID
    event_id: UUID
    qty: int
    created_at: datetime


class BoxOfficeEventStatusOut(ResponseBody):
    event_id: UUID
    name: str
    total: int
    available: int
    held: int
    booked: int


_EVENT_ID = "00000000-1c9b-8d4e-8a51-0f2f6f1c7a90"
_HOLD_ID = "00000000-1c9b-8d4f-9b10-51c2d7e0a4b3"


@routes.post(
    "/events",
    policy=Permission.EVENTS_WRITE,
    status=201,
    examples={"1,000 seats": {"name": "Concert XYZ", "total_seats": 1000}},
    answers={
        201: {
            "event_id": _EVENT_ID,
            "number": 7,
            "name": "Concert XYZ",
            "total_seats": 1000,
            "created_at": "2026-11-05T12:00:00Z",
        }
    },
)
async def create_event(request: Request, body: CreateBoxOfficeEventIn) -> BoxOfficeEventOut:
    """Create an event with a number of seats, on sale at once."""
    event = await request.inventory.create_event(
        c.NewEvent(
            name=body.name,
            areas=(c.AreaSpec(name="general", capacity=body.total_seats),),
            rules=SaleRules(allow_partial=bool(body.partial_fulfillment)),
            organisation=organisation_of(request.principal),
        ),
        by=request.principal.id,
    )
    return BoxOfficeEventOut(
        event_id=event.id,
        number=event.number,
        name=event.name,
        total_seats=body.total_seats,
        created_at=event.created_at,
    )


@routes.post(
    "/holds",
    policy=Permission.PUBLIC,
    direct=True,
    places_hold=True,
    status=201,
    errors=[
        EventNotFound,
        SoldOut,
        EventNotOnSale,
        SalesStopped,
        EventCancelled,
        QuantityOverLimit,
        BuyerRequired,
        AreaRequired,
    ],
    examples={
        "five seats": {"event_id": _EVENT_ID, "qty": 5},
        "by number, for five minutes": {"event_id": "1", "qty": 5, "ttl": 300},
        "up to five seats": {"event_id": 1, "qty": 5, "allow_partial": True},
    },
    answers={
        201: {
            "hold_id": _HOLD_ID,
            "event_id": _EVENT_ID,
            "qty": 5,
            "requested_qty": 5,
            "expires_at": "2026-11-05T12:02:00Z",
            "payment_token": "hfh_7_…",
        }
    },
)
async def place_hold(request: Request, body: PlaceBoxOfficeHoldIn) -> BoxOfficeHoldOut:
    """Hold seats for two minutes or for `ttl` seconds. With partial fulfilment, hold what is left, at least one."""
    number = await visible_number(request, body.event_id)
    hold_id = request.inventory.new_id(number)
    token = request.inventory.hold_tokens.hold_token(hold_id)
    command = c.PlaceHold(
        by=request.principal.id,
        hold_id=hold_id,
        lines=(c.QuantityLine(quantity=body.qty),),
        token_hash=hash_token(token),
        ttl_seconds=body.ttl,
        allow_partial=body.allow_partial,
    )
    try:
        with await count_hold(request, command):
            hold: Hold = await request.inventory.execute(number, command)
    except SoldOut as refusal:
        detail = f"Not enough seats available: {refusal.facts.get('available', 0)} left."
        at = SoldOut.at("/qty", detail)
        raise SoldOut(detail, errors=(at,), **refusal.facts) from None
    return BoxOfficeHoldOut(
        hold_id=hold.id,
        event_id=hold.event_id,
        qty=hold.quantity,
        requested_qty=hold.requested,
        expires_at=hold.expires_at,
        payment_token=token,
    )


async def confirm_hold(request: Request, hold_id: Any, payment_token: Any) -> BoxOfficeBookingOut:
    """Return the hold's booking: the same one for every repeat of the pair.

    Raises HoldNotFound; WrongToken, also for a value that cannot be a token; HoldExpired, HoldReleased.
    """
    id = read_hold_id(hold_id)
    number = event_number_of(id)
    if number is None:
        raise HoldNotFound
    token = payment_token if isinstance(payment_token, str) else None
    command = c.ConfirmHold(
        by=request.principal.id,
        hold_id=id,
        booking_id=request.inventory.new_id(number),
        authority=c.Authority(token_hash=hash_token(token)),
    )
    try:
        await visible_number(request, number)
        booking: Booking = await request.inventory.execute(number, command)
    except EventNotFound:
        raise HoldNotFound from None
    return BoxOfficeBookingOut(
        booking_id=booking.id,
        hold_id=booking.hold_id,
        event_id=booking.event_id,
        qty=booking.quantity,
        created_at=booking.confirmed_at,
    )


@routes.get(
    "/events/{event_id}",
    policy=Permission.PUBLIC,
    direct=True,
    answers={
        200: {
            "event_id": _EVENT_ID,
            "name": "Concert XYZ",
            "total": 1000,
            "available": 950,
            "held": 30,
            "booked": 20,
        }
    },
)
async def get_event(request: Request, event_id: EventPath) -> BoxOfficeEventStatusOut:
    """Return the counts of an event's seats, exact when read. Blocked seats are not available."""
    number = await visible_number(request, event_id)
    found = await request.inventory.queries.get_availability(number)
    refuse_hidden(request.principal, found.event)
    return BoxOfficeEventStatusOut(
        event_id=found.event.id,
        name=found.event.name,
        total=found.counts.capacity,
        available=found.counts.available,
        held=found.counts.held,
        booked=found.counts.booked,
    )
