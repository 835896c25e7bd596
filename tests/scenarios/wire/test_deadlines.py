"""Deadlines: a client that stops anywhere loses its connection, and the server gets memory and descriptor back.

The bug class is "a state without a bound". Each script below brings a connection into one state and stops there. The
list covers the states of `connection.py`, and each place in a request where a client can stop: before, in and behind
the head, the body, a chunk's size, its data, the trailers and the answer.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from holdfast.access.permissions import Permission
from holdfast.http.reply import Reply, StreamReply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from holdfast.http.server.limits import ConnectionLimits
from holdfast.metrics import render_prometheus
from holdfast.sse import Message, Reader
from scenarios.wire.raw import MAX_SECONDS, RawConnection
from support.http_serving import QUICK, serving, until
from support.http_surface import layer_of

LARGE = b"x" * (16 * 1024 * 1024)
"""More bytes than the kernel buffers for a connection."""

SHORT = replace(
    QUICK,
    head_seconds=0.1,
    body_seconds=0.1,
    answer_seconds=0.3,
    keep_alive_seconds=0.1,
    rest_seconds=0.1,
    closing_seconds=0.1,
    stalled_reader_seconds=0.2,
    untaken_seconds=0.3,
)

routes = Routes(tag="tests")


@routes.post("/echo", policy=Permission.PUBLIC)
async def echo(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return body


@routes.get("/here", policy=Permission.PUBLIC)
async def be_here(request: Request) -> bool:
    return True


@routes.get("/large", policy=Permission.PUBLIC)
async def large(request: Request) -> Reply:
    return Reply(body=LARGE)


@routes.get("/small-messages", policy=Permission.PUBLIC)
async def stream_small_messages(request: Request) -> StreamReply:
    """More than a narrow client's kernel takes, and less than the server's kernel keeps."""
    return _stream_of(*[Message(b"x" * 100)] * 200)


@routes.get("/large-message", policy=Permission.PUBLIC)
async def stream_large_message(request: Request) -> StreamReply:
    return _stream_of(Message(LARGE))


def _stream_of(*messages: Message) -> StreamReply:
    """Return a stream that never ends by itself."""

    @contextmanager
    def join(reader: Reader) -> Iterator[None]:
        for message in messages:
            reader.write(message)
        yield

    return StreamReply(chunks=_nothing(), join=join)


async def _nothing() -> AsyncIterator[bytes]:
    for nothing in ():
        yield nothing


@routes.get("/never", policy=Permission.PUBLIC)
async def never(request: Request) -> bool:
    await asyncio.Event().wait()
    return True


@routes.post("/staff", policy=Permission.EVENTS_WRITE)
async def staff(request: Request, body: dict[str, Any]) -> bool:
    return True


APPLICATION = layer_of(routes, access_log=False, open_mode=False)

HOST = b"Host: localhost\r\n"
GET = b"GET /here HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
STAFF = b"POST /staff HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

SILENCES: dict[str, list[bytes]] = {
    "nothing at all": [],
    "one byte": [b"G"],
    "an empty line": [b"\r\n"],
    "half a request line": [b"GET /he"],
    "half a header": [b"GET /here HTTP/1.1\r\nHost: loc"],
    "all but the last line feed": [GET[:-1]],
    "an answered request": [GET],
    "an answered request and an empty line": [GET, b"\r\n"],
    "an answered request and half a line end": [GET, b"\r"],
    "an answered request and half a head": [GET, b"GET /"],
    "no body": [POST + b"Content-Length: 10\r\n\r\n"],
    "half a body": [POST + b"Content-Length: 10\r\n\r\n{"],
    "no chunk": [POST + CHUNKED],
    "half a chunk size": [POST + CHUNKED + b"1"],
    "half an extension": [POST + CHUNKED + b"1;a"],
    "half a chunk": [POST + CHUNKED + b"5\r\n{"],
    "a chunk without its end": [POST + CHUNKED + b"2\r\n{}"],
    "chunks without an end": [POST + CHUNKED + b"2\r\n{}\r\n"],
    "a last chunk without its end": [POST + CHUNKED + b"2\r\n{}\r\n0\r\n"],
    "half a trailer": [POST + CHUNKED + b"2\r\n{}\r\n0\r\nA: b"],
    "a trailer without an end": [POST + CHUNKED + b"2\r\n{}\r\n0\r\nA: b\r\n"],
    "an expectation": [POST + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"],
    "the rest of a refused body": [STAFF + b"Content-Length: 10\r\n\r\n"],
    "the rest of a refused body in chunks": [STAFF + CHUNKED + b"2\r\n{}\r\n"],
    "the rest of a large refused body": [STAFF + b"Content-Length: 10000000\r\n\r\n{"],
    "a refused expectation": [STAFF + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"],
    "a broken head": [b"hello\r\n\r\n"],
    "CONNECT": [b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n"],
    "an upgrade": [b"GET /here HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
    "the last request": [b"GET /here HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"],
    "HTTP/1.0": [b"GET /here HTTP/1.0\r\n\r\n"],
    "an answer that never comes": [b"GET /never HTTP/1.1\r\n" + HOST + b"\r\n"],
    "a request behind one that is not answered": [b"GET /never HTTP/1.1\r\n" + HOST + b"\r\n", GET],
}


@pytest.mark.parametrize("pieces", SILENCES.values(), ids=SILENCES.keys())
async def test_a_silent_client_is_disconnected(pieces: list[bytes]) -> None:
    """The client keeps its side open for ever."""
    async with serving(APPLICATION, SHORT) as (port, service), RawConnection(port) as connection:
        await connection.send(*pieces)
        async with asyncio.timeout(MAX_SECONDS):
            await connection.reader.read()
        await _until_gone(service)
        assert service.load.unread_bytes == service.load.unsent_bytes == 0


READERS = {
    "an answer": b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n",
    "the last answer": b"GET /large HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    "an answer and a request behind it": b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n" + GET,
    "an answer in HTTP/1.0": b"GET /large HTTP/1.0\r\n\r\n",
    "a large message of a stream": b"GET /large-message HTTP/1.1\r\n" + HOST + b"\r\n",
    "many answers": b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n" + GET * 500,
}


@pytest.mark.parametrize("request_bytes", READERS.values(), ids=READERS.keys())
async def test_a_client_that_does_not_read_is_disconnected(request_bytes: bytes) -> None:
    async with serving(APPLICATION, SHORT) as (port, service):
        with _narrow(port) as client:
            client.sendall(request_bytes)
            await _until_there(service)
            await _until_gone(service)
            assert service.load.unread_bytes == service.load.unsent_bytes == 0


STREAM = b"GET /small-messages HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.mark.parametrize("is_gone", [False, True], ids=["reads nothing", "is gone"])
async def test_a_stream_that_nobody_takes_ends(*, is_gone: bool) -> None:
    """All of its bytes fit into the kernel, so none waits in the server. Then the kernel's own limit ends it.

    The client's machine stands still, or the network between has failed: no byte is acknowledged, keep-alives neither.
    Another client takes every byte, and its stream outlives both limits.
    """
    async with serving(APPLICATION, SHORT) as (port, service), RawConnection(port) as reader:
        await reader.send(STREAM)
        await until(lambda: _states(service) == ["STREAMING"])
        with _narrow(port) as client:
            if is_gone:
                _drop_all(client)
            client.sendall(STREAM)
            before = _count_overdue()
            await until(lambda: len(service.connections) == 2)
            await until(lambda: len(service.connections) == 1)
            assert _count_overdue() == before + 1
            assert _states(service) == ["STREAMING"]


def _states(service: Any) -> list[str]:
    return [one.state.name for one in service.connections]


def _count_overdue() -> float:
    lines = render_prometheus().decode().splitlines()
    name = 'holdfast_http_connections_overdue_total{state="streaming"} '
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


_RETURN = 0x06
_SO_ATTACH_FILTER = 26


def _drop_all(client: socket.socket) -> None:
    """Let the client's kernel drop each arriving segment before it acknowledges it, as a failed network does."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, 0), 8)
    client.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HxxxxxxP", 1, ctypes.addressof(program))
    )


