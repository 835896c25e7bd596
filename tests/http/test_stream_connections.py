"""Streams on our own connections: written directly, and never queued for a client that does not read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import orjson
import pytest

from holdfast.http.application import Application
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from support.house_of import make_event, place
from support.http_serving import serving

SECONDS = 20.0
TINY_BUFFER = 4_096


class StreamedMessage(NamedTuple):
    kind: str
    id: int
    seats: dict[str, str]


@pytest.fixture
async def port(app: Application) -> AsyncIterator[int]:
    """The application behind a worker's server."""
    async with serving(app) as (port, _):
        yield port


class Client:
    """Reads one stream at its own pace."""

    def __init__(self, port: int, number: int, *, last: str | None = None, buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        resuming = "" if last is None else f"Last-Event-ID: {last}\r\n"
        self.socket.sendall(
            f"GET /v1/events/{number}/stream HTTP/1.1\r\nHost: localhost\r\n{resuming}\r\n".encode()
        )
        self._buffer = b""
        self._is_begun = False

    async def line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            await self._more()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    async def chunk(self) -> bytes:
        """Return the next chunk; empty at the end."""
        if not self._is_begun:
            self._is_begun = True
            assert await self.line() == b"HTTP/1.1 200 OK"
            head = []
            while line := await self.line():
                head.append(line)
            assert b"transfer-encoding: chunked" in head
        size = int(await self.line(), 16)
        while len(self._buffer) < size + 2:
            await self._more()
        body, end, self._buffer = self._buffer[:size], self._buffer[size : size + 2], self._buffer[size + 2 :]
        assert end == b"\r\n"
        return body

    async def _more(self) -> None:
        async with asyncio.timeout(SECONDS):
            some = await asyncio.get_running_loop().sock_recv(self.socket, 64 * 1024)
        assert some, "the connection was closed"
        self._buffer += some

    async def next(self) -> StreamedMessage:
        while True:
            fields = dict(line.split(": ", 1) for line in (await self.chunk()).decode().strip().split("\n"))
            if "event" in fields:
                seats = {seat["label"]: seat["status"] for seat in orjson.loads(fields["data"])["seats"]}
                return StreamedMessage(fields["event"], int(fields["id"].partition(".")[2]), seats)

    async def until(self, version: int) -> list[StreamedMessage]:
        """Return all messages up to the one with this version."""
        messages = [await self.next()]
        while messages[-1].id < version:
            messages.append(await self.next())
        return messages

    def close(self) -> None:
        self.socket.close()


@contextmanager
def _client(port: int, number: int, **how: int) -> Iterator[Client]:
    one = Client(port, number, **how)
    try:
        yield one
    finally:
        one.close()


async def _until(inventory: Inventory, count: int) -> None:
    async with asyncio.timeout(SECONDS):
        while inventory.streams.count != count:
            await asyncio.wait([asyncio.ensure_future(inventory.operations.check())])


async def test_a_connection_gets_a_snapshot_and_then_changes(port: int, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    with _client(port, event.number) as client:
        assert await client.chunk() == b"retry: 2000\n\n"
        assert await client.next() == StreamedMessage("snapshot", 1, {"A-1-1": "held"})
        await place(inventory, event.number, "A-1-2")
        assert await client.next() == StreamedMessage("change", 2, {"A-1-2": "held"})
        assert inventory.streams.count == 1
    await _until(inventory, 0)


async def test_a_resumed_connection_gets_the_missed_changes(port: int, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    for seat in (1, 2, 3):
        await place(inventory, event.number, f"A-1-{seat}")
    with _client(port, event.number, last=f"{inventory.epoch}.1") as client:
        assert await client.next() == StreamedMessage("change", 3, {"A-1-2": "held", "A-1-3": "held"})
        await place(inventory, event.number, "A-1-4")
        assert await client.next() == StreamedMessage("change", 4, {"A-1-4": "held"})


async def test_a_stalled_connection_gets_one_snapshot_for_missed_changes(port: int, inventory: Inventory):
    """It misses everything after the message that was being sent when it stopped reading."""
    event = await make_event(inventory, rows=1_000)
    number = event.number
    seats = tuple(f"A-{row}-{seat}" for row in range(1, 901) for seat in range(1, 11))
    block = c.BlockAdmissions(block_id=inventory.new_id(number), labels=seats, by="test")
    await inventory.block(number, block)
    first = (await inventory.read_models.get_current(number)).version
    with _client(port, number, buffer=TINY_BUFFER) as slow, _client(port, number) as quick:
        await quick.until(first)
        last = first
        for seat in range(1, 6):  # five messages for clients that read
            await place(inventory, number, f"A-1000-{seat}")
            last = (await quick.until(last + 1))[-1].id
        messages = await slow.until(last)
        assert [(each.kind, each.id) for each in messages] == [("snapshot", first), ("snapshot", last)]
        assert set(messages[-1].seats) >= {f"A-1000-{seat}" for seat in range(1, 6)}
        await place(inventory, number, "A-1000-6")
        assert await slow.next() == StreamedMessage("change", last + 1, {"A-1000-6": "held"})


async def test_a_client_that_leaves_during_a_message_affects_no_other(port: int, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    with _client(port, event.number) as client:
        await client.next()
        with _client(port, event.number) as leaving:
            await leaving.next()
            leaving.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        await place(inventory, event.number, "A-1-1")  # the client's reset may not be noticed yet
        assert (await client.next()).id == 1
        await place(inventory, event.number, "A-1-2")
        assert (await client.next()).id == 2
        await _until(inventory, 1)


async def test_a_server_stop_ends_the_chunks(port: int, app: Application, inventory: Inventory):
    """The connection stays usable while the server allows it."""
    event = await make_event(inventory, rows=1)
    with _client(port, event.number) as client:
        await client.next()
        app.end_streams()
        assert await client.chunk() == b""
        client.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await client.line() == b"HTTP/1.1 200 OK"
    await _until(inventory, 0)


async def test_requests_behind_a_stream_wait_for_its_end(port: int, inventory: Inventory, app: Application):
    event = await make_event(inventory, rows=1)
    with _client(port, event.number) as client:
        client.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await client.next()).kind == "snapshot"
        await place(inventory, event.number, "A-1-1")
        assert (await client.next()).id == 1
        app.end_streams()
        assert await client.chunk() == b""
        assert await client.line() == b"HTTP/1.1 200 OK"
