"""Rights: what lets a request open an event, a hold or a booking.

Anyone lists and reads events that are not drafts, and places holds. With a hold's token, anyone acts on the hold and
its booking. Everything else needs a permission (`access/permissions.py`). In open mode a caller on this machine has
every permission. Even then, only its token opens a hold, or the session of the buyer who placed it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from holdfast.access.authorisation import authorise, whole_account_needed
from holdfast.access.permissions import Permission
from holdfast.access.principals import GUEST, Principal
from holdfast.api.request import Request
from holdfast.errors import (
    BookingNotFound,
    CredentialsRequired,
    EventNotFound,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
)
from holdfast.http.reply import Reply
from holdfast.ids import event_number_of
from holdfast.inventory.hold_tokens import hash_token
from holdfast.inventory.inventory import EventRef
from holdfast.inventory.rules.commands import STAFF, Authority
from holdfast.inventory.rules.event import Event, EventStatus, FullEvent

__all__ = [
    "at_visible",
    "booking_authority",
    "drafts_of",
    "hold_authority",
    "organisation_of",
    "own_number",
    "refuse_hidden",
    "visible_event",
    "visible_number",
]


def organisation_of(principal: Principal) -> int:
    """Return the organisation, for what concerns all of its events. Only guests and buyers have none.

    Raises Forbidden for a member who may see some of its events only.
    """
    if principal.organisation is None:
        raise CredentialsRequired
    if principal.events is not None:
        raise Forbidden(Forbidden.LIMITED)
    return principal.organisation


def sees_draft(principal: Principal, event: Event) -> bool:
    return authorise(principal, Permission.EVENTS_READ, event.organisation, event.number) is None


def refuse_hidden(principal: Principal, event: Event) -> None:
    """Raise EventNotFound for a draft that the caller may not see."""
    if event.status is EventStatus.DRAFT and not sees_draft(principal, event):
        raise EventNotFound


def drafts_of(principal: Principal) -> int | None:
    """Return the organisation all of whose drafts the caller may see."""
    sees_all = principal.events is None and Permission.EVENTS_READ in principal.permissions
    return principal.organisation if sees_all else None


async def visible_number(request: Request, event: EventRef) -> int:
    """Return the event's number. Raises EventNotFound, with the same work, for a draft that the caller may not see."""
    known = request.inventory.find_public(event)
    if known is not None:
        return known
    principal = request.principal
    if principal.events is not None:
        return await _number_for_limited(request, event, principal.events)
    return await request.inventory.resolve_visible(event, drafts_of=drafts_of(principal))


def at_visible(
    request: Request,
    event: EventRef,
    answer: Callable[[int], Awaitable[Reply]],
    *,
    missing: type[NotFound] = EventNotFound,
) -> Awaitable[Reply]:
    """Return the answer about an event's number: at once if the event is known, without a coroutine.

    Raises `missing` for a draft that the caller may not see, and for no event.
    """
    known = request.inventory.find_public(event)
    return _at_found(request, event, answer, missing) if known is None else answer(known)


async def _at_found(
    request: Request, event: EventRef, answer: Callable[[int], Awaitable[Reply]], missing: type[NotFound]
) -> Reply:
    try:
        number = await visible_number(request, event)
    except EventNotFound:
        raise missing from None
    return await answer(number)


async def _number_for_limited(request: Request, event: EventRef, seen: frozenset[int]) -> int:
    """Return the number for a member who may see some events only: those, with drafts, and what is public."""
    try:
        number = await request.inventory.resolve_own(event, request.principal.organisation)
    except EventNotFound:
        number = 0
    if number in seen:
        return number
    return await request.inventory.resolve_visible(event, drafts_of=None)


async def visible_event(request: Request, event: EventRef) -> FullEvent:
    """Return the event. Raises EventNotFound, also for a draft that the caller may not see."""
    found = await request.inventory.queries.get_event(await visible_number(request, event))
    refuse_hidden(request.principal, found)
    return found


async def own_number(request: Request, event: EventRef, permission: Permission | None = None) -> int:
    """Return the number of an event on which the caller has the permission; None: that of the route.

    Raises EventNotFound, with the same work, for an event of another organisation and for no event.
    """
    principal = request.principal
    number = await request.inventory.resolve_own(event, principal.organisation)
    refusal = authorise(principal, permission or request.permission, principal.organisation, number)
    if refusal is not None:
        raise refusal
    return number


def hold_authority(request: Request, in_body: str | None = None) -> Authority:
    """Return the hold's token as the authority, or the signed-in buyer.

    Raises CredentialsRequired without either, and ScopeTooNarrow for a buyer's narrowed token.
    """
    token = _token(request, in_body)
    if token is None:
        principal = request.principal
        if principal.buyer is not None:
            return Authority(buyer=principal.buyer)
        if principal.is_buyer:
            raise whole_account_needed()
        raise CredentialsRequired(CredentialsRequired.HOLD_NEEDED)
    return Authority(token_hash=hash_token(token))


async def booking_authority(
    request: Request, booking: UUID, permission: Permission, in_body: str | None = None
) -> Authority:
    """Return a given token, or else the caller's permission.

    Raises CredentialsRequired, Forbidden; BookingNotFound for the booking of another organisation.
    """
    principal = request.principal
    if _token(request, in_body) is not None or principal is GUEST or principal.is_buyer:
        return hold_authority(request, in_body)
    refusal = authorise(request.principal, permission)
    if refusal is not None:
        raise refusal
    number = event_number_of(booking)
    try:
        await own_number(request, 0 if number is None else number, permission)
    except EventNotFound:
        raise BookingNotFound from None
    return STAFF


def _token(request: Request, in_body: str | None) -> str | None:
    if in_body is None or request.hold_token is None or request.hold_token == in_body:
        return request.hold_token or in_body
    error = FieldError(pointer="/hold_token", code="not_allowed", detail=FieldError.TOKENS_DIFFER)
    raise InvalidInput(InvalidInput.TOKENS_DIFFER, errors=(error,))