async def test_a_client_that_only_sends_is_disconnected() -> None:
    """Unread answers fill the way back. Then the server reads no more."""
    limits = replace(SHORT, requests_per_connection=10**9)
    async with serving(APPLICATION, limits) as (port, service):
        with _narrow(port) as client:
            flooding = asyncio.ensure_future(_flood(client))
            await _until_there(service)
            await _until_gone(service)
            with pytest.raises(ConnectionError):
                await flooding


async def test_bytes_behind_the_last_answer_are_dropped_up_to_a_limit() -> None:
    limits = replace(QUICK, closing_seconds=3600.0, closing_bytes=100_000)
    async with serving(APPLICATION, limits) as (port, service), RawConnection(port) as connection:
        await connection.send(STAFF + b"Content-Length: 10000000\r\n\r\n")
        answer = await connection.answer()
        assert answer is not None
        assert (answer.status, answer.header(b"connection")) == (401, b"close")
        await connection.send(*[b"x" * 10_000] * 11)
        await _until_gone(service)


async def test_the_rest_of_a_refused_body_is_read_and_the_connection_goes_on() -> None:
    async with serving(APPLICATION, QUICK) as (port, _), RawConnection(port) as connection:
        for head, body in (
            (STAFF + b"Content-Length: 60000\r\n\r\n", b" " * 60_000),
            (STAFF + CHUNKED, b"ea60\r\n" + b" " * 60_000 + b"\r\n0\r\n\r\n"),
        ):
            await connection.send(head)
            refused = await connection.answer()
            assert refused is not None
            assert (refused.status, refused.header(b"connection")) == (401, None)
            await connection.send(body, GET)
            answer = await connection.answer()
            assert answer is not None
            assert (answer.status, answer.body) == (200, b"true")


