"""Users of dialects 2 and 3: a signed-in account may call for itself what otherwise needs `sales:write`."""

from __future__ import annotations

from holdfast.api.request import Request
from holdfast.api.v1.rights import own_number, visible_number
from holdfast.api.values import EventRef
from holdfast.errors import Forbidden

__all__ = ["acts_for_itself", "refuse_other_user", "sold_number"]


def acts_for_itself(request: Request) -> bool:
    """Return whether a signed-in account calls without the permission of the route."""
    return request.permission not in request.principal.permissions


def refuse_other_user(request: Request, user_id: str) -> None:
    """Raise Forbidden if an account that acts for itself names another user."""
    if acts_for_itself(request) and user_id != str(request.principal.account_id):
        raise Forbidden(Forbidden.OTHER_USER)


async def sold_number(request: Request, event: EventRef) -> int:
    """Return the number of an event that the caller may sell, or may buy for itself. Raises EventNotFound."""
    return await (visible_number if acts_for_itself(request) else own_number)(request, event)
