"""Bookings: confirm a hold, and read, list, exchange and cancel bookings.

A hold's token confirms it, and opens its booking. Without a token, `bookings:read` reads and lists bookings, and
`bookings:cancel` changes, exchanges and cancels them.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from holdfast.access.permissions import Permission
from holdfast.api.accepted_language import mail_language
from holdfast.api.answers import answer_command, retry_key
from holdfast.api.request import Request
from holdfast.api.v1.booking_bodies import CancelBookingIn, ExchangeBookingIn
from holdfast.api.v1.buyers import NO_BUYER, Buyer, refuse_search, seen_by
from holdfast.api.v1.hold_answers import BookingOut, booking_example, booking_json, bookings
from holdfast.api.v1.hold_bodies import ChangeMetadataIn, HoldToken
from holdfast.api.v1.holds import EXAMPLE_TOKEN
from holdfast.api.v1.metadata import METADATA_EXAMPLE, MetadataIn, MetadataQuery
from holdfast.api.v1.paging import Page, page, position_id
from holdfast.api.v1.rights import (
    at_visible,
    booking_authority,
    hold_authority,
    organisation_of,
    own_number,
)
from holdfast.api.values import BookingPath, BookingReference, EventRef, ShortText
from holdfast.errors import (
    AreaRequired,
    AreaUnknown,
    BookingAlreadyCancelled,
    BookingNotFound,
    CredentialsRequired,
    DuplicateSeat,
    EventCancelled,
    EventNotFound,
    EventNotOnSale,
    Forbidden,
    HoldExpired,
    HoldNotFound,
    HoldReleased,
    IdempotencyKeyReused,
    NotInBooking,
    NotTogether,
    QuantityOverLimit,
    SalesStopped,
    SeatBlocked,
    SeatTaken,
    SeatUnknown,
    SoldOut,
)
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, Id, In, Limit
from holdfast.ids import event_number_of
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking

routes = Routes(tag="bookings")

Searched = Annotated[
    ShortText,
    Field(description="A reference, a seat of the event, or words of the buyer.", examples=["ada love"]),
]

LOCATION = "../v1/bookings/"  # from `/v1/bookings`; it is right from the root, too


class ConfirmHoldIn(In):
    """The hold that becomes a booking."""

    hold: Id
    hold_token: HoldToken | None = None
    buyer: Buyer | None = Field(
        None,
        description="Replaces what it names of the hold's buyer. A different `reference` is refused.",
    )
    metadata: MetadataIn | None = None


def _confirmed(booking: Booking) -> c.StoredAnswer:
    return c.StoredAnswer(status=201 if booking.created else 200, body=bookings.encode(booking))


def _rendered(booking: Booking) -> c.StoredAnswer:
    return c.StoredAnswer(status=200, body=encode(booking_json(booking)))


@routes.post(
    "/v1/bookings",
    policy=Permission.PUBLIC,
    direct=True,
    status=201,
    hold_token=True,
    response=BookingOut,
    errors=[
        HoldNotFound,
        CredentialsRequired,
        BookingAlreadyCancelled,
        HoldExpired,
        HoldReleased,
        EventCancelled,
        IdempotencyKeyReused,
    ],
    examples={
        "a hold": {
            "hold": "00000000-0706-8bbc-9b3a-8e0cbe6e3a5d",
            "hold_token": EXAMPLE_TOKEN,
            "buyer": {"name": "Ada Lovelace", "email": "ada@example.org"},
            "metadata": METADATA_EXAMPLE,
        }
    },
    answers={201: booking_example(), 200: booking_example()},
)
def confirm_hold(request: Request, body: ConfirmHoldIn) -> Awaitable[Reply]:
    """Confirm a live hold as a booking. A repeat with the same token gets 200 and the same booking.

    Its mails are in the first language of `Accept-Language` that the server speaks. The booking keeps another one than
    the server's own as `mail_language` in its metadata; an existing one stays.
    """
    number = event_number_of(body.hold)
    authority = hold_authority(request, body.hold_token)
    if number is None:
        raise HoldNotFound
    buyer = body.buyer or NO_BUYER
    command = c.ConfirmHold(
        by=request.principal.id,
        key=retry_key(request, _confirmed),
        hold_id=body.hold,
        booking_id=request.inventory.new_id(number),
        authority=authority,
        buyer=buyer.reference,
        buyer_name=buyer.name,
        buyer_email=buyer.email,
        metadata=body.metadata,
        language=mail_language(request),
    )

    def answer(number: int) -> Awaitable[Reply]:
        return answer_command(request, number, command, _confirmed, location=LOCATION, missing=HoldNotFound)

    return at_visible(request, number, answer, missing=HoldNotFound)


@routes.get(
    "/v1/bookings",
    policy=Permission.BOOKINGS_READ,
    response=Page[BookingOut],
    errors=[EventNotFound],
    answers={200: {"items": [booking_example()], "next": None}},
)
async def list_bookings(
    request: Request,
    *,
    event: EventRef | None = None,
    status: Literal["confirmed", "cancelled"] | None = None,
    reference: BookingReference | None = None,
    q: Searched | None = None,
    metadata: MetadataQuery | None = None,
    limit: Limit = 50,
    cursor: Cursor | None = None,
) -> dict[str, Any]:
    """Return bookings, newest first. Without `event`, those of the newest event come first.

    `q` finds bookings by what a person knows of them: a reference, a seat of the `event`, or words of the buyer's name,
    address or reference. Words that more than 1,000 bookings have find only some of them, so name more words.
    """
    refuse_search(request.principal, metadata, q)
    number = None if event is None else await own_number(request, event)
    filters = {"event": number, "status": status, "reference": reference, "q": q, "metadata": metadata}
    principal = request.principal
    organisation = organisation_of(principal) if number is None else principal.organisation
    before, queries = position_id(request, cursor, filters), request.inventory.queries
    if q is not None:
        found = await request.inventory.booking_search.find(
            q,
            number,
            organisation=organisation,
            status=status,
            metadata=metadata,
            before=before,
            limit=limit + 1,
        )
        found = [booking for booking in found if reference in (None, booking.reference)]
    elif reference is None:
        found = await queries.list_bookings(
            number,
            organisation=organisation,
            status=status,
            metadata=metadata,
            before=before,
            limit=limit + 1,
        )
    else:
        found = await queries.find_bookings(
            reference,
            number=number,
            organisation=organisation,
            status=status,
            metadata=metadata,
            before=before,
        )
    return page(
        request,
        found,
        limit=limit,
        filters=filters,
        position=lambda booking: booking.id,
        render=lambda booking: seen_by(principal, booking_json(booking)),
    )


@routes.get(
    "/v1/bookings/{booking}",
    policy=Permission.PUBLIC,
    hold_token=True,
    response=BookingOut,
    errors=[BookingNotFound, CredentialsRequired, Forbidden],
    answers={200: booking_example()},
)
async def get_booking(request: Request, booking: BookingPath) -> dict[str, Any]:
    """Return a booking, with its hold's token or as staff. A wrong token gets the 404 of a missing booking."""
    authority = await booking_authority(request, booking, Permission.BOOKINGS_READ)
    found = booking_json(await request.inventory.queries.get_booking(booking, authority))
    return seen_by(request.principal, found) if authority == c.STAFF else found


