"""Booking transfers: staff give a booking to another person."""

from __future__ import annotations

from pydantic import Field

from holdfast.access.permissions import Permission
from holdfast.api.answers import answer_command, retry_key
from holdfast.api.request import Request
from holdfast.api.v1.hold_answers import BookingOut, booking_example, booking_json
from holdfast.api.v1.rights import own_number
from holdfast.api.values import BookingPath, Email, Name, SpokenLanguage
from holdfast.errors import (
    BookingAlreadyCancelled,
    BookingNotFound,
    EventCancelled,
    EventNotFound,
    IdempotencyKeyReused,
)
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import In
from holdfast.ids import event_number_of
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.commands import STAFF

__all__ = ["TransferBookingIn", "routes", "transfer_booking"]

routes = Routes(tag="bookings")


class NewBuyerIn(In):
    """Whose booking it is from now on."""

    name: Name
    email: Email


class TransferBookingIn(In):
    """The other person, and the language in which they read mail."""

    buyer: NewBuyerIn
    language: SpokenLanguage | None = Field(
        None, description="The language of mails about the booking from now on. Without it: as before."
    )


@routes.post(
    "/v1/bookings/{booking}/transfer",
    policy=Permission.BOOKINGS_CANCEL,
    response=BookingOut,
    errors=[BookingNotFound, BookingAlreadyCancelled, EventCancelled, IdempotencyKeyReused],
    examples={"a friend": {"buyer": {"name": "Mary Somerville", "email": "mary@example.org"}}},
    answers={
        200: booking_example(
            buyer={"reference": "customer-81", "name": "Mary Somerville", "email": "mary@example.org"}
        )
    },
)
async def transfer_booking(request: Request, booking: BookingPath, body: TransferBookingIn) -> Reply:
    """Give a booking to another person. What is sold does not change.

    All its tickets get other codes at once, and the hold's token and the account of before open it no more. With
    `HOLDFAST_BOOKING_MAIL` the new person is mailed the tickets, and the person of before that the booking has gone.
    `max_per_buyer` still counts it for its `reference`. A booking that the person already has stays as it is.
    """
    number = event_number_of(booking)
    try:
        number = await own_number(request, 0 if number is None else number)
    except EventNotFound:
        raise BookingNotFound from None
    command = c.TransferBooking(
        by=request.principal.id,
        key=retry_key(request, _transferred),
        booking_id=booking,
        authority=STAFF,
        name=body.buyer.name,
        email=body.buyer.email,
        token_hash_of=request.inventory.hold_tokens.hold_token_hash,
        language=body.language,
    )
    return await answer_command(request, number, command, _transferred, missing=BookingNotFound)


def _transferred(booking: Booking) -> c.StoredAnswer:
    return c.StoredAnswer(status=200, body=encode(booking_json(booking)))
