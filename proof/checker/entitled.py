"""Entitled: what each caller may do, written by hand from the design. The product has a table of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ALL_EVENTS", "NEEDS", "expected", "may"]

NEEDS: Mapping[str, str] = {
    "list_blocks": "events:read",
    "list_holds": "events:read",
    "list_notices": "events:read",
    "list_bookings": "bookings:read",
    "publish_event": "events:write",
    "release_hold_as_staff": "sales:write",
    "check_ticket": "checkins:write",
    "list_webhooks": "webhooks:write",
    "list_keys": "keys:write",
    "list_audit_entries": "audit:read",
}
"""The permission of each request that is asked for the sake of its answer."""

ALL_EVENTS = frozenset({"list_webhooks", "list_keys", "list_audit_entries"})
"""Requests about the whole organisation: a member who may see some events has none of them."""

_READ = {"events:read"}
_SELL = {*_READ, "sales:write"}
_ORGANISE = {*_SELL, "events:write", "bookings:read"}
_MANAGE = {*_ORGANISE, "checkins:write", "webhooks:write", "keys:write"}
_GRANTED: Mapping[str, set[str]] = {
    "guest": set(),
    "buyer": set(),
    "read": _READ,
    "sell": _SELL,
    "organise": _ORGANISE,
    "key of door": {"checkins:write"},
    "owner": {*_MANAGE, "audit:read"},
    "manager": _MANAGE,
    "box_office": {*_SELL, "bookings:read", "checkins:write"},
    "door": {*_READ, "bookings:read", "checkins:write"},
    "reports": {*_READ, "bookings:read"},
}


def may(caller: Mapping[str, Any], request: str) -> bool:
    """Return whether the caller has the permission, for some event."""
    role = caller["role"]
    if role == "door" and caller["principal"].startswith("key:"):
        role = "key of door"
    is_limited = caller["events"] is not None and request in ALL_EVENTS
    return NEEDS[request] in _GRANTED[role] and not is_limited


def expected(caller: Mapping[str, Any], request: str, number: int, *, exists: bool) -> str:
    """Return `unknown`, `refused`, `absent` or `done`: the class of the only right answer."""
    if not may(caller, request):
        return "unknown" if caller["role"] == "guest" else "refused"
    if request in ALL_EVENTS:
        return "done"
    is_own = caller["organisation"] == 1 and (caller["events"] is None or number in caller["events"])
    return "done" if exists and is_own else "absent"
