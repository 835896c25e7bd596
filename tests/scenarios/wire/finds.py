"""Finds: connections that once got a wrong answer, as bytes, with the right statuses."""

from __future__ import annotations

from dataclasses import dataclass

from proof.fuzz.scripts import End

__all__ = ["FINDS", "WAIT", "Find"]

WAIT = None
"""A pause between two pieces: the client waits for an answer, or for a moment if none comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A connection. `@PORT@` in a piece is the port. `statuses` are those of the final answers."""

    name: str
    pieces: tuple[bytes | None, ...]
    statuses: tuple[int, ...]
    end: End = "silence"
    is_early: bool = False
    """True if the answer precedes the body, and depends on how much of the body has arrived."""


HOST = b"Host: 127.0.0.1:@PORT@\r\n"
JSON = HOST + b"Content-Type: application/json\r\n"
LAST = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
HIDDEN = b"GET /openapi.json HTTP/1.1\r\nHost: smuggled\r\n\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(HIDDEN)
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n"
EVENT = b'{"name":"found","capacity":3}'
POST = b"POST /v1/events HTTP/1.1\r\n" + JSON
HOLD = b'{"event":1,"lines":[{"quantity":1}]}'

FINDS = (
    Find(
        name="the body of an Upgrade comes after the answer (D1)",
        pieces=(b"POST /nothing HTTP/1.1\r\n" + HOST + UPGRADE + LENGTH, WAIT, HIDDEN + LAST),
        statuses=(404, 200),
    ),
    Find(
        name="the body of an Upgrade comes with its head (D1)",
        pieces=(b"POST /nothing HTTP/1.1\r\n" + HOST + UPGRADE + LENGTH + HIDDEN + LAST,),
        statuses=(404, 200),
    ),
    Find(
        name="the chunks of an Upgrade come after the answer (D1)",
        pieces=(
            b"POST /nothing HTTP/1.1\r\n" + HOST + UPGRADE + CHUNKS,
            WAIT,
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN) + LAST,
        ),
        statuses=(404, 200),
    ),
    Find(
        name="a client offers h2c with a POST, as curl and Java do (A3)",
        pieces=(
            POST
            + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
            + b"Content-Length: %d\r\n\r\n%s" % (len(EVENT), EVENT)
            + LAST,
        ),
        statuses=(201, 200),
    ),
    Find(
        name="trailers go on and on (D2)",
        pieces=(POST + CHUNKS + b"2\r\n{}\r\n0\r\n" + b"a:b\r\n" * 9_000,),
        statuses=(431,),
    ),
    Find(
        name="an extension of a chunk goes on and on (D2)",
        pieces=(POST + CHUNKS + b"2;" + b"a" * 9_000 + b"\r\n{}\r\n0\r\n\r\n" + LAST,),
        statuses=(400,),
    ),
    Find(
        name="trailers look like headers (D2)",
        pieces=(
            POST
            + CHUNKS
            + b"%x\r\n%s\r\n0\r\n" % (len(EVENT), EVENT)
            + b"Host: elsewhere.example\r\nAuthorization: Bearer none\r\nContent-Length: 5\r\n\r\n"
            + LAST,
        ),
        statuses=(201, 200),
    ),
    Find(
        name="an empty line comes after an answer, and then nothing (D3)",
        pieces=(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n", WAIT, b"\r\n"),
        statuses=(200,),
    ),
    Find(
        name="a Host is none (D16)",
        pieces=(b"GET /healthz HTTP/1.1\r\nHost: a b/c?d@e\r\n\r\n" + LAST,),
        statuses=(400,),
    ),
    Find(
        name="a target names another host (D16)",
        pieces=(b"GET http://elsewhere.example/healthz HTTP/1.1\r\n" + HOST + b"\r\n" + LAST,),
        statuses=(400,),
    ),
    Find(
        name="a request names no version (D16)",
        pieces=(b"GET /healthz\r\n" + HOST + b"\r\n" + LAST,),
        statuses=(400,),
    ),
    Find(
        name="a client asks for a hold and closes its own side",
        pieces=(b"POST /v1/holds HTTP/1.1\r\n" + JSON + b"Content-Length: %d\r\n\r\n%s" % (len(HOLD), HOLD),),
        statuses=(201,),
        end="half-close",
    ),
    Find(
        name="a request comes after a large body was answered",
        pieces=(POST + b"Content-Length: 70000\r\n\r\n" + b" " * 70_000, WAIT, LAST),
        statuses=(400, 200),
    ),
    Find(
        name="a target names an empty host, and no Host is sent",
        pieces=(b"GET http:// HTTP/1.1\r\nX: y\r\n\r\n" + LAST,),
        statuses=(400,),
    ),
    Find(
        name="a line feed ends a line, and the client closes its own side",
        pieces=(b"GET /\n",),
        statuses=(400,),
        end="half-close",
    ),
    Find(
        name="a head without a Host and without its body ends with the client's side",
        pieces=(b"PUT / HTTP/1.1\r\nX: y\r\nContent-Length: 9\r\n\r\n",),
        statuses=(400,),
        end="half-close",
    ),
    Find(
        name="the rest of a large body comes after an early answer, in two pieces",
        pieces=(
            b"POST /v1/events HTTP/1.1\r\nHost: guest.example\r\nContent-Type: application/json\r\n"
            b"Content-Length: 70000\r\n\r\n" + b" " * 10_000,
            WAIT,
            b" " * 57_000,
            b" " * 3_000 + LAST,
        ),
        statuses=(401, 200),
        is_early=True,
    ),
)
