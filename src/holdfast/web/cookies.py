"""Cookies: the token of each hold that this browser has placed. It is never part of an address."""

from __future__ import annotations

from uuid import UUID

from holdfast.api.request import Request
from holdfast.errors import HoldNotFound

__all__ = ["keep_token", "take_token"]

_SECONDS = 180 * 24 * 3600
"""The tokens open bookings, too, so they last until most events are over."""


def keep_token(request: Request, hold: UUID, token: str) -> tuple[bytes, bytes]:
    """Return the header that gives the browser a hold's token."""
    secure = "; Secure" if _is_secure(request) else ""
    cookie = f"{_name(request, hold)}={token}; Path=/; Max-Age={_SECONDS}; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", cookie.encode("ascii")


def take_token(request: Request, hold: UUID) -> str:
    """Return the hold's token. The routes of `/v1` read it from the request. Raises HoldNotFound without one."""
    name = _name(request, hold)
    for pair in (request.header(b"cookie") or "").split(";"):
        found, _, value = pair.strip().partition("=")
        if found == name and value:
            request.hold_token = value
            return value
    raise HoldNotFound


def _name(request: Request, hold: UUID) -> str:
    return f"{'__Host-' if _is_secure(request) else ''}hold-{hold.hex}"


def _is_secure(request: Request) -> bool:
    return bool(request.scope["scheme"] == "https")
