"""Cross origin: what a page of another origin may do (CORS in the Fetch standard).

Only listed origins may, and only on public routes: those for guests and for buyers with a hold's token. Cookies play
no part, so `Access-Control-Allow-Credentials` is never sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.access.permissions import Permission
from holdfast.http.headers import path_segments
from holdfast.http.reply import Headers, Reply
from holdfast.http.request import Request
from holdfast.http.router import Router

__all__ = ["CrossOrigin"]

_PREFLIGHT_SECONDS = 7_200
"""Browsers keep the answer to a preflight for two hours at most."""

_ACCEPTED = (
    b"authorization, content-type, hold-token, idempotency-key, if-match, if-none-match, last-event-id, "
    b"x-request-id"
)
_EXPOSED = (
    b"allow, etag, idempotency-replayed, link, location, ratelimit, ratelimit-policy, retry-after, www-authenticate, "
    b"x-request-id"
)
_VARIES: Headers = ((b"vary", b"origin"),)


class CrossOrigin:
    """The origins of a deployment's shops, as browsers write them in `Origin`."""

    def __init__(self, origins: Iterable[str], router: Router) -> None:
        self._origins = frozenset(origin.encode("ascii") for origin in origins)
        self._router = router
        self._public = frozenset(
            (one.method, one.path) for one in router.endpoints if one.policy is Permission.PUBLIC
        )

    def preflight(self, request: Request) -> Reply | None:
        """Return the answer to a listed origin that asks whether its page may send a request; else None."""
        asked = request.headers.get(b"access-control-request-method")
        origin = request.headers.get(b"origin")
        if request.method != "OPTIONS" or asked is None or origin not in self._origins:
            return None
        raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
        endpoint = self._router.find(_routed(asked.decode("latin-1")), path_segments(raw_path))[0]
        if endpoint is None or endpoint.policy is not Permission.PUBLIC:
            return None
        allowed: Headers = (
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", asked),
            (b"access-control-allow-headers", _ACCEPTED),
            (b"access-control-max-age", b"%d" % _PREFLIGHT_SECONDS),
        )
        return Reply(status=204, headers=(*allowed, *_VARIES))

    def headers_for(self, request: Request) -> Headers:
        """Return the headers of an answer that let a page of a listed origin read it."""
        if (_routed(request.method), request.route_path) not in self._public:
            return ()
        origin = request.headers.get(b"origin")
        if origin not in self._origins:
            return _VARIES
        return (
            *_VARIES,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED),
        )


def _routed(method: str) -> str:
    return "GET" if method == "HEAD" else method
