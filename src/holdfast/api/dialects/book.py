"""`POST /book`, which two documents have. A body with `hold_id` is dialect 1, any other object is dialect 4."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ValidationError, WithJsonSchema

from holdfast.access.authorisation import authorise
from holdfast.access.permissions import Permission
from holdfast.api.dialects import box_office, instant
from holdfast.api.dialects.dialect import Dialect
from holdfast.api.request import Request
from holdfast.errors import (
    AreaRequired,
    BadRequest,
    BookingAlreadyCancelled,
    EventCancelled,
    EventNotFound,
    Forbidden,
    HoldExpired,
    HoldfastError,
    HoldNotFound,
    HoldReleased,
    Invalid,
    Malformed,
)
from holdfast.http.model_errors import invalid_input
from holdfast.inventory.rules.holding import WrongToken

__all__ = ["routes"]


def render_error(error: HoldfastError) -> tuple[int, Any]:
    """Choose the dialect by the error. Dialect 1 refuses as invalid only a wrong hold or token."""
    if isinstance(error, EventNotFound | Invalid | Malformed | BadRequest):
        return instant.render_error(error)
    return box_office.render_error(error)


routes = Dialect("book", tag="dialects 1 and 4: book", render_error=render_error)

_SCHEMA = {
    "anyOf": [
        {
            "title": "A hold (dialect 1)",
            "type": "object",
            "required": ["hold_id", "payment_token"],
            "properties": {
                "hold_id": {"type": "string", "format": "uuid"},
                "payment_token": {"type": "string"},
            },
        },
        {
            "title": "Seats of a show (dialect 4)",
            "type": "object",
            "required": ["show_id", "seat_count"],
            "properties": {
                "show_id": {"type": "integer"},
                "seat_count": {"type": "integer", "minimum": 1, "maximum": instant.MAX_INT},
            },
        },
    ]
}


@routes.post(
    "/book",
    policy=Permission.PUBLIC,
    direct=True,
    places_hold=True,
    response=box_office.BoxOfficeBookingOut | instant.InstantBookingOut,
    errors=[
        HoldNotFound,
        WrongToken,
        HoldExpired,
        HoldReleased,
        EventCancelled,
        BookingAlreadyCancelled,
        EventNotFound,
        AreaRequired,
        Forbidden,
    ],
    examples={
        "a hold": {"hold_id": "00000000-1c9b-8d4f-9b10-51c2d7e0a4b3", "payment_token": "hfh_7_…"},
        "seats of a show": {"show_id": 1, "seat_count": 2},
    },
    answers={
        200: {
            "message": "Booking CONFIRMED",
            "booking": {
                "id": 1,
                "show_id": 1,
                "seat_count": 2,
                "status": "CONFIRMED",
                "created_at": "2024-03-19T10:00:00Z",
            },
        }
    },
)
async def book(
    request: Request, body: Annotated[dict[str, Any], WithJsonSchema(_SCHEMA)]
) -> box_office.BoxOfficeBookingOut | instant.InstantBookingOut:
    """Book a hold with `hold_id` and `payment_token`. A repeat gets the same booking.

    With `show_id` and `seat_count`, book seats of a show immediately: `CONFIRMED` or `FAILED`. If the server has API
    keys, this needs a key with the scope `sell`.
    """
    if "hold_id" in body:
        return await box_office.confirm_hold(request, body["hold_id"], body.get("payment_token"))
    refusal = authorise(request.principal, Permission.SALES_WRITE)
    if refusal is not None:
        raise refusal
    try:
        seats = instant.BookInstantSeatsIn.model_validate(body)
    except ValidationError as failed:
        raise invalid_input(failed, body, annotation=instant.BookInstantSeatsIn) from None
    return await instant.book_seats(request, seats)