async def test_an_endless_rest_in_chunks_ends_the_connection() -> None:
    limits = replace(QUICK, rest_seconds=3600.0, rest_bytes=50_000, closing_seconds=0.1)
    async with serving(APPLICATION, limits) as (port, service), RawConnection(port) as connection:
        await connection.send(STAFF + CHUNKED)
        refused = await connection.answer()
        assert refused is not None
        await connection.send(*[b"1000\r\n" + b" " * 4_096 + b"\r\n"] * 20)
        await _until_gone(service)


async def test_empty_lines_do_not_prolong_an_idle_connection() -> None:
    limits = ConnectionLimits(tick_seconds=3600.0)
    async with serving(APPLICATION, limits) as (port, service), RawConnection(port) as connection:
        await connection.send(GET)
        assert await connection.answer() is not None
        (one,) = service.connections
        before = one.deadline
        await connection.send(b"\r\n" * 5)
        await connection.send(GET[:5])
        await until(lambda: one.state.name == "HEAD")
        assert one.deadline != before
        await connection.send(GET[5:])
        assert await connection.answer() is not None
        await connection.send(b"\r\n" * 40)
        answer = await connection.answer()
        assert answer is not None
        assert answer.status == 400


async def _flood(client: socket.socket) -> None:
    while True:
        await asyncio.get_running_loop().sock_sendall(client, GET * 1_000)


def _narrow(port: int) -> socket.socket:
    """Open a connection with small kernel buffers."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    return client


async def _until_there(service: Any) -> None:
    await until(lambda: bool(service.connections))


async def _until_gone(service: Any) -> None:
    await until(lambda: not service.connections)
