"""Event holds: the holds of an event for its staff. They need permissions, but no token."""

from __future__ import annotations

from typing import Any, Literal

from holdfast.access.permissions import Permission
from holdfast.api.answers import answer_command, retry_key
from holdfast.api.request import Request
from holdfast.api.v1.buyers import Reference, refuse_search, seen_by
from holdfast.api.v1.hold_answers import HoldOut, hold_example, hold_json
from holdfast.api.v1.paging import Page, page, position_id
from holdfast.api.v1.rights import own_number
from holdfast.api.values import EventPath, HoldPath
from holdfast.errors import (
    BookingAlreadyCancelled,
    EventNotFound,
    HoldAlreadyConfirmed,
    HoldExpired,
    HoldNotFound,
    IdempotencyKeyReused,
)
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, Limit
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.hold import Hold

routes = Routes(tag="holds")


def _rendered(hold: Hold) -> c.StoredAnswer:
    return c.StoredAnswer(status=200, body=encode(hold_json(hold)))


@routes.get(
    "/v1/events/{event}/holds",
    policy=Permission.EVENTS_READ,
    response=Page[HoldOut],
    errors=[EventNotFound],
    answers={200: {"items": [hold_example()], "next": None}},
)
async def list_holds(
    request: Request,
    event: EventPath,
    *,
    status: Literal["active", "confirmed", "released", "expired"] | None = None,
    buyer: Reference | None = None,
    limit: Limit = 50,
    cursor: Cursor | None = None,
) -> dict[str, Any]:
    """Return the event's holds, newest first. `status` is a hold's current state, expiry included."""
    refuse_search(request.principal, buyer)
    number = await own_number(request, event)
    filters = {"event": number, "status": status, "buyer": buyer}
    found = await request.inventory.queries.list_holds(
        number,
        status=status,
        buyer=buyer,
        before=position_id(request, cursor, filters),
        limit=limit + 1,
    )
    return page(
        request,
        found,
        limit=limit,
        filters=filters,
        position=lambda hold: hold.id,
        render=lambda hold: seen_by(request.principal, hold_json(hold)),
    )


@routes.post(
    "/v1/events/{event}/holds/{hold}/release",
    policy=Permission.SALES_WRITE,
    response=HoldOut,
    errors=[
        EventNotFound,
        HoldNotFound,
        HoldAlreadyConfirmed,
        BookingAlreadyCancelled,
        HoldExpired,
        IdempotencyKeyReused,
    ],
    answers={200: hold_example(status="released")},
)
async def release_hold_as_staff(request: Request, event: EventPath, hold: HoldPath) -> Reply:
    """Release a buyer's hold without its token."""
    number = await own_number(request, event)
    command = c.ReleaseHold(
        by=request.principal.id, key=retry_key(request, _rendered), hold_id=hold, authority=c.STAFF
    )
    return await answer_command(request, number, command, _rendered)
