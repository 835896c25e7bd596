"""Request: one request, and the parts that a route needs to answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

import orjson

from holdfast.access.permissions import Permission
from holdfast.access.principals import GUEST, Principal
from holdfast.http.client_address import TrustedProxies
from holdfast.http.cookies import SESSION, cookie_header, read_cookie
from holdfast.http.cursors import Cursors
from holdfast.http.references import problem_pages, root_from
from holdfast.http.server.request import REQUEST

if TYPE_CHECKING:
    from holdfast.errors import HoldfastError
    from holdfast.http.problems import ErrorRenderer
    from holdfast.http.reply import Reply
    from holdfast.http.server.ports import OpenConnection
    from holdfast.http.server.request import Cycle
    from holdfast.limits.allowance import Allowance

__all__ = ["Request"]


class Request:
    """One request, after the handler has read, limited and authorised it."""

    cursors: Cursors
    openapi: Callable[[], bytes]
    """Return the document of the application that answers."""
    dialects_openapi: Callable[[], bytes]
    """Return the document of its dialects."""
    public_url: str = ""
    """The server's public address without a slash at its end; empty if it is not known."""
    language: str = "en"
    """The code of the server's own language, for who asks for none that it speaks."""
    frame_policy: tuple[bytes, bytes] = (b"", b"")
    """The header of pages that sites of the listed origins may show in a frame."""

    proxies = TrustedProxies()
    """The proxies in front, whose word about a client's address counts."""

    # Defaults are attributes of the class: most requests change few of them, and setting all costs as much as a read.
    path: str = ""
    headers: Mapping[bytes, bytes] = {}
    query: Mapping[str, str] = {}
    route_path: str | None = None
    """The declared path of the route that answers; None without one."""
    render_page: Callable[[HoldfastError, Request], Reply] | None = None
    """How a page of this route reports an error; None if the answer is for a program."""
    path_values: Mapping[str, str] = {}
    arguments: Mapping[str, Any] | None = None
    """The parsed values of the path; None if not parsed yet (they may name nothing)."""
    principal: Principal = GUEST
    permission: Permission = Permission.PUBLIC
    """What the route needs. The handler has checked it."""
    open_mode: bool = False
    allowance: Allowance | None = None
    """What the caller has left of its rate; None without a limit."""
    release: Callable[[], None] | None = None
    """What gives back something that the request has while it is answered. Called at every kind of end."""
    hold_token: str | None = None
    api_key: str | None = None
    """The bearer's credentials: an API key, or an access token."""
    idempotency_key: str | None = None
    body: bytes = b""
    is_read = False
    decoded: Any = None
    render_error: ErrorRenderer | None = None
    """How the route's dialect reports an error, from the moment when the route reads its input."""
    request_id: str = ""
    _scope: MutableMapping[str, Any] | None = None

    def __init__(self, method: str, cycle: Cycle | None) -> None:
        self.method = method
        self.cycle = cycle
        """Set under our own server."""

    @classmethod
    def of_scope(cls, scope: MutableMapping[str, Any]) -> Self:
        """Return the request of an ASGI scope. The cycle does not stay in it: it would refer to itself."""
        request = cls(scope["method"], scope.pop(REQUEST, None))
        request._scope = scope
        return request

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """Return the ASGI scope. Under our own server it is made when something asks for it."""
        if self._scope is None:
            assert self.cycle is not None
            self._scope = self.cycle.scope
            del self._scope[REQUEST]
        return self._scope

    @classmethod
    def bind(cls, **parts: object) -> type[Self]:
        """Return a class of requests with these parts of one application. Setting them per object would cost time."""
        return type(cls.__name__, (cls,), parts)

    @property
    def ends(self) -> Mapping[str, Any]:
        """Return the part of the scope that says who is at both ends, and which version of HTTP they speak."""
        if self._scope is not None:
            return self._scope
        assert self.cycle is not None
        return self.cycle.connection.ends

    @property
    def client_left(self) -> Callable[[], bool]:
        """Return whether the client has left (known under our own server; else always False)."""
        return _never_left if self.cycle is None else self.cycle.has_left

    @property
    def peer(self) -> OpenConnection | None:
        """Return the connection, which remembers who is at its other end; None under a foreign server."""
        return None if self.cycle is None else self.cycle.connection

    @property
    def client_address(self) -> str | None:
        """Return the client's address; None without one, as on a Unix socket."""
        return self.proxies.client_of(self.ends, self.headers)

    @property
    def session_token(self) -> str | None:
        """Return the value of the session's cookie, whether its session exists or not."""
        return self.cookie(SESSION)

    def cookie(self, name: str) -> str | None:
        """Return the value of one of our cookies."""
        return read_cookie(name, self.scope, self.headers, self.public_url)

    def cookie_header(self, name: str, value: str = "", *, max_age: int = 0) -> tuple[bytes, bytes]:
        """Return the header that gives the browser a cookie; without a value, the one that takes it away."""
        return cookie_header(name, self.scope, self.headers, self.public_url, value=value, max_age=max_age)

    @property
    def root(self) -> str:
        """Return the reference from this request to the server's root. It ends with a slash."""
        return root_from(self.scope.get("raw_path") or self.scope["path"].encode())

    @property
    def problem_pages(self) -> str:
        """Return where the client finds the pages of problems."""
        return problem_pages(self.public_url, self.scope.get("raw_path") or self.scope["path"].encode())

    def header(self, name: bytes) -> str | None:
        """Return a header by its lower-case name."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def retry_scope(self) -> bytes | None:
        """Return the scope of this Idempotency-Key: SHA-256 over principal, method, route and key."""
        if self.idempotency_key is None or self.route_path is None:
            return None
        parts = (self.principal.id, self.method, self.route_path, self.idempotency_key)
        return sha256("\n".join(parts).encode()).digest()

    @property
    def fingerprint(self) -> bytes:
        """Return what a retry must repeat: SHA-256 over path, query, hold token and the canonical body."""
        canonical = orjson.dumps(self.decoded, option=orjson.OPT_SORT_KEYS) if self.body else b""
        query = repr(sorted(self.query.items())) if self.query else "[]"
        parts = (self.path, query, self.hold_token or "")
        return sha256("\n".join(parts).encode() + b"\n" + canonical).digest()


def _never_left() -> bool:
    return False
