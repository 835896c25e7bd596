"""Dialect 3's reservations: one seat for one user, HELD -> CONFIRMED -> CANCELLED, or HELD -> EXPIRED | CANCELLED.

A reservation is a hold of one seat under its user's name, and the booking made from it. Its id is the hold's.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from holdfast.access.permissions import Permission
from holdfast.api.dialects.dialect import Dialect, RequestBody, ResponseBody
from holdfast.api.dialects.reference import EventRef, SeatRef, UserPath
from holdfast.api.dialects.seating import get_label, hold_one_seat
from holdfast.api.dialects.ticketing import TAG, render_error
from holdfast.api.dialects.users import acts_for_itself, refuse_other_user, sold_number
from holdfast.api.request import Request
from holdfast.api.values import HoldPath, parse_label
from holdfast.errors import (
    BookingAlreadyCancelled,
    EventCancelled,
    EventNotFound,
    EventNotOnSale,
    FieldError,
    HoldAlreadyConfirmed,
    HoldExpired,
    HoldNotFound,
    HoldReleased,
    InvalidInput,
    QuantityOverLimit,
    SalesStopped,
    SeatBlocked,
    SeatNotFound,
    SeatTaken,
    SeatUnknown,
)
from holdfast.ids import event_number_of, seat_id, split_seat_id
from holdfast.inventory.batching.after_commit import after_commit
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import BookingStatus
from holdfast.inventory.rules.hold import Hold, HoldStatus

__all__ = ["routes"]

DEFAULT_MINUTES = 10

routes = Dialect("reservations", tag=TAG, render_error=render_error)


class ReserveSeatsIn(RequestBody):
    """Either `seat_id`, or `show_id` and `seat_number`."""

    show_id: EventRef | None = None
    seat_number: str | None = None
    seat_id: SeatRef | None = None
    hold_minutes: Annotated[int, Field(ge=1, le=20)] = DEFAULT_MINUTES


class ReservationOut(ResponseBody):
    id: UUID
    user_id: int
    seat_id: int
    seat_number: str
    status: Literal["HELD", "CONFIRMED", "EXPIRED", "CANCELLED"]
    hold_expiry: datetime
    created_at: datetime
    updated_at: datetime


_ID = "00000000-1c9b-8d4f-9b10-51c2d7e0a4b3"
_HELD = {
    "id": _ID,
    "user_id": 17,
    "seat_id": 7000001,
    "seat_number": "A1",
    "status": "HELD",
    "hold_expiry": "2026-11-05T18:40:00Z",
    "created_at": "2026-11-05T18:30:00Z",
    "updated_at": "2026-11-05T18:30:00Z",
}


@routes.post(
    "/reservations/{user_id}/hold",
    policy=Permission.SALES_WRITE,
    for_users=True,
    direct=True,
    status=201,
    errors=[
        EventNotFound,
        SeatNotFound,
        SeatTaken,
        SeatBlocked,
        EventNotOnSale,
        SalesStopped,
        EventCancelled,
        QuantityOverLimit,
        SeatUnknown,
    ],
    examples={
        "by number": {"show_id": 7, "seat_number": "A1", "hold_minutes": 10},
        "by id": {"seat_id": 7000001, "hold_minutes": 10},
    },
    answers={201: _HELD},
)
async def hold_seat(request: Request, user_id: UserPath, body: ReserveSeatsIn) -> ReservationOut:
    """Hold a seat for 1 to 20 minutes. A repeat by the same user gets the same reservation while it is held.

    A signed-in account holds for itself: `user_id` is its id.
    """
    refuse_other_user(request, str(user_id))
    await request.access.users.get(user_id)
    number, label = await _wanted_seat(request, body)
    hold = await hold_one_seat(request, number, label, buyer=str(user_id), seconds=body.hold_minutes * 60)
    with after_commit():
        return await _render(request.inventory, hold)


@routes.post(
    "/reservations/{reservation_id}/confirm",
    policy=Permission.SALES_WRITE,
    for_users=True,
    direct=True,
    errors=[HoldExpired, HoldReleased, EventCancelled, BookingAlreadyCancelled],
    answers={200: {**_HELD, "status": "CONFIRMED", "updated_at": "2026-11-05T18:33:00Z"}},
)
async def confirm_reservation(request: Request, reservation_id: HoldPath) -> ReservationOut:
    """Confirm the reservation for good. A repeat gets the same answer; an expired one is refused and reads EXPIRED."""
    hold = await _get_reservation(request, reservation_id)
    command = c.ConfirmHold(
        by=request.principal.id,
        hold_id=hold.id,
        booking_id=request.inventory.new_id(hold.event_number),
        authority=c.Authority(buyer=hold.buyer),
    )
    try:
        await request.inventory.execute(hold.event_number, command)
    except HoldExpired:
        reservation = await _render(request.inventory, await _get_reservation(request, reservation_id))
        raise HoldExpired(HoldExpired.RESERVATION, reservation=reservation.model_dump(mode="json")) from None
    with after_commit():
        return await _render(request.inventory, await _get_reservation(request, reservation_id))


@routes.post(
    "/reservations/{reservation_id}/release",
    policy=Permission.SALES_WRITE,
    for_users=True,
    direct=True,
    errors=[HoldAlreadyConfirmed],
    answers={200: {**_HELD, "status": "CANCELLED", "updated_at": "2026-11-05T18:33:00Z"}},
)
async def release_reservation(request: Request, reservation_id: HoldPath) -> ReservationOut:
    """Release the seat. A repeat gets the same answer; a reservation that already ended keeps its status."""
    hold = await _get_reservation(request, reservation_id)
    command = c.ReleaseHold(by=request.principal.id, hold_id=hold.id, authority=c.Authority(buyer=hold.buyer))
    with suppress(HoldExpired, BookingAlreadyCancelled):
        await request.inventory.execute(hold.event_number, command)
    with after_commit():
        return await _render(request.inventory, await _get_reservation(request, reservation_id))


async def _wanted_seat(request: Request, body: ReserveSeatsIn) -> tuple[int, str]:
    """Return the event's number and the seat's label. Raises EventNotFound, SeatNotFound, InvalidInput."""
    if body.seat_id is not None:
        number, _ = split_seat_id(body.seat_id)
        if body.show_id is not None and await sold_number(request, body.show_id) != number:
            raise SeatNotFound(SeatNotFound.IN_SHOW)
        return number, await get_label(request, body.seat_id)
    missing = [
        FieldError(pointer=f"/{name}", code="missing", detail=FieldError.REQUIRED)
        for name in ("show_id", "seat_number")
        if getattr(body, name) is None
    ]
    if body.show_id is None or body.seat_number is None:
        raise InvalidInput(InvalidInput.SEAT_MISSING, errors=tuple(missing))
    number = await sold_number(request, body.show_id)
    label = parse_label(body.seat_number)
    if label is None:
        raise SeatNotFound(SeatNotFound.IN_SHOW)
    return number, label


async def _get_reservation(request: Request, id: UUID) -> Hold:
    """Return a hold of one seat under a user's name. Other holds are not reservations of this dialect."""
    number = event_number_of(id)
    try:
        await sold_number(request, 0 if number is None else number)
        hold = await request.inventory.queries.get_hold(id, c.STAFF)
    except (HoldNotFound, EventNotFound):
        raise HoldNotFound(HoldNotFound.RESERVATION) from None
    user = _user_of(hold)
    is_foreign = acts_for_itself(request) and user != request.principal.account_id
    if user is None or is_foreign or hold.quantity != 1 or len(hold.seat_numbers) != 1:
        raise HoldNotFound(HoldNotFound.RESERVATION)
    return hold