@routes.patch(
    "/v1/bookings/{booking}",
    policy=Permission.PUBLIC,
    hold_token=True,
    response=BookingOut,
    errors=[BookingNotFound, CredentialsRequired, Forbidden],
    examples={"an order number": {"metadata": METADATA_EXAMPLE}},
    answers={200: booking_example()},
)
async def change_booking(request: Request, booking: BookingPath, body: ChangeMetadataIn) -> Reply:
    """Change the metadata of a booking, cancelled or not."""
    command = c.ChangeBooking(
        by=request.principal.id,
        booking_id=booking,
        authority=await booking_authority(request, booking, Permission.BOOKINGS_CANCEL, body.hold_token),
        metadata=body.metadata,
    )
    return await _run(request, booking, command)


@routes.post(
    "/v1/bookings/{booking}/cancel",
    policy=Permission.PUBLIC,
    hold_token=True,
    response=BookingOut,
    errors=[
        BookingNotFound,
        CredentialsRequired,
        Forbidden,
        IdempotencyKeyReused,
        NotInBooking,
        DuplicateSeat,
        AreaUnknown,
        AreaRequired,
    ],
    examples={"all of it": {}, "two seats of it": {"lines": [{"seats": ["A-1-1", "A-1-2"]}]}},
    answers={200: booking_example(status="cancelled", cancelled_at="2026-11-05T19:00:00Z")},
)
async def cancel_booking(request: Request, booking: BookingPath, body: CancelBookingIn | None) -> Reply:
    """Cancel a booking, or only its `lines`; the admissions are on sale at once.

    What is left stays booked, and its tickets keep their codes. The tickets of a cancelled part are void. A cancel of
    all that is left cancels the booking. A repeated cancel of a whole booking gets the same answer. A repeat with a
    quantity cancels more, so send an `Idempotency-Key` with it.
    """
    authority = await booking_authority(
        request, booking, Permission.BOOKINGS_CANCEL, body.hold_token if body else None
    )
    by, key = request.principal.id, retry_key(request, _rendered)
    command: _BookingCommand
    if body is None or body.lines is None:
        command = c.CancelBooking(by=by, key=key, booking_id=booking, authority=authority)
    else:
        lines = tuple(line.line() for line in body.lines)
        command = c.CancelAdmissions(by=by, key=key, booking_id=booking, authority=authority, lines=lines)
    return await _run(request, booking, command)


