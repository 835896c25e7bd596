"""Cookies: the token of each hold that this browser has placed, and of each ticket that was passed on to it.

Neither is ever part of an address.
"""

from __future__ import annotations

from uuid import UUID

from holdfast.api.request import Request
from holdfast.errors import HoldNotFound

__all__ = ["find_ticket_link", "keep_ticket_link", "keep_token", "take_token"]

_SECONDS = 180 * 24 * 3600
"""The tokens open bookings, too, so they last until most events are over."""


def keep_token(request: Request, hold: UUID, token: str) -> tuple[bytes, bytes]:
    """Return the header that gives the browser a hold's token."""
    return _kept(request, f"hold-{hold.hex}", token)


def take_token(request: Request, hold: UUID) -> str:
    """Return the hold's token. The routes of `/v1` read it from the request. Raises HoldNotFound without one."""
    found = _find(request, f"hold-{hold.hex}")
    if found is None:
        raise HoldNotFound
    request.hold_token = found
    return found


def keep_ticket_link(request: Request, booking: UUID, ticket: int, token: str) -> tuple[bytes, bytes]:
    """Return the header that gives the browser the secret of a ticket's link."""
    return _kept(request, f"ticket-{booking.hex}-{ticket}", token)


def find_ticket_link(request: Request, booking: UUID, ticket: int) -> str | None:
    return _find(request, f"ticket-{booking.hex}-{ticket}")


def _kept(request: Request, name: str, value: str) -> tuple[bytes, bytes]:
    secure = "; Secure" if _is_secure(request) else ""
    cookie = f"{_prefix(request)}{name}={value}; Path=/; Max-Age={_SECONDS}; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", cookie.encode("ascii")


def _find(request: Request, name: str) -> str | None:
    for pair in (request.header(b"cookie") or "").split(";"):
        found, _, value = pair.strip().partition("=")
        if found == _prefix(request) + name and value:
            return value
    return None


def _prefix(request: Request) -> str:
    return "__Host-" if _is_secure(request) else ""


def _is_secure(request: Request) -> bool:
    return bool(request.scope["scheme"] == "https")
