"""Hostile forms: every way to keep a connection open without buying, as bytes and a pace.

Each is a script for one connection: what it sends first, what it sends each second after that, and how it reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["SLOW_BYTES_PER_SECOND", "Form", "Reads", "forms"]

SLOW_BYTES_PER_SECOND = 12_000
"""A little more than a client must read."""

_HOST = "Host: tickets.example\r\n"
"""A name of another machine. Its sender is a guest from any address."""
_PIPELINED = 1_000
_HALF_BODY_BYTES = 32 * 1024
_BLIND_SECONDS = 30.0
"""A client that reads nothing may never see the end, because the end follows the answer."""
_BLIND_STREAM_SECONDS = 90.0


class Reads(Enum):
    """How much a hostile client reads."""

    ALL = "all"
    SLOWLY = "slowly"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A hostile form. The client sends one piece of `drip` a second, again and again."""

    name: str
    opening: bytes = b""
    drip: tuple[bytes, ...] = ()
    reads: Reads = Reads.ALL
    stays: bool = True
    """If true, the client keeps its side open for a while after the server has closed."""
    resets: bool = False
    """If true, the client resets its connection right after the opening."""
    patience_seconds: float = 120.0
    """The seconds after which a connection without an end is replaced."""


def forms(sold: int, seated: int) -> tuple[Form, ...]:
    """Return all forms, for an event for buyers and one with many seats."""
    get = _head("GET", f"/v1/events/{sold}/availability")
    hold = _head("POST", "/v1/holds", "Content-Type: application/json")
    chunks = hold + b"Transfer-Encoding: chunked\r\n\r\n"
    refused = _head("POST", "/v1/events", "Content-Type: application/json")
    seats = _head("GET", f"/v1/events/{seated}/seats?all=true") + b"\r\n"
    return (
        Form(name="silent from the start", stays=False),
        Form(name="one byte", opening=b"G"),
        Form(name="half a head", opening=get[: len(get) // 2]),
        Form(name="a head that drips", opening=get + b"A: ", drip=(b"b",)),
        Form(
            name="half a body",
            opening=hold + _length(2 * _HALF_BODY_BYTES) + b"{" + b" " * (_HALF_BODY_BYTES - 1),
        ),
        Form(name="a body that drips", opening=hold + _length(60_000) + b"{", drip=(b" ",)),
        Form(name="chunks that drip", opening=chunks + b"1\r\n{\r\n", drip=(b"1\r\n", b" ", b"\r\n")),
        Form(name="endless extensions", opening=chunks + b"1;", drip=(b"a" * 1_000,)),
        Form(
            name="endless trailers",
            opening=chunks + b"2\r\n{}\r\n0\r\n",
            drip=(b"A: " + b"b" * 995 + b"\r\n",),
        ),
        Form(name="answered, then silent", opening=get + b"\r\n", stays=False),
        Form(name="answered, then empty lines", opening=get + b"\r\n", drip=(b"\r\n",), stays=False),
        Form(name="the rest of a small refused body", opening=refused + _length(2_000) + b"{", drip=(b" ",)),
        Form(
            name="the rest of a large refused body",
            opening=refused + _length(10_000_000) + b"{",
            drip=(b" " * 1_000,),
        ),
        Form(
            name="a large answer, never read",
            opening=seats,
            reads=Reads.NOTHING,
            patience_seconds=_BLIND_SECONDS,
        ),
        Form(name="a large answer, read slowly", opening=seats, reads=Reads.SLOWLY),
        Form(
            name="a stream, never read",
            opening=_head("GET", f"/v1/events/{sold}/stream") + b"\r\n",
            reads=Reads.NOTHING,
            patience_seconds=_BLIND_STREAM_SECONDS,
        ),
        Form(
            name="1,000 requests, no answer read",
            opening=(get + b"\r\n") * _PIPELINED,
            reads=Reads.NOTHING,
            patience_seconds=_BLIND_SECONDS,
        ),
        Form(name="broken heads", opening=_BROKEN[0], drip=_BROKEN[1:]),
        Form(name="CONNECT, then silent", opening=_head("CONNECT", "tickets.example:443") + b"\r\n"),
        Form(
            name="an upgrade, then silent",
            opening=get + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            stays=False,
        ),
        Form(name="a reset", opening=get[: len(get) // 2], resets=True),
    )


def _head(method: str, target: str, *headers: str) -> bytes:
    """Return the head without its last empty line."""
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"{method} {target} HTTP/1.1\r\n{_HOST}{lines}".encode()


def _length(size: int) -> bytes:
    return f"Content-Length: {size}\r\n\r\n".encode()


_BROKEN = (
    b"hello\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n",
    b"POST /v1/holds HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)
