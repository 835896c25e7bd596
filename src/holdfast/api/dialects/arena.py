"""Dialect 2, the arena: numbered seats that a user reserves for five minutes and then confirms.

AVAILABLE -> RESERVED -> CONFIRMED, and RESERVED -> AVAILABLE after five minutes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from holdfast import ids
from holdfast.access.permissions import Permission
from holdfast.api.dialects.dialect import Dialect, ResponseBody
from holdfast.api.dialects.reference import SeatPath, read_event_id
from holdfast.api.dialects.seating import Seating, get_label, get_seating, hold_one_seat
from holdfast.api.dialects.users import acts_for_itself, refuse_other_user, sold_number
from holdfast.api.request import Request
from holdfast.api.v1.rights import organisation_of
from holdfast.api.values import ChosenPerson, Person
from holdfast.errors import (
    BookingAlreadyCancelled,
    EventCancelled,
    EventNotFound,
    EventNotOnSale,
    FieldError,
    HoldExpired,
    HoldfastError,
    HoldNotFound,
    HoldReleased,
    InvalidInput,
    QuantityOverLimit,
    SalesStopped,
    SeatBlocked,
    SeatTaken,
)
from holdfast.http.reply import Reply, encode
from holdfast.inventory.queries import EventFilter
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.rules.holding import is_same_buyer

__all__ = ["routes"]

WINDOW_SECONDS = 300


def render_error(error: HoldfastError) -> tuple[int, Any]:
    """Return 400 with the reason, or 404 for an object that does not exist."""
    if isinstance(error, HoldNotFound):
        return 400, None
    return (400 if error.status in (409, 410, 422) else error.status), None


routes = Dialect("arena", tag="dialect 2: arena", render_error=render_error)


class ArenaSeatOut(ResponseBody):
    id: int
    label: str
    status: str
    reserved_by: str | None
    reserved_until: datetime | None


class ArenaReservationOut(ResponseBody):
    message: str
    seat_id: int
    reserved_until: datetime


class ArenaConfirmationOut(ResponseBody):
    message: str
    seat_id: int


@routes.get(
    "/seats/",
    policy=Permission.SALES_WRITE,
    for_users=True,
    response=list[ArenaSeatOut],
    errors=[EventNotFound],
    answers={
        200: [
            {
                "id": 7000001,
                "label": "A-1-1",
                "status": "RESERVED",
                "reserved_by": "81",
                "reserved_until": "2026-11-05T18:35:00Z",
            },
            {
                "id": 7000002,
                "label": "A-1-2",
                "status": "AVAILABLE",
                "reserved_by": None,
                "reserved_until": None,
            },
        ]
    },
)
async def list_seats(request: Request, event_id: str | None = None) -> Reply:
    """Return every seat of the event. `event_id` may be omitted if exactly one event has numbered seats.

    A seat with an expired reservation is AVAILABLE, whether or not anyone has cleaned up. A seat that the organiser
    keeps off sale is CONFIRMED by nobody, because it cannot be reserved. A signed-in account sees only its own id.
    """
    if event_id is None:
        number = await _only_seated_event(request)
    else:
        number = await sold_number(request, read_event_id(event_id))
    seating = await get_seating(request, number, with_buyers=True)
    labels = enumerate(seating.seat_map.labels, 1)
    shown = [_seat(seating, number, seat, label) for seat, label in labels]
    if acts_for_itself(request):
        own = str(request.principal.account_id)
        shown = [seat if seat["reserved_by"] == own else seat | {"reserved_by": None} for seat in shown]
    return Reply(body=encode(shown))


def _seat(seating: Seating, number: int, seat: int, label: str) -> dict[str, Any]:
    until = seating.held_until.get(seat)
    return {
        "id": ids.seat_id(number, seat),
        "label": label,
        "status": "RESERVED" if until else "CONFIRMED" if seat in seating.taken else "AVAILABLE",
        "reserved_by": seating.buyers.get(seat),
        "reserved_until": until,
    }


async def _only_seated_event(request: Request) -> int:
    organisation = None if acts_for_itself(request) else organisation_of(request.principal)
    found = await request.inventory.queries.list_events(
        EventFilter(status="published", seated=True, organisation=organisation),
        before=None,
        limit=2,
    )
    if not found:
        raise EventNotFound(EventNotFound.NONE_SEATED)
    if len(found) > 1:
        raise InvalidInput.in_field("?event_id", "missing", FieldError.EVENT_REQUIRED)
    return found[0][0].number


@routes.post(
    "/seats/{seat_id}/reserve",
    policy=Permission.SALES_WRITE,
    for_users=True,
    direct=True,
    errors=[SeatTaken, SeatBlocked, EventNotOnSale, SalesStopped, EventCancelled, QuantityOverLimit],
    answers={
        200: {
            "message": "Seat reserved",
            "seat_id": 7000001,
            "reserved_until": "2026-11-05T18:35:00Z",
        }
    },
)
async def reserve_seat(request: Request, seat_id: SeatPath, user_id: ChosenPerson) -> ArenaReservationOut:
    """Reserve the seat for five minutes. A repeat by the same user gets the same answer and the same expiry.

    A signed-in account reserves for itself: `user_id` is its id.
    """
    refuse_other_user(request, user_id)
    label = await get_label(request, seat_id)
    number, _ = ids.split_seat_id(seat_id)
    hold = await hold_one_seat(request, number, label, buyer=user_id, seconds=WINDOW_SECONDS)
    return ArenaReservationOut(message="Seat reserved", seat_id=seat_id, reserved_until=hold.expires_at)


@routes.post(
    "/seats/{seat_id}/confirm",
    policy=Permission.SALES_WRITE,
    for_users=True,
    direct=True,
    errors=[HoldNotFound, HoldExpired, HoldReleased, SeatTaken, EventCancelled, BookingAlreadyCancelled],
    answers={200: {"message": "Seat confirmed", "seat_id": 7000001}},
)
async def confirm_seat(request: Request, seat_id: SeatPath, user_id: Person) -> ArenaConfirmationOut:
    """Confirm the user's reservation for good. A repeat gets the same answer; other users are refused."""
    refuse_other_user(request, user_id)
    await get_label(request, seat_id)
    number, seat = ids.split_seat_id(seat_id)
    hold = await _get_reservation(request, number, seat, user_id)
    await request.inventory.execute(
        number,
        c.ConfirmHold(
            by=request.principal.id,
            hold_id=hold.id,
            booking_id=request.inventory.new_id(number),
            authority=c.Authority(buyer=user_id),
        ),
    )
    return ArenaConfirmationOut(message="Seat confirmed", seat_id=seat_id)


async def _get_reservation(request: Request, number: int, seat: int, user_id: str) -> Hold:
    """Return the user's hold on exactly this seat, confirmed or not."""
    seating = await get_seating(request, number, with_buyers=True)
    if seat not in seating.taken:
        raise HoldNotFound(HoldNotFound.NOT_RESERVED)
    if not is_same_buyer(seating.buyers.get(seat), user_id):
        raise SeatTaken(SeatTaken.BY_ANOTHER)
    hold = await request.inventory.queries.find_hold_of_seat(number, seat)
    if hold is None:
        raise HoldNotFound(HoldNotFound.NOT_RESERVED)
    if hold.quantity != 1:
        raise SeatTaken(SeatTaken.OF_LARGER_HOLD)
    return hold
