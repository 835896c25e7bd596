"""Calls of a sale: place, extend and release a hold, confirm it as a booking, and cancel the booking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from holdfast_client.calls import (
    BookingRef,
    Call,
    EventRef,
    HoldRef,
    Token,
    get,
    given,
    one,
    one_with_token,
    page,
    part_id,
    patch,
    path,
    post,
    sendable,
    spoken,
    token_of,
)
from holdfast_client.errors import Unsendable
from holdfast_client.models import Booking, BookingLetter, Buyer, Hold, Page


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity of an area. `area` may be omitted if the event has only one."""

    quantity: int
    area: str | None = None


@dataclass(frozen=True, slots=True, init=False)
class Named:
    """Seats by label."""

    seats: tuple[str, ...]

    def __init__(self, *seats: str) -> None:
        object.__setattr__(self, "seats", seats)


@dataclass(frozen=True, slots=True)
class BestAvailable:
    """A quantity of seats that the server chooses; `together` refuses seats that are not side by side.

    `accessible` asks for a wheelchair place among them. Without it the server gives none.
    """

    quantity: int
    category: str | None = None
    together: bool = True
    accessible: bool = False


Wanted: TypeAlias = Quantity | Named | BestAvailable


def place_hold(
    event: EventRef,
    *lines: Wanted,
    ttl_seconds: int | None = None,
    allow_partial: bool | None = None,
    buyer: Buyer | str | None = None,
    metadata: Mapping[str, str] | None = None,
    buyer_address: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Hold]:
    """Hold all lines or nothing; with `allow_partial`, hold what is available.

    `buyer_address`: the address that the buyer calls from, so that the server's limits bind the buyer and not the key.

    Raises: SeatTaken, SeatBlocked, SoldOut, NotTogether, EventNotOnSale, SalesStopped, EventCancelled, Invalid,
    TryAgain.
    """
    body = given(
        event=part_id(event),
        lines=[_line(line) for line in lines],
        ttl_seconds=ttl_seconds,
        allow_partial=allow_partial,
        buyer=_buyer(buyer),
        metadata=metadata,
    )
    call = post("/v1/holds", one(Hold), body=body, key=idempotency_key)
    if buyer_address is None:
        return call
    address = sendable(buyer_address, "The buyer's address")
    return replace(call, headers={**call.headers, "buyer-address": address})


def get_hold(hold: HoldRef, *, token: Token | None = None) -> Call[Hold]:
    """Read a hold. A hold from `place_hold` brings its own token, here and below, and so does what is returned."""
    token = token_of(hold, token)
    return get(path("holds", hold), one_with_token(Hold, token), token=token)


def change_hold(
    hold: HoldRef, metadata: Mapping[str, str | None], *, token: Token | None = None
) -> Call[Hold]:
    """Change the metadata of a live hold: keys are added to those before, and None removes a key.

    Raises: HoldExpired, HoldReleased, HoldAlreadyConfirmed.
    """
    token = token_of(hold, token)
    return patch(
        path("holds", hold),
        one_with_token(Hold, token),
        body={"metadata": metadata},
        token=token,
        repeatable=True,
    )


def extend_hold(
    hold: HoldRef,
    *,
    token: Token | None = None,
    ttl_seconds: int | None = None,
    idempotency_key: str | None = None,
) -> Call[Hold]:
    """Extend a live hold to `ttl_seconds` from now.

    Raises: HoldExpired, HoldReleased, HoldAlreadyConfirmed.
    """
    token = token_of(hold, token)
    return post(
        path("holds", hold, "extend"),
        one_with_token(Hold, token),
        body=given(ttl_seconds=ttl_seconds),
        token=token,
        key=idempotency_key,
    )


def release_hold(
    hold: HoldRef, *, token: Token | None = None, idempotency_key: str | None = None
) -> Call[Hold]:
    """Release a hold. Raises: HoldExpired, HoldAlreadyConfirmed."""
    token = token_of(hold, token)
    return post(path("holds", hold, "release"), one_with_token(Hold, token), token=token, key=idempotency_key)


def list_holds(
    event: EventRef,
    *,
    status: str | None = None,
    buyer: Buyer | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Hold]]:
    """List an event's holds, one page at a time (staff). `buyer` is a reference, or a buyer who has one."""
    if isinstance(buyer, Buyer):
        if buyer.reference is None:
            raise Unsendable("The buyer has no `reference`, by which holds are listed.")
        buyer = buyer.reference
    query = {"status": status, "buyer": buyer, "limit": limit, "cursor": cursor}
    return get(path("events", event, "holds"), page(Hold), query=query)


def release_hold_as_staff(
    event: EventRef, hold: HoldRef, *, idempotency_key: str | None = None
) -> Call[Hold]:
    """Release a buyer's hold without its token (staff)."""
    kept = one_with_token(Hold, token_of(hold, None))
    return post(path("events", event, "holds", hold, "release"), kept, key=idempotency_key)


def confirm_hold(
    hold: HoldRef,
    *,
    token: Token | None = None,
    buyer: Buyer | str | None = None,
    metadata: Mapping[str, str | None] | None = None,
    language: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Booking]:
    """Confirm a hold. A repeated confirm returns the same booking.

    Without `buyer` the booking keeps the hold's. A name or an e-mail address replaces it.
    `metadata` goes on top of the hold's. `language`, such as "de", is that of the mails to the buyer.

    Raises: HoldExpired, HoldReleased, HoldNotFound, EventCancelled, BookingAlreadyCancelled, TryAgain.
    """
    token = token_of(hold, token)
    body: dict[str, Any] = given(hold=part_id(hold), hold_token=token, buyer=_buyer(buyer), metadata=metadata)
    return post(
        "/v1/bookings",
        one_with_token(Booking, token),
        body=body,
        key=idempotency_key,
        headers=spoken(language),
    )


