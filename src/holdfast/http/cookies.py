"""Cookies: the one that names a session, those of a browser that is about to sign in, and which pages may use them.

Their names have the prefix `__Host-`, so that a browser takes them over HTTPS only, for this host only. A browser on
the server's own machine has others, because it speaks plain HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from holdfast.access.open_mode import is_local_name, is_loopback

__all__ = ["LINK", "PASSKEY", "PROOF", "SESSION", "cookie_header", "is_own_page", "read_cookie"]

SESSION = "holdfast"
LINK = "holdfast-link"
"""The browser that asked for a link to sign in."""
PASSKEY = "holdfast-passkey"
"""The browser that asked for a challenge to sign in with a passkey."""

PROOF = "holdfast-proof"
"""The browser that has given the right password, and still needs the code of an app."""

_PREFIX = "__Host-"
_COOKIE = re.compile(
    r"(?:^|[;,])[ \t]*((?:__Host-)?holdfast(?:-link|-passkey|-proof)?)=(hf[sl]_[A-Za-z0-9_-]{43})(?=[ \t]*(?:[;,]|$))"
)
_ATTRIBUTES = "; Path=/; HttpOnly; SameSite=Lax"
_DEFAULT_PORT = 80


def read_cookie(
    name: str, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], public_url: str
) -> str | None:
    """Return the value of one of our cookies."""
    wanted = name if _is_plain(scope, headers, public_url) else _PREFIX + name
    for found in _COOKIE.finditer(headers.get(b"cookie", b"").decode("latin-1")):
        if found[1] == wanted:
            return found[2]
    return None


def cookie_header(
    name: str,
    scope: Mapping[str, Any],
    headers: Mapping[bytes, bytes],
    public_url: str,
    *,
    value: str,
    max_age: int,
) -> tuple[bytes, bytes]:
    """Return the header that gives a browser a cookie. Without a value it takes the cookie away."""
    is_plain = _is_plain(scope, headers, public_url)
    text = f"{'' if is_plain else _PREFIX}{name}={value}; Max-Age={max_age}{_ATTRIBUTES}"
    return b"set-cookie", (text + ("" if is_plain else "; Secure")).encode("ascii")


def is_own_page(scope: Mapping[str, Any], headers: Mapping[bytes, bytes], public_url: str) -> bool | None:
    """Return whether a page of this server sent the request, as its browser says; None if it says nothing."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    origin = headers.get(b"origin")
    if origin is None:
        return None
    here = scope["scheme"].encode("ascii") + b"://" + headers.get(b"host", b"").lower()
    return origin.lower() in (here, _origin_of(public_url))


def _origin_of(public_url: str) -> bytes:
    return "/".join(public_url.split("/")[:3]).lower().encode("ascii")


def _is_plain(scope: Mapping[str, Any], headers: Mapping[bytes, bytes], public_url: str) -> bool:
    """Return whether a browser on this machine calls by plain HTTP."""
    client = scope.get("client")
    return (
        scope["scheme"] == "http"
        and not public_url.startswith("https:")
        and client is not None
        and is_loopback(client[0])
        and is_local_name(
            headers.get(b"host", b""), (scope.get("server") or (None, None))[1] or _DEFAULT_PORT
        )
    )