@routes.post(
    "/v1/bookings/{booking}/exchange",
    policy=Permission.PUBLIC,
    hold_token=True,
    response=BookingOut,
    errors=[
        BookingNotFound,
        CredentialsRequired,
        Forbidden,
        BookingAlreadyCancelled,
        EventCancelled,
        EventNotOnSale,
        SalesStopped,
        NotInBooking,
        SeatTaken,
        SeatBlocked,
        SoldOut,
        NotTogether,
        DuplicateSeat,
        SeatUnknown,
        AreaUnknown,
        AreaRequired,
        QuantityOverLimit,
        IdempotencyKeyReused,
    ],
    examples={
        "two seats for two others": {
            "returns": [{"seats": ["A-1-1", "A-1-2"]}],
            "lines": [{"seats": ["B-4-7", "B-4-8"]}],
        },
        "the best seats for all that it has": {"lines": [{"best_available": 4, "category": "stalls"}]},
    },
    answers={200: booking_example(lines=[{"seats": ["B-4-7", "B-4-8"], "category": "stalls"}], quantity=2)},
)
async def exchange_booking(request: Request, booking: BookingPath, body: ExchangeBookingIn) -> Reply:
    """Exchange admissions of a booking for as many others of its event, all of them or none.

    The booking returns the old ones exactly when it has the new ones. A refusal changes nothing. A seat on both sides
    stays, and so does its ticket. New admissions get new tickets, and those of the returned ones are void. With the
    hold's token or as its buyer, the event must be on sale. Staff exchange also outside its sale.
    """
    command = c.ExchangeAdmissions(
        by=request.principal.id,
        key=retry_key(request, _rendered),
        booking_id=booking,
        authority=await booking_authority(request, booking, Permission.BOOKINGS_CANCEL, body.hold_token),
        lines=tuple(line.line() for line in body.lines),
        returns=tuple(line.line() for line in body.returns or ()),
    )
    return await _run(request, booking, command)


_BookingCommand = c.CancelBooking | c.CancelAdmissions | c.ChangeBooking | c.ExchangeAdmissions


async def _run(request: Request, booking: UUID, command: _BookingCommand) -> Reply:
    number = event_number_of(booking)
    if number is None:
        raise BookingNotFound
    return await answer_command(request, number, command, _rendered, missing=BookingNotFound)
