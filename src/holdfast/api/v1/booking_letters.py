"""Booking letters: what the buyer of a booking reads, sent again by staff."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.booking_mail import BookingMail
from holdfast.api.request import Request
from holdfast.api.v1.rights import own_number
from holdfast.api.values import BookingPath
from holdfast.errors import BookingNotFound, BuyerRequired, EventNotFound
from holdfast.http.routes import Routes
from holdfast.ids import event_number_of
from holdfast.inventory.rules.commands import STAFF

routes = Routes(tag="bookings")


class BookingLetterOut(BaseModel):
    """A mail to the buyer of a booking, which is sent within seconds."""

    to: str
    subject: str = Field(description="The mail confirms the booking, or says that it is cancelled.")


@routes.post(
    "/v1/bookings/{booking}/mail",
    policy=Permission.BOOKINGS_CANCEL,
    status=202,
    response=BookingLetterOut,
    errors=[BookingNotFound, BuyerRequired],
    answers={202: {"to": "ada@example.org", "subject": "Your booking: Concert"}},
)
async def mail_booking(request: Request, booking: BookingPath) -> dict[str, Any]:
    """Mail the booking to its buyer, once more. A repeat with the same Idempotency-Key sends nothing.

    It works without `HOLDFAST_BOOKING_MAIL`. Without a mail server the mail is kept in the mailbox.
    """
    number = event_number_of(booking)
    try:
        await own_number(request, 0 if number is None else number)
    except EventNotFound:
        raise BookingNotFound from None
    queries, scope = request.inventory.queries, request.retry_scope
    found = await queries.get_booking(booking, STAFF)
    letter = await BookingMail(request.delivery, request.access.users).send_again(
        found,
        await queries.get_event(found.event_number),
        queries,
        request=uuid4().hex if scope is None else scope.hex(),
    )
    return {"to": letter.to, "subject": letter.subject}
