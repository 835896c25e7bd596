"""Limits of streams: a guest's address has few open ones, and every kind of end frees its place.

The kind: whatever ends a request for a stream. Those that have no stream at all (an absent event, `HEAD`, a condition)
are ends, too. A killed worker cannot free its places, so others do it (the last tests).
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from holdfast.http.application import Application
from holdfast.limits.open_streams import OpenStreams
from support.house_of import make_event
from support.http_app import engine_of, running_app
from support.http_serving import serving, until

SERVER_KEY = b"k" * 32
SECONDS = 30.0


class Served(NamedTuple):
    port: int
    event: int
    layer: Application


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    """A closed server on which a guest may have two streams."""
    async with running_app(database_url, open=False, limit_streams=2, limit_requests_per_minute=0) as layer:
        event = await make_event(engine_of(layer), capacity=10)
        async with serving(layer) as (port, _):
            yield Served(port, event.number, layer)


async def ask(
    served: Served, *, method: str = "GET", event: int | None = None, more: str = ""
) -> tuple[socket.socket, bytes]:
    """Ask for a stream, and return the connection and the head of the answer."""
    client = socket.create_connection(("127.0.0.1", served.port))
    client.setblocking(False)
    path = f"/v1/events/{served.event if event is None else event}/stream"
    client.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())
    head = b""
    async with asyncio.timeout(SECONDS):
        while b"\r\n\r\n" not in head:
            some = await asyncio.get_running_loop().sock_recv(client, 64 * 1024)
            assert some, head
            head += some
    return client, head


async def is_streamed(served: Served) -> tuple[socket.socket, bool]:
    client, head = await ask(served)
    assert head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 429 ")), head
    return client, head.startswith(b"HTTP/1.1 200 ")


async def test_a_guest_has_so_few_streams(served: Served):
    clients = [await is_streamed(served) for _ in range(3)]
    assert [streamed for _, streamed in clients] == [True, True, False]
    refused, head = await ask(served)
    text = head.decode().lower()
    assert '\r\nratelimit-policy: "streams";q=2\r\n' in text
    assert '\r\nratelimit: "streams";r=0;t=10\r\n' in text
    assert "\r\nretry-after: 10\r\n" in text
    assert "at most 2 streams" in text
    for client in (refused, *(client for client, _ in clients)):
        client.close()


async def test_many_at_once_are_counted_exactly(served: Served):
    clients = await asyncio.gather(*(is_streamed(served) for _ in range(40)))
    assert sum(streamed for _, streamed in clients) == 2
    for client, _ in clients:
        client.close()


@pytest.mark.parametrize("end", ["closed", "reset", "half closed", "the server's"])
async def test_the_end_of_a_stream_frees_its_place(served: Served, end: str):
    first, _ = await is_streamed(served)
    second, streamed = await is_streamed(served)
    assert streamed
    streams = engine_of(served.layer).streams
    match end:
        case "closed":
            first.close()
        case "reset":
            first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            first.close()
        case "half closed":
            first.shutdown(socket.SHUT_WR)
        case "the server's":
            streams.close()
            await until(lambda: streams.count == 0)
            assert counted(served) == 0
            streams._closing = False
    await until(lambda: streams.count <= 1)
    await until(lambda: counted(served) <= 1)
    third, streamed = await is_streamed(served)
    assert streamed
    for client in (first, second, third):
        client.close()
    await until(lambda: counted(served) == 0)


def counted(served: Served) -> int:
    """Return the places that are taken."""
    open_streams = served.layer.request_class.open_streams  # type: ignore[attr-defined]  # of our own routes
    return sum(1 for slot in range(4_096 * 32) if open_streams._slots.key_in(slot))


async def test_a_request_without_a_stream_takes_no_place(served: Served):
    for _ in range(3):
        for method, event, more in (
            ("HEAD", None, ""),
            ("GET", 999, ""),
            ("GET", None, 'If-Match: "x"\r\n'),
            ("GET", None, "If-None-Match: *\r\n"),
        ):
            client, head = await ask(served, method=method, event=event, more=more)
            client.close()
            assert b" 429 " not in head
            await until(lambda: counted(served) == 0)


async def test_under_another_server_a_stream_ends_too(served: Served):
    """There it is an iterator, and the client leaves by a message."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "query_string": b"",
        "path": f"/v1/events/{served.event}/stream",
        "raw_path": f"/v1/events/{served.event}/stream".encode(),
        "headers": [(b"host", b"localhost")],
        "client": ("203.0.113.7", 1),
        "server": ("localhost", 80),
        "root_path": "",
    }
    leaving = asyncio.Event()
    statuses: list[int] = []

    async def receive() -> dict[str, str]:
        await leaving.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, int]) -> None:
        if "status" in message:
            statuses.append(message["status"])

    def open_one() -> asyncio.Task[None]:
        return asyncio.create_task(served.layer(dict(scope), receive, send))  # type: ignore[arg-type]  # plain messages

    async with asyncio.timeout(SECONDS):
        streams = [open_one(), open_one()]
        await until(lambda: len(statuses) == 2)
        await open_one()
        assert statuses == [200, 200, 429]
        leaving.set()
        await asyncio.gather(*streams)
        assert counted(served) == 0


HOLD_TWO = """
import sys
from pathlib import Path
from holdfast.limits.open_streams import OpenStreams
streams = OpenStreams(Path(sys.argv[1]), max_streams=2, server_key=b"k" * 32)
print([streams.open("203.0.113.7") is not None for _ in range(3)], flush=True)
sys.stdin.readline()
"""


def test_a_killed_worker_keeps_no_place(tmp_path: Path):
    streams = OpenStreams(tmp_path, max_streams=2, server_key=SERVER_KEY)
    worker = subprocess.Popen(
        [sys.executable, "-c", HOLD_TWO, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "[True, True, False]\n"
    assert streams.open("203.0.113.7") is None
    worker.kill()
    worker.communicate()
    slots = [streams.open("203.0.113.7") for _ in range(3)]
    assert [slot is not None for slot in slots] == [True, True, False]
    for slot in slots[:2]:
        assert slot is not None
        streams.close(slot)
        streams.close(slot)
    assert streams.open("203.0.113.7") is not None


def test_a_process_of_the_same_number_is_another(tmp_path: Path):
    """A container's processes have small numbers, which soon come again."""
    streams = OpenStreams(tmp_path, max_streams=1, server_key=SERVER_KEY)
    assert streams.open("203.0.113.7") is not None
    again = OpenStreams(tmp_path, max_streams=1, server_key=SERVER_KEY)
    assert again.open("203.0.113.7") is None
    slots = again._slots
    (slot,) = [slot for slot in range(4_096 * 32) if slots.key_in(slot)]
    key = slots.key_in(slot)
    slots.clear(slot)
    slots.put(key, os.getpid(), 1)
    assert again.open("203.0.113.7") is not None
