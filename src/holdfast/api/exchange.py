"""Exchange: one request and what a route needs to answer it; Reply: its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel

from holdfast.api.cursors import Cursors
from holdfast.api.principals import GUEST, Principal
from holdfast.domain.value import dataclass

if TYPE_CHECKING:
    from holdfast.api.cycle import Cycle
    from holdfast.api.routes import Endpoint
    from holdfast.engine.watchers import Reader

__all__ = ["CYCLE", "JSON", "Exchange", "Joining", "Reply", "StreamReply", "encode"]

CYCLE = "holdfast.cycle"
"""Where our own protocol puts its cycle into the scope."""

JSON = b"application/json"
Headers = tuple[tuple[bytes, bytes], ...]
Joining = Callable[["Reader"], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer. Header names are lower case; the layer adds length, request id and security headers."""

    status: int = 200
    body: bytes = b""
    headers: Headers = ()
    content_type: bytes = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReply:
    """An answer that goes on: each chunk is sent as it comes; the iterator is closed when the client
    leaves.
    """

    chunks: AsyncIterator[bytes]
    join: Joining | None = None
    """The same without an iterator, which is not begun then: the chunks are written to a reader as long as this is
    open. It costs less by far where there are thousands of them."""
    status: int = 200
    headers: Headers = ()
    content_type: bytes = b"text/event-stream; charset=utf-8"


def encode(value: Any) -> bytes:
    """JSON as Holdfast writes it: models, dataclasses, ids and UTC times (with `Z`)."""
    if isinstance(value, BaseModel):
        return value.__pydantic_serializer__.to_json(value, by_alias=True)
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"cannot be written as JSON: {type(value).__name__}")


class Exchange:
    """One request after the layer has read, limited and authorised it."""

    # What a request does not say is the class's own: most say little, and setting all of it costs as much as asking.
    path: str = ""
    headers: Mapping[bytes, bytes] = {}
    query: Mapping[str, str] = {}
    endpoint: Endpoint | None = None
    path_values: Mapping[str, str] = {}
    arguments: Mapping[str, Any] | None = None
    """What the path says, read already; None where it is still to be read (and may turn out to name nothing)."""
    principal: Principal = GUEST
    open_mode: bool = False
    hold_token: str | None = None
    idempotency_key: str | None = None
    body: bytes = b""
    is_read = False
    decoded: Any = None

    def __init__(self, scope: MutableMapping[str, Any], *, engine: Any, cursors: Cursors) -> None:
        self.scope = scope
        self.cycle: Cycle | None = scope.pop(CYCLE, None)
        """Ours, under our own protocol. It knows the scope; were it left in there, neither would be freed at once."""
        self.engine = engine
        self.cursors = cursors
        self.method: str = scope["method"]
        self.request_id = ""

    @property
    def client_left(self) -> Callable[[], bool]:
        """Whether nobody waits for the answer any more (known under our own protocol; else always False)."""
        transport = self.scope.get("holdfast.transport")
        return transport.is_closing if transport is not None else _still_here

    def header(self, name: bytes) -> str | None:
        """A header by its lower-case name."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def retry_scope(self) -> bytes | None:
        """Where this request's Idempotency-Key counts: SHA-256 over principal, method, route and key."""
        if self.idempotency_key is None or self.endpoint is None:
            return None
        parts = (self.principal.id, self.method, self.endpoint.path, self.idempotency_key)
        return sha256("\n".join(parts).encode()).digest()

    @property
    def fingerprint(self) -> bytes:
        """What a retry must repeat: SHA-256 over path, query, hold token and the canonical body."""
        canonical = orjson.dumps(self.decoded, option=orjson.OPT_SORT_KEYS) if self.body else b""
        parts = (self.path, repr(sorted(self.query.items())), self.hold_token or "")
        return sha256("\n".join(parts).encode() + b"\n" + canonical).digest()


def _still_here() -> bool:
    return False
