"""Booking links: find a booking again by its reference and the buyer's mail address."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.accepted_language import mail_language
from holdfast.api.attempts import count_attempt, one_attempt
from holdfast.api.request import Request
from holdfast.api.speaking_routes import SpeakingRoutes
from holdfast.api.v1.hold_answers import BookingOut, booking_example, booking_json
from holdfast.api.v1.holds import EXAMPLE_TOKEN
from holdfast.api.values import BookingReference, Email
from holdfast.errors import LinkNotValid, TooManyRequests
from holdfast.http.routes import Routes
from holdfast.http.values import In
from holdfast.identity import identity_of

__all__ = ["BookingLinkIn", "request_booking_link", "routes"]

routes: Routes = SpeakingRoutes(tag="bookings")

_SENT = {"status": "sent"}
_LINK_ATTEMPT = "booking-link"
_ATTEMPT = "booking"
"""The kind of guess: whether a booking belongs to an address."""


class BookingLinkIn(In):
    """What a buyer knows of a booking: its reference, and the address that it was booked with."""

    reference: BookingReference
    email: Email


class UseBookingLinkIn(In):
    """The token of a link in a mail."""

    token: str = Field(min_length=1, max_length=200, description="What follows `#` in the link.")


class BookingLinkSentOut(BaseModel):
    """A mail is on its way, if the booking has this address. Nobody else learns whether it has."""

    status: Literal["sent"]


class OpenedBookingOut(BookingOut):
    hold_token: str = Field(description="Opens the booking and its tickets from now on.")


@routes.post(
    "/v1/booking-links",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=202,
    response=BookingLinkSentOut,
    errors=[TooManyRequests],
    examples={"a booking": {"reference": "02VW-BM8G", "email": "ada@example.org"}},
    answers={202: _SENT},
)
async def request_booking_link(request: Request, body: BookingLinkIn) -> dict[str, str]:
    """Mail a link to the buyer, if the booking has this address. A wrong guess gets the same answer."""
    await count_attempt(request, _ATTEMPT, account=identity_of(body.email))
    await request.booking_links.request(body.reference, body.email, language=mail_language(request))
    return _SENT


@routes.post(
    "/v1/booking-links/use",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=OpenedBookingOut,
    errors=[LinkNotValid, TooManyRequests],
    examples={"the link's token": {"token": "Zm9yIHRoZSBwZXJzb24gd2hvIHJlYWRzIHRoaXMgbWFpbA"}},
    answers={200: {**booking_example(), "hold_token": EXAMPLE_TOKEN}},
)
async def use_booking_link(request: Request, body: UseBookingLinkIn) -> dict[str, Any]:
    """Return the booking of a link, with the token that opens it. A link works once, within 15 minutes."""
    async with one_attempt(request, _LINK_ATTEMPT, account=body.token):
        booking, hold_token = await request.booking_links.use(body.token)
    return {**booking_json(booking), "hold_token": hold_token}
