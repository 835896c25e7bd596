"""Holds: placed by anyone, then read, extended and released with the hold's token, or by the signed-in buyer."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

from holdfast.access.permissions import Permission
from holdfast.api.answers import answer_command, retry_key
from holdfast.api.hold_limits import answer_hold
from holdfast.api.request import Request
from holdfast.api.v1.buyers import BUYER_EXAMPLE, NO_BUYER, reference_of
from holdfast.api.v1.hold_answers import HoldOut, PlacedHoldOut, hold_example, hold_json, placed_holds
from holdfast.api.v1.hold_bodies import ChangeMetadataIn, ExtendHoldIn, PlaceHoldIn, PresentTokenIn
from holdfast.api.v1.metadata import METADATA_EXAMPLE
from holdfast.api.v1.rights import at_visible, hold_authority
from holdfast.api.values import HoldPath
from holdfast.errors import (
    AreaRequired,
    AreaUnknown,
    BookingAlreadyCancelled,
    BuyerRequired,
    CredentialsRequired,
    DuplicateSeat,
    EventCancelled,
    EventNotFound,
    EventNotOnSale,
    HoldAlreadyConfirmed,
    HoldExpired,
    HoldNotFound,
    HoldReleased,
    IdempotencyKeyReused,
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
from holdfast.ids import event_number_of
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.rules.metadata import merged

routes = Routes(tag="holds")

LOCATION = "../v1/holds/"  # from `/v1/holds`; it is right from the root, too
EXAMPLE_TOKEN = "hfh_7_q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k"  # noqa: S105 - of no real hold


def _placed(hold: Hold) -> c.StoredAnswer:
    return c.StoredAnswer(status=201, body=placed_holds.encode(hold), token_for=hold.id)


def _rendered(hold: Hold) -> c.StoredAnswer:
    return c.StoredAnswer(status=200, body=encode(hold_json(hold)))


@routes.post(
    "/v1/holds",
    policy=Permission.PUBLIC,
    direct=True,
    places_hold=True,
    status=201,
    alike=True,
    response=PlacedHoldOut,
    errors=[
        EventNotFound,
        EventNotOnSale,
        SalesStopped,
        SeatTaken,
        SeatBlocked,
        SoldOut,
        NotTogether,
        DuplicateSeat,
        EventCancelled,
        SeatUnknown,
        AreaUnknown,
        AreaRequired,
        BuyerRequired,
        QuantityOverLimit,
        IdempotencyKeyReused,
    ],
    examples={
        "general admission": {"event": 7, "lines": [{"quantity": 4}], "ttl_seconds": 300},
        "named seats": {"event": 7, "lines": [{"seats": ["A-3-11", "A-3-12"]}]},
        "best available": {
            "event": 7,
            "lines": [{"best_available": 4, "category": "stalls"}],
            "allow_partial": False,
            "buyer": BUYER_EXAMPLE,
            "metadata": METADATA_EXAMPLE,
        },
    },
    answers={201: hold_example(hold_token=EXAMPLE_TOKEN)},
)
def place_hold(request: Request, body: PlaceHoldIn) -> Awaitable[Reply]:
    """Hold admissions for a limited time: all lines or nothing, unless partial fulfilment is allowed.

    Only this answer has the hold's token. With an Idempotency-Key, a repeat gets the same answer with the same token.
    """
    return at_visible(request, body.event, lambda number: _place(request, number, body))


def _place(request: Request, number: int, body: PlaceHoldIn) -> Awaitable[Reply]:
    hold_id = request.inventory.new_id(number)
    buyer = body.buyer or NO_BUYER
    command = c.PlaceHold(
        by=request.principal.id,
        key=None if request.idempotency_key is None else retry_key(request, _placed),
        hold_id=hold_id,
        lines=body.requested,
        token_hash=request.inventory.hold_tokens.hold_token_hash(hold_id),
        ttl_seconds=body.ttl_seconds,
        allow_partial=body.allow_partial,
        buyer=reference_of(request.principal, buyer),
        buyer_name=buyer.name,
        buyer_email=buyer.email,
        metadata=None if body.metadata is None else merged(None, body.metadata),
    )
    answer = answer_command if request.live_holds is None else answer_hold
    return answer(request, number, command, _placed, location=LOCATION)


@routes.get(
    "/v1/holds/{hold}",
    policy=Permission.PUBLIC,
    hold_token=True,
    response=HoldOut,
    errors=[HoldNotFound, CredentialsRequired],
    answers={200: hold_example()},
)
async def get_hold(request: Request, hold: HoldPath) -> dict[str, Any]:
    """Return a hold as it is now, with its token or as the signed-in buyer. A wrong token gets the 404 of no hold."""
    return hold_json(await request.inventory.queries.get_hold(hold, hold_authority(request)))


@routes.patch(
    "/v1/holds/{hold}",
    policy=Permission.PUBLIC,
    hold_token=True,
    response=HoldOut,
    errors=[
        HoldNotFound,
        CredentialsRequired,
        HoldAlreadyConfirmed,
        BookingAlreadyCancelled,
        HoldExpired,
        HoldReleased,
        EventCancelled,
    ],
    examples={"an order number": {"metadata": METADATA_EXAMPLE}},
    answers={200: hold_example()},
)
def change_hold(request: Request, hold: HoldPath, body: ChangeMetadataIn) -> Awaitable[Reply]:
    """Change the metadata of a live hold. Its booking begins with it."""
    command = c.ChangeHold(
        by=request.principal.id,
        hold_id=hold,
        authority=hold_authority(request, body.hold_token),
        metadata=body.metadata,
    )
    return _run(request, hold, command)


@routes.post(
    "/v1/holds/{hold}/extend",
    policy=Permission.PUBLIC,
    direct=True,
    hold_token=True,
    response=HoldOut,
    errors=[
        HoldNotFound,
        CredentialsRequired,
        HoldAlreadyConfirmed,
        BookingAlreadyCancelled,
        EventNotOnSale,
        SalesStopped,
        HoldExpired,
        HoldReleased,
        EventCancelled,
        IdempotencyKeyReused,
    ],
    examples={"five minutes from now": {"ttl_seconds": 300}},
    answers={200: hold_example()},
)
def extend_hold(request: Request, hold: HoldPath, body: ExtendHoldIn | None) -> Awaitable[Reply]:
    """Extend a live hold to `ttl_seconds` from now. It is never shortened, and ends within the event's max life.

    Like a new hold, it needs an event on sale. After the sale's end a live hold can still be confirmed.
    """
    command = c.ExtendHold(
        by=request.principal.id,
        key=retry_key(request, _rendered),
        hold_id=hold,
        authority=hold_authority(request, body.hold_token if body else None),
        ttl_seconds=body.ttl_seconds if body else None,
    )
    return _run(request, hold, command)


@routes.post(
    "/v1/holds/{hold}/release",
    policy=Permission.PUBLIC,
    direct=True,
    hold_token=True,
    response=HoldOut,
    errors=[
        HoldNotFound,
        CredentialsRequired,
        HoldAlreadyConfirmed,
        BookingAlreadyCancelled,
        HoldExpired,
        IdempotencyKeyReused,
    ],
    answers={200: hold_example(status="released")},
)
def release_hold(request: Request, hold: HoldPath, body: PresentTokenIn | None) -> Awaitable[Reply]:
    """Release a hold; its admissions are on sale at once. A repeat gets the same answer."""
    command = c.ReleaseHold(
        by=request.principal.id,
        key=retry_key(request, _rendered),
        hold_id=hold,
        authority=hold_authority(request, body.hold_token if body else None),
    )
    return _run(request, hold, command)


def _run(
    request: Request, hold: UUID, command: c.ExtendHold | c.ReleaseHold | c.ChangeHold
) -> Awaitable[Reply]:
    number = event_number_of(hold)
    if number is None:
        raise HoldNotFound

    def answer(number: int) -> Awaitable[Reply]:
        return answer_command(request, number, command, _rendered, missing=HoldNotFound)

    return at_visible(request, number, answer, missing=HoldNotFound)
