"""Rights: what lets a request open an event, a hold or a booking.

Anyone lists and reads events that are not drafts, and places holds. With a hold's token, anyone acts on the hold and
its booking. Everything else needs a permission (`access/permissions.py`). In open mode a caller on this machine has
every permission. Even then, only its token opens a hold.
"""

from __future__ import annotations

from collections.abc import Awaitable

from holdfast.access.authorisation import authorise
from holdfast.access.permissions import Permission
from holdfast.access.principals import GUEST, Principal
from holdfast.api.request import Request
from holdfast.errors import CredentialsRequired, EventNotFound, FieldError, InvalidInput
from holdfast.inventory.hold_tokens import hash_token
from holdfast.inventory.inventory import EventRef
from holdfast.inventory.rules.commands import STAFF, Authority
from holdfast.inventory.rules.event import EventStatus, FullEvent

__all__ = ["booking_authority", "hold_authority", "sees_drafts", "visible_event", "visible_number"]


def sees_drafts(principal: Principal) -> bool:
    return Permission.EVENTS_READ in principal.permissions


def visible_number(request: Request, event: EventRef) -> Awaitable[int]:
    """Return the event's number. Raises EventNotFound, with the same work, for a draft that the caller may not see."""
    return request.inventory.resolve(event, drafts=sees_drafts(request.principal))


async def visible_event(request: Request, event: EventRef) -> FullEvent:
    """Return the event. Raises EventNotFound, also for a draft that the caller may not see."""
    found = await request.inventory.queries.get_event(await visible_number(request, event))
    if found.status is EventStatus.DRAFT and not sees_drafts(request.principal):
        raise EventNotFound
    return found


def hold_authority(request: Request, in_body: str | None = None) -> Authority:
    """Return the hold's token as the only authority, for any caller. Raises CredentialsRequired without one."""
    token = _token(request, in_body)
    if token is None:
        raise CredentialsRequired(CredentialsRequired.HOLD_NEEDED)
    return Authority(token_hash=hash_token(token))


def booking_authority(request: Request, permission: Permission, in_body: str | None = None) -> Authority:
    """Return a given token, or else the caller's permission. Raises CredentialsRequired, Forbidden."""
    if _token(request, in_body) is not None or request.principal is GUEST:
        return hold_authority(request, in_body)
    refusal = authorise(request.principal, permission)
    if refusal is not None:
        raise refusal
    return STAFF


def _token(request: Request, in_body: str | None) -> str | None:
    if in_body is None or request.hold_token is None or request.hold_token == in_body:
        return request.hold_token or in_body
    error = FieldError(pointer="/hold_token", code="not_allowed", detail=FieldError.TOKENS_DIFFER)
    raise InvalidInput(InvalidInput.TOKENS_DIFFER, errors=(error,))