def _user_of(hold: Hold) -> int | None:
    buyer = hold.buyer or ""
    return int(buyer) if buyer.isascii() and buyer.isdecimal() and len(buyer) < 20 else None


async def _render(inventory: Inventory, hold: Hold) -> ReservationOut:
    status, updated_at = await _status_of(inventory, hold)
    user_id = _user_of(hold)
    assert user_id is not None
    return ReservationOut(
        id=hold.id,
        user_id=user_id,
        seat_id=seat_id(hold.event_number, hold.seat_numbers[0]),
        seat_number=hold.lines[0].seats[0],
        status=status,
        hold_expiry=hold.expires_at,
        created_at=hold.placed_at,
        updated_at=updated_at,
    )


_Status = Literal["HELD", "CONFIRMED", "EXPIRED", "CANCELLED"]


async def _status_of(inventory: Inventory, hold: Hold) -> tuple[_Status, datetime]:
    """Return the reservation's status, and since when it has it."""
    match hold.status:
        case HoldStatus.ACTIVE:
            return "HELD", hold.placed_at
        case HoldStatus.EXPIRED:
            return "EXPIRED", hold.expires_at
        case HoldStatus.RELEASED:
            return "CANCELLED", await inventory.queries.released_at(hold) or hold.placed_at
    assert hold.booking_id is not None
    booking = await inventory.queries.get_booking(hold.booking_id, c.STAFF)
    if booking.status is BookingStatus.CANCELLED:
        return "CANCELLED", booking.cancelled_at or booking.confirmed_at
    return "CONFIRMED", booking.confirmed_at
