"""Request: one request, and the parts that a route needs to answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

import orjson

from holdfast.access.permissions import Permission
from holdfast.access.principals import GUEST, Principal
from holdfast.http.cursors import Cursors
from holdfast.http.references import problem_pages, root_from
from holdfast.http.server.request import REQUEST

if TYPE_CHECKING:
    from holdfast.http.guest_limits import Allowance
    from holdfast.http.server.ports import OpenConnection
    from holdfast.http.server.request import Cycle

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

    # Defaults are attributes of the class: most requests change few of them, and setting all costs as much as a read.
    path: str = ""
    headers: Mapping[bytes, bytes] = {}
    query: Mapping[str, str] = {}
    route_path: str | None = None
    """The declared path of the route that answers; None without one."""
    path_values: Mapping[str, str] = {}
    arguments: Mapping[str, Any] | None = None
    """The parsed values of the path; None if not parsed yet (they may name nothing)."""
    principal: Principal = GUEST
    permission: Permission = Permission.PUBLIC
    """What the route needs. The handler has checked it."""
    open_mode: bool = False
    allowance: Allowance | None = None
    """What a guest has left of its rate; None without a limit."""
    hold_token: str | None = None
    idempotency_key: str | None = None
    body: bytes = b""
    is_read = False
    decoded: Any = None

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self.scope = scope
        self.cycle: Cycle | None = scope.pop(REQUEST, None)
        """Set under our own server. The cycle refers to the scope; a reference back would delay the freeing of both."""
        self.method: str = scope["method"]
        self.request_id = ""

    @classmethod
    def bind(cls, **parts: object) -> type[Self]:
        """Return a class of requests with these parts of one application. Setting them per object would cost time."""
        return type(cls.__name__, (cls,), parts)

    @property
    def client_left(self) -> Callable[[], bool]:
        """Return whether the client has left (known under our own server; else always False)."""
        return _never_left if self.cycle is None else self.cycle.has_left

    @property
    def peer(self) -> OpenConnection | None:
        """Return the connection, which remembers who is at its other end; None under a foreign server."""
        return None if self.cycle is None else self.cycle.connection

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
        parts = (self.path, repr(sorted(self.query.items())), self.hold_token or "")
        return sha256("\n".join(parts).encode() + b"\n" + canonical).digest()


def _never_left() -> bool:
    return False
