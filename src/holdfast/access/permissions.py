"""Permissions: everything that a principal may need, and who has it. This table is the only place that says so.

Every route names one permission. The reference page of rights is written from this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

__all__ = [
    "ALL",
    "RIGHTS",
    "WHOLE_ACCOUNT",
    "Permission",
    "Right",
    "Role",
    "Scope",
    "of_role",
    "of_scopes",
    "permissions_of",
    "scopes_with",
]


class Permission(StrEnum):
    """One thing that may be done."""

    PUBLIC = "public"
    EVENTS_READ = "events:read"
    EVENTS_WRITE = "events:write"
    SALES_WRITE = "sales:write"
    BOOKINGS_READ = "bookings:read"
    BUYERS_READ = "buyers:read"
    CONTACTS_READ = "contacts:read"
    BOOKINGS_CANCEL = "bookings:cancel"
    TICKETS_REISSUE = "tickets:reissue"
    CHECKINS_WRITE = "checkins:write"
    MONEY_READ = "money:read"
    MONEY_WRITE = "money:write"
    KEYS_WRITE = "keys:write"
    WEBHOOKS_WRITE = "webhooks:write"
    SETTINGS_WRITE = "settings:write"
    STAFF_WRITE = "staff:write"
    AUDIT_READ = "audit:read"


class Role(StrEnum):
    """A bundle of permissions of a member of an organisation."""

    OWNER = "owner"
    MANAGER = "manager"
    BOX_OFFICE = "box_office"
    DOOR = "door"
    REPORTS = "reports"


class Scope(StrEnum):
    """A bundle of permissions of an API key."""

    READ = "read"
    SELL = "sell"
    ORGANISE = "organise"
    DOOR = "door"
    MONEY = "money"


WHOLE_ACCOUNT = "account"
"""The scope of a token that may do everything that its account may do. Other scopes narrow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Who has a permission, and what it allows."""

    allows: str
    roles: frozenset[Role]
    scopes: tuple[Scope, ...] = ()
    """The narrowest scope first: a refusal names it."""


_EVERY = frozenset(Role)
_MANAGERS = frozenset({Role.OWNER, Role.MANAGER})
_SELLERS = _MANAGERS | {Role.BOX_OFFICE}

RIGHTS = MappingProxyType(
    {
        Permission.EVENTS_READ: Right(
            allows="read drafts, blocks, holds, histories, stored seat maps and metrics",
            roles=_EVERY,
            scopes=(Scope.READ, Scope.SELL, Scope.ORGANISE),
        ),
        Permission.EVENTS_WRITE: Right(
            allows="create, change, publish, stop and cancel events; block seats; store seat maps",
            roles=_MANAGERS,
            scopes=(Scope.ORGANISE,),
        ),
        Permission.SALES_WRITE: Right(
            allows="hold, book, extend and release for any buyer",
            roles=_SELLERS,
            scopes=(Scope.SELL, Scope.ORGANISE),
        ),
        Permission.BOOKINGS_READ: Right(
            allows="read and list bookings",
            roles=_EVERY,
            scopes=(Scope.ORGANISE,),
        ),
        Permission.BUYERS_READ: Right(
            allows="see the names of buyers in bookings and holds",
            roles=_SELLERS | {Role.DOOR},
            scopes=(Scope.READ, Scope.SELL, Scope.ORGANISE),
        ),
        Permission.CONTACTS_READ: Right(
            allows="see their e-mail addresses, references and metadata, too",
            roles=_SELLERS,
            scopes=(Scope.READ, Scope.SELL, Scope.ORGANISE),
        ),
        Permission.BOOKINGS_CANCEL: Right(
            allows="change and cancel any booking", roles=_SELLERS, scopes=(Scope.ORGANISE,)
        ),
        Permission.TICKETS_REISSUE: Right(
            allows="read tickets and issue them again", roles=_SELLERS, scopes=(Scope.ORGANISE,)
        ),
        Permission.CHECKINS_WRITE: Right(
            allows="check tickets in", roles=_SELLERS | {Role.DOOR}, scopes=(Scope.DOOR,)
        ),
        Permission.MONEY_READ: Right(
            allows="read prices, payments and postings",
            roles=_SELLERS | {Role.REPORTS},
            scopes=(Scope.MONEY,),
        ),
        Permission.MONEY_WRITE: Right(
            allows="set prices, refund and post", roles=_MANAGERS, scopes=(Scope.MONEY,)
        ),
        Permission.KEYS_WRITE: Right(allows="make, rotate and revoke API keys", roles=_MANAGERS),
        Permission.WEBHOOKS_WRITE: Right(allows="manage webhooks", roles=_MANAGERS),
        Permission.SETTINGS_WRITE: Right(allows="change the organisation's settings", roles=_MANAGERS),
        Permission.STAFF_WRITE: Right(
            allows="invite, change and remove members", roles=frozenset({Role.OWNER})
        ),
        Permission.AUDIT_READ: Right(allows="read the audit", roles=frozenset({Role.OWNER})),
    }
)
"""Every permission but PUBLIC, which everybody has: there, a hold's token decides."""

ALL = frozenset(Permission)
_OF_ORGANISATION = frozenset(
    {
        Permission.KEYS_WRITE,
        Permission.WEBHOOKS_WRITE,
        Permission.SETTINGS_WRITE,
        Permission.STAFF_WRITE,
        Permission.AUDIT_READ,
    }
)


@lru_cache(maxsize=256)
def of_scopes(scopes: frozenset[str]) -> frozenset[Permission]:
    """Return what a key with these scopes may do. The scope of a later version gives nothing."""
    return _granted(permission for permission, right in RIGHTS.items() if not scopes.isdisjoint(right.scopes))


def of_role(role: Role) -> frozenset[Permission]:
    """Return what a member with this role may do."""
    return _granted(permission for permission, right in RIGHTS.items() if role in right.roles)


@lru_cache(maxsize=64)
def permissions_of(role: str | None, *, is_limited: bool = False) -> frozenset[Permission]:
    """Return what a signed-in account may do: None is a buyer. The role of a later version gives nothing.

    `is_limited`: the member may see some events only, so it has no permission about the whole organisation.
    """
    granted = of_role(Role(role)) if role in frozenset(Role) else _granted(())
    return granted - _OF_ORGANISATION if is_limited else granted


def scopes_with(permission: Permission) -> tuple[Scope, ...]:
    """Return the scopes that have the permission, the narrowest first; none if no key may have it."""
    right = RIGHTS.get(permission)
    return () if right is None else right.scopes


def _granted(permissions: Iterable[Permission]) -> frozenset[Permission]:
    return frozenset({Permission.PUBLIC, *permissions})
