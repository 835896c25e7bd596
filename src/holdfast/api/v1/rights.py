"""Rights: what lets a request open an event, a hold or a booking.

Anyone lists and reads events that are not drafts, and places holds. With a hold's token, anyone acts on the hold and
its booking. Everything else needs a permission (`access/permissions.py`). In open mode a caller on this machine has
every permission. Even then, only its token opens a hold.
"""

from __future__ import annotations

from collections.abc import Awaitable
from uuid import UUID

from holdfast.access.authorisation import authorise
from holdfast.access.permissions import Permission
from holdfast.access.principals import GUEST, Principal
from holdfast.api.request import Request
from holdfast.errors import BookingNotFound, CredentialsRequired, EventNotFound, FieldError, InvalidInput
from holdfast.ids import event_number_of
from holdfast.inventory.hold_tokens import hash_token
from holdfast.inventory.inventory import EventRef
from holdfast.inventory.rules.commands import STAFF, Authority
from holdfast.inventory.rules.event import Event, EventStatus, FullEvent

__all__ = [
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
    """Return the organisation that the caller acts for. Only guests and buyers have none."""
    if principal.organisation is None:
        raise CredentialsRequired
    return principal.organisation


def sees_draft(principal: Principal, event: Event) -> bool:
    return authorise(principal, Permission.EVENTS_READ, event.organisation, event.number) is None


def refuse_hidden(principal: Principal, event: Event) -> None:
    """Raise EventNotFound for a draft that the caller may not see."""
    if event.status is EventStatus.DRAFT and not sees_draft(principal, event):
        raise EventNotFound


def drafts_of(principal: Principal) -> int | None:
    """Return the organisation whose drafts the caller may see."""
    return principal.organisation if Permission.EVENTS_READ in principal.permissions else None


def visible_number(request: Request, event: EventRef) -> Awaitable[int]:
    """Return the event's number. Raises EventNotFound, with the same work, for a draft that the caller may not see."""
    return request.inventory.resolve_visible(event, drafts_of=drafts_of(request.principal))


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
    """Return the hold's token as the only authority, for any caller. Raises CredentialsRequired without one."""
    token = _token(request, in_body)
    if token is None:
        raise CredentialsRequired(CredentialsRequired.HOLD_NEEDED)
    return Authority(token_hash=hash_token(token))


async def booking_authority(
    request: Request, booking: UUID, permission: Permission, in_body: str | None = None
) -> Authority:
    """Return a given token, or else the caller's permission.

    Raises CredentialsRequired, Forbidden; BookingNotFound for the booking of another organisation.
    """
    if _token(request, in_body) is not None or request.principal is GUEST:
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
