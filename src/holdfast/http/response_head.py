"""Response heads: the status line and the headers of an answer, as ASGI pairs and as bytes.

The parts that are equal in all answers are assembled once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus

from holdfast.http.reply import Reply, StreamReply

__all__ = [
    "CHUNKED_LINE",
    "CLOSE_LINE",
    "PROBLEM",
    "added_headers",
    "content_policy",
    "head_of",
    "headers_of",
    "stream_head_of",
]

Header = tuple[bytes, bytes]

PROBLEM = b"application/problem+json"
CLOSE_LINE = b"connection: close\r\n"
CHUNKED_LINE = b"transfer-encoding: chunked\r\n"

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_NO_STORE = (b"cache-control", b"no-store")
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors "
)


def content_policy(framed_by: Iterable[str] = ()) -> Header:
    """Return the header that says what a page may load, and which origins may show it in a frame."""
    return b"content-security-policy", (_POLICY + (" ".join(framed_by) or "'none'")).encode("ascii")


_FEATURES = b"permissions-policy"
_HTML = (
    content_policy(),
    (b"cross-origin-opener-policy", b"same-origin"),
    (_FEATURES, b"camera=(), geolocation=(), microphone=(), payment=()"),
)
_REPLACED = frozenset({b"cache-control", b"content-security-policy", _FEATURES})
"""A reply's own header of these names replaces that of every answer."""
_NOTHING: frozenset[bytes] = frozenset()
_BODYLESS = frozenset({204, 304})


def headers_of(reply: Reply | StreamReply, request_id: bytes, *, secure: bool) -> list[Header]:
    """Return all headers of an answer. Raises ValueError for a value with a line break."""
    _check(reply)
    headers = [*_fixed(*_kind(reply), secure), (b"x-request-id", request_id), *reply.headers]
    if isinstance(reply, Reply) and reply.status not in _BODYLESS:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    return headers


def added_headers(given: Iterable[Header], request_id: bytes, *, secure: bool) -> list[Header]:
    """Return the headers of an added route's answer, plus those of every answer. Existing ones stay."""
    headers = [(name.lower(), value) for name, value in given if name.lower() != b"x-request-id"]
    names = dict(headers)
    fixed = _fixed(names.get(b"content-type", b""), _REPLACED.intersection(names), secure)
    return [*(one for one in fixed if one[0] not in names), (b"x-request-id", request_id), *headers]


def head_of(reply: Reply, request_id: bytes, *, secure: bool, more: bytes) -> bytes:
    """Return the head as bytes, from the status line to the empty line. `more` is whole lines of the server."""
    body = reply.body
    begun = _begun(reply, reply.content_type if body else b"", request_id, secure=secure, more=more)
    if reply.status in _BODYLESS:
        return begun + b"\r\n\r\n"
    return b"%b\r\ncontent-length: %d\r\n\r\n" % (begun, len(body))


def stream_head_of(reply: StreamReply, request_id: bytes, *, secure: bool, more: bytes) -> bytes:
    """Return the head of an answer of unknown length. `more` says how its end is found."""
    return _begun(reply, reply.content_type, request_id, secure=secure, more=more) + b"\r\n\r\n"


def _begun(
    reply: Reply | StreamReply, content_type: bytes, request_id: bytes, *, secure: bool, more: bytes
) -> bytes:
    """Return the head up to the reply's own headers, without the last line's end."""
    own, replaced = b"", _NOTHING
    for name, value in reply.headers:
        if b"\n" in value or b"\r" in value:
            _check(reply)
        if name in _REPLACED:
            replaced |= {name}
        own += b"\r\n%b: %b" % (name, value)
    rendered = _rendered(reply.status, content_type, replaced, secure)
    return b"%b%bx-request-id: %b%b" % (rendered, more, request_id, own)


def _kind(reply: Reply | StreamReply) -> tuple[bytes, frozenset[bytes]]:
    """Return the media type, empty without a body; and which headers of every answer the reply replaces."""
    has_body = isinstance(reply, StreamReply) or reply.body
    return reply.content_type if has_body else b"", _REPLACED.intersection(name for name, _ in reply.headers)


@lru_cache(maxsize=256)
def _fixed(content_type: bytes, replaced: frozenset[bytes], secure: bool) -> tuple[Header, ...]:
    headers: list[Header] = [*_ALWAYS]
    if content_type:
        headers.append((b"content-type", content_type))
    headers.append(_NO_STORE)
    if content_type.startswith(b"text/html"):
        headers.extend(_HTML)
    if secure:
        headers.append(_STRICT_TRANSPORT)
    return tuple(one for one in headers if one[0] not in replaced)


@lru_cache(maxsize=1_024)
def _rendered(status: int, content_type: bytes, replaced: frozenset[bytes], secure: bool) -> bytes:
    lines = [b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode("ascii"))]
    fixed = _fixed(content_type, replaced, secure)
    lines += [name + b": " + value + b"\r\n" for name, value in fixed]
    return b"".join(lines)


def _check(reply: Reply | StreamReply) -> None:
    for _, value in reply.headers:
        if b"\r" in value or b"\n" in value:
            raise ValueError("a header value has a line break")
