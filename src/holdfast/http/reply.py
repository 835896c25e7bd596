"""Reply: a route's answer, complete or as a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import orjson
from pydantic import BaseModel

from holdfast.sse import Reader
from holdfast.value import value_class

__all__ = ["JSON", "Headers", "Joining", "Reply", "StreamReply", "encode"]

JSON = b"application/json"
Headers = tuple[tuple[bytes, bytes], ...]
Joining = Callable[[Reader], AbstractContextManager[None]]


@value_class(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete answer. Header names are lower case. The handler adds length, request id and security headers."""

    status: int = 200
    body: bytes = b""
    headers: Headers = ()
    content_type: bytes = JSON

    def with_headers(self, added: Headers) -> Reply:
        """Return the reply with more headers. Others may share it. `replace` needs three times as long."""
        headers = self.headers + added
        return Reply(status=self.status, body=self.body, headers=headers, content_type=self.content_type)


@value_class(frozen=True, slots=True, kw_only=True)
class StreamReply:
    """A streamed answer: each chunk is sent as it arrives. The iterator is closed when the client leaves."""

    chunks: AsyncIterator[bytes]
    join: Joining | None = None
    """An alternative to the iterator, which then stays unused: chunks are written to a reader while this is open.
    It is far cheaper for thousands of streams."""
    status: int = 200
    headers: Headers = ()
    content_type: bytes = b"text/event-stream; charset=utf-8"

    def with_headers(self, added: Headers) -> StreamReply:
        """Return the reply with more headers."""
        return replace(self, headers=self.headers + added)


def encode(value: Any) -> bytes:
    """Return JSON as Holdfast writes it: models, dataclasses, ids and UTC times (with `Z`)."""
    if isinstance(value, BaseModel):
        return value.__pydantic_serializer__.to_json(value, by_alias=True)
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"cannot be written as JSON: {type(value).__name__}")
