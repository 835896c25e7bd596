"""Readers of large answers: a slow one gets everything, a stalled one is disconnected."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from holdfast.access.permissions import Permission
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from holdfast.http.server.connection import Connection
from holdfast.http.server.limits import ConnectionLimits
from support.http_serving import QUICK, serving
from support.http_surface import layer_of

SECONDS = 20.0
ANSWER_BYTES = 16 * 1024 * 1024
"""More than the kernel buffers per connection."""

routes = Routes(tag="tests")


@routes.get("/large", policy=Permission.PUBLIC)
async def large(request: Request) -> Reply:
    return Reply(body=b"x" * ANSWER_BYTES)


class Paused(Connection):
    """Notifies when an answer waits for its reader, and when its connection ends."""

    waiting: asyncio.Queue[Paused]
    """The connection of the running test."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.is_over = asyncio.Event()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.waiting.put_nowait(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.is_over.set()


@asynccontextmanager
async def reader_of(limits: ConnectionLimits) -> AsyncIterator[socket.socket]:
    """A client that has requested the large answer and has not read it yet."""
    Paused.waiting = asyncio.Queue()
    async with serving(layer_of(routes, access_log=False), limits, connect=Paused) as (port, _):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.setblocking(False)
            await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
            one.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            yield one


async def _read(reader: socket.socket, max_bytes: int) -> int:
    """Return the number of bytes read, up to the max; less if the connection ends."""
    loop, received = asyncio.get_running_loop(), 0
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(SECONDS):
            while received < max_bytes and (some := await loop.sock_recv(reader, 64 * 1024)):
                received += len(some)
    return received


async def _waiting() -> Paused:
    async with asyncio.timeout(SECONDS):
        return await Paused.waiting.get()


async def test_a_stalled_reader_is_disconnected():
    async with reader_of(replace(QUICK, stalled_reader_seconds=0.05)) as reader:
        async with asyncio.timeout(SECONDS):
            await (await _waiting()).is_over.wait()
        assert await _read(reader, ANSWER_BYTES) < ANSWER_BYTES


async def test_a_slow_reader_stays_connected():
    """At each deadline it only has to have taken enough bytes."""
    async with reader_of(replace(QUICK, stalled_reader_seconds=3600.0)) as reader:
        connection = await _waiting()
        for _ in range(3):
            await _read(reader, 2 * 1024 * 1024)
            connection.overdue()
            assert not connection.transport.is_closing()
        connection.overdue()
        assert connection.transport.is_closing()