def get_booking(booking: BookingRef, *, token: Token | None = None) -> Call[Booking]:
    """Read a booking with its hold's token, or as staff. A booking from `confirm_hold` brings the token."""
    token = token_of(booking, token)
    return get(path("bookings", booking), one_with_token(Booking, token), token=token)


def request_booking_link(
    reference: str, email: str, *, language: str | None = None, idempotency_key: str | None = None
) -> Call[None]:
    """Have a link to a booking mailed to its buyer, in a language. A wrong guess gets the same answer."""
    body = {"reference": reference, "email": email}
    return post(
        "/v1/booking-links",
        lambda _answer: None,
        body=body,
        key=idempotency_key,
        headers=spoken(language),
    )


def use_booking_link(token: str, *, idempotency_key: str | None = None) -> Call[Booking]:
    """Return the booking of a link in a mail, with the token that opens it. A link works once.

    Raises: LinkNotValid.
    """
    return post("/v1/booking-links/use", one(Booking), body={"token": token}, key=idempotency_key)


def list_bookings(
    *,
    event: EventRef | None = None,
    status: str | None = None,
    reference: str | None = None,
    q: str | None = None,
    metadata: Mapping[str, str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Booking]]:
    """List bookings, one page at a time (staff).

    `q` finds by a reference, by a seat of the event, or by the beginnings of the buyer's name, address or reference.
    """
    query = {
        "event": None if event is None else part_id(event),
        "status": status,
        "reference": reference,
        "q": q,
        "metadata": metadata,
        "limit": limit,
        "cursor": cursor,
    }
    return get("/v1/bookings", page(Booking), query=query)


def change_booking(
    booking: BookingRef, metadata: Mapping[str, str | None], *, token: Token | None = None
) -> Call[Booking]:
    """Change the metadata of a booking: keys are added to those before, and None removes a key."""
    token = token_of(booking, token)
    return patch(
        path("bookings", booking),
        one_with_token(Booking, token),
        body={"metadata": metadata},
        token=token,
        repeatable=True,
    )


def cancel_booking(
    booking: BookingRef,
    *lines: Named | Quantity,
    token: Token | None = None,
    idempotency_key: str | None = None,
) -> Call[Booking]:
    """Cancel a booking, or only these lines of it; the admissions are for sale again.

    A cancel of the whole booking returns the same answer again.

    Raises: NotInBooking.
    """
    token = token_of(booking, token)
    return post(
        path("bookings", booking, "cancel"),
        one_with_token(Booking, token),
        body={"lines": [_line(line) for line in lines]} if lines else None,
        token=token,
        key=idempotency_key,
    )


def exchange_booking(
    booking: BookingRef,
    *lines: Wanted,
    returns: Sequence[Named | Quantity] = (),
    token: Token | None = None,
    idempotency_key: str | None = None,
) -> Call[Booking]:
    """Exchange admissions of a booking for as many others, all of them or none.

    `returns`: what the booking gives back. Without it, that is all that it has.

    Raises: NotInBooking, SeatTaken, SeatBlocked, SoldOut, NotTogether, BookingAlreadyCancelled, EventNotOnSale,
    SalesStopped, EventCancelled, Invalid, TryAgain.
    """
    token = token_of(booking, token)
    body = {"lines": [_line(line) for line in lines], "returns": [_line(line) for line in returns] or None}
    return post(
        path("bookings", booking, "exchange"),
        one_with_token(Booking, token),
        body=given(**body),
        token=token,
        key=idempotency_key,
    )


def transfer_booking(
    booking: BookingRef,
    name: str,
    email: str,
    *,
    language: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Booking]:
    """Give a booking to another person (staff). Its tickets get other codes, and what opened it opens it no more.

    `language`: of the mails about it from now on.

    Raises: BookingAlreadyCancelled, EventCancelled, Invalid.
    """
    return post(
        path("bookings", booking, "transfer"),
        one(Booking),
        body=given(buyer={"name": name, "email": email}, language=language),
        key=idempotency_key,
    )


def mail_booking(booking: BookingRef, *, idempotency_key: str | None = None) -> Call[BookingLetter]:
    """Mail a booking to its buyer once more: its confirmation, or that it is cancelled (staff).

    Raises: Invalid if the booking has no mail address.
    """
    return post(path("bookings", booking, "mail"), one(BookingLetter), key=idempotency_key)


def _buyer(buyer: Buyer | str | None) -> dict[str, Any] | str | None:
    if isinstance(buyer, Buyer):
        return given(reference=buyer.reference, name=buyer.name, email=buyer.email) or None
    return buyer


def _line(line: Wanted) -> dict[str, Any]:
    match line:
        case Quantity():
            return given(quantity=line.quantity, area=line.area)
        case Named():
            return {"seats": list(line.seats)}
        case BestAvailable():
            return given(
                best_available=line.quantity,
                category=line.category,
                together=line.together,
                accessible=line.accessible or None,
            )
        case _:
            raise Unsendable("A line of a hold must be a Quantity, a Named or a BestAvailable.")
