"""Authorisation: the one function that decides whether a principal may do something."""

from __future__ import annotations

from holdfast.access.permissions import WHOLE_ACCOUNT, Permission, scopes_with
from holdfast.access.principals import Principal
from holdfast.errors import CredentialsRequired, EventNotFound, Forbidden, HoldfastError, ScopeTooNarrow

__all__ = ["authorise", "whole_account_needed"]


def authorise(
    principal: Principal, permission: Permission, organisation: int | None = None, event: int | None = None
) -> HoldfastError | None:
    """Return the refusal, or None if the principal has the permission.

    Args:
        organisation: the owner of what is named. What another organisation owns does not exist for the caller.
        event: the number of the event, for a membership that is limited to some events.
    """
    if permission not in principal.permissions:
        return _without(principal, permission)
    is_foreign = organisation is not None and organisation != principal.organisation
    if is_foreign or not (event is None or principal.events is None or event in principal.events):
        return EventNotFound()
    return None


def whole_account_needed() -> ScopeTooNarrow:
    """Return the refusal of a narrowed token, for what a person does with the account as a whole."""
    return ScopeTooNarrow(ScopeTooNarrow.MISSING.format(scope=WHOLE_ACCOUNT), scope=WHOLE_ACCOUNT)


def _without(principal: Principal, permission: Permission) -> HoldfastError:
    if principal.kind == "guest":
        return CredentialsRequired()
    scopes = scopes_with(permission)
    if principal.kind != "key":
        return Forbidden(Forbidden.PERMISSION.format(permission=permission), permission=permission.value)
    if not scopes:
        return Forbidden(Forbidden.NO_SCOPE.format(permission=permission), permission=permission.value)
    if principal.by_token:
        return ScopeTooNarrow(ScopeTooNarrow.MISSING.format(scope=scopes[0]), scope=scopes[0].value)
    return Forbidden(Forbidden.SCOPE.format(scope=scopes[0]), scope=scopes[0].value)
