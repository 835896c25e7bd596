"""Wire: a cheap HTTP/1.1 client over persistent connections, so that the load costs less than the server.

Each connection carries one request at a time. A new connection is made only if none is idle. At the limit, requests
wait, and the pool reports how long. Each asker receives exactly one outcome: an answer, or the loss of it.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast
from urllib.parse import urlsplit

import httptools

__all__ = ["Address", "Asker", "Lost", "Pool", "RushAnswer"]

ANSWER_SECONDS = 15.0
"""A connection whose answer takes longer is closed; its request may have been carried out."""

_CONNECT_SECONDS = 5.0
_IDLE_SECONDS = 15.0
"""Servers close idle connections. The pool does not use one that the server may be closing."""

_MAX_CONNECTING = 256
_MAX_BODY = 1 << 26


class RushAnswer:
    """A complete answer."""

    __slots__ = ("body", "etag", "retry_after", "status")

    def __init__(self, status: int, body: bytes, etag: str, retry_after: str) -> None:
        self.status = status
        self.body = body
        self.etag = etag
        self.retry_after = retry_after


class Lost:
    """No answer arrived. `may_be_done`: whether a byte of the request may have been sent."""

    __slots__ = ("may_be_done", "why")

    def __init__(self, why: str, *, may_be_done: bool) -> None:
        self.why = why
        self.may_be_done = may_be_done


class Asker(Protocol):
    """Receives the outcome of its request."""

    def receive(self, outcome: RushAnswer | Lost) -> None: ...


class Address:
    """A server's address, from its URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.tls = ssl.create_default_context() if parts.scheme == "https" else None
        self.port = parts.port or (443 if self.tls else 80)
        self.prefix = parts.path.rstrip("/")
        self.name = parts.netloc.rpartition("@")[2]


class _Connection(asyncio.Protocol):
    __slots__ = ("_body", "_etag", "_parser", "_pool", "_retry_after", "_size", "asker", "since", "transport")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self._begin()
        self.asker: Asker | None = None
        self.since = 0.0
        self.transport: asyncio.Transport | None = None

    def _begin(self) -> None:
        self._body: list[bytes] = []
        self._size = 0
        self._etag = self._retry_after = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is not derived from it

    def ask(self, request: bytes, asker: Asker) -> None:
        assert self.transport is not None
        self.asker = asker
        self.since = time.monotonic()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.give_up("not_http")

    def on_header(self, name: bytes, value: bytes) -> None:
        match name.lower():
            case b"etag":
                self._etag = value
            case b"retry-after":
                self._retry_after = value

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > _MAX_BODY:
            self.give_up("too_large")
        else:
            self._body.append(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            return
        asker, self.asker = self.asker, None
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        answer = RushAnswer(status, body, self._etag.decode("latin-1"), self._retry_after.decode("latin-1"))
        keeps = self._parser.should_keep_alive()
        self._begin()
        self._pool.ended(self, keeps=keeps and asker is not None)
        if asker is not None:
            asker.receive(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.forget(self)
        asker, self.asker = self.asker, None
        if asker is not None:
            asker.receive(Lost("closed" if exc is None else "reset", may_be_done=True))

    def give_up(self, why: str) -> None:
        asker, self.asker = self.asker, None
        if self.transport is not None:
            self.transport.abort()
        if asker is not None:
            asker.receive(Lost(why, may_be_done=True))


class Pool:
    """Connections to one server, at most `limit`."""

    def __init__(self, address: Address, *, limit: int, queued: Callable[[float], None]) -> None:
        """`queued` is called with the seconds that a request waited for a connection."""
        self._loop = asyncio.get_running_loop()
        self._address = address
        self._limit = limit
        self._queued = queued
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[float, bytes, Asker]] = deque()
        self.max_open = 0

    def ask(self, request: bytes, asker: Asker) -> None:
        oldest = time.monotonic() - _IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.since >= oldest and connection.transport and not connection.transport.is_closing():
                self._queued(0.0)
                connection.ask(request, asker)
                return
            connection.give_up("idle")
        self._waiting.append((time.monotonic(), request, asker))
        self._connect_more()

    def look_after(self) -> None:
        """Close connections whose answers take too long. Call this about once a second."""
        oldest = time.monotonic() - ANSWER_SECONDS
        for connection in [one for one in self._open if one.asker is not None and one.since < oldest]:
            connection.give_up("time_out")

    def close(self) -> None:
        """Close all connections at once, without an outcome for their askers."""
        self._waiting.clear()
        for task in self._connecting:
            task.cancel()
        for connection in list(self._open):
            connection.asker = None
            connection.give_up("closed")
        self._idle.clear()

    def ended(self, connection: _Connection, *, keeps: bool) -> None:
        """Reuse a connection whose answer has arrived: the request that has waited longest gets it."""
        if not keeps:
            connection.give_up("closed")
            self._connect_more()
        elif self._waiting:
            self._serve(connection)
        else:
            self._idle.append(connection)

    def forget(self, connection: _Connection) -> None:
        self._open.discard(connection)  # `ask` skips a closed connection among the idle ones
        self._connect_more()

    def _serve(self, connection: _Connection) -> None:
        since, request, asker = self._waiting.popleft()
        self._queued(time.monotonic() - since)
        connection.ask(request, asker)

    def _connect_more(self) -> None:
        """Make a connection for each waiting request, within the limits."""
        room = min(_MAX_CONNECTING, self._limit - len(self._open), len(self._waiting))
        while len(self._connecting) < room:
            task = self._loop.create_task(self._connect())
            self._connecting.add(task)
            task.add_done_callback(self._connected)

    async def _connect(self) -> None:
        connection = _Connection(self)
        address = self._address
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._loop.create_connection(
                    lambda: connection, address.host, address.port, ssl=address.tls
                )
        except OSError as error:  # includes TimeoutError and ssl.SSLError
            if self._waiting:
                _, _, asker = self._waiting.popleft()
                asker.receive(Lost(_reason(error), may_be_done=False))
            return
        self._open.add(connection)
        self.max_open = max(self.max_open, len(self._open))
        if connection.transport is None or connection.transport.is_closing():
            self._open.discard(connection)
        elif self._waiting:
            self._serve(connection)
        else:
            connection.since = time.monotonic()
            self._idle.append(connection)

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        self._connect_more()


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused_connection"
    return "no_connection_in_time" if isinstance(error, TimeoutError) else "no_connection"
