"""Wire: HTTP/1.1 by hand over kept connections, with every way in which a client may misbehave on it.

A client library would hide what matters here: whether a byte was sent, on which connection, and what came back when.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

__all__ = ["Answer", "Lost", "NotSent", "Request", "Wire"]

CONNECT_SECONDS = 3.0
FORGOTTEN_SECONDS = 8.0
"""How long the end of a request that its client gave up is still waited for."""

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)
_REPLAYED = re.compile(rb"\r\nidempotency-replayed: *true\r\n", re.IGNORECASE)


class NotSent(Exception):
    """No connection was to be had: certainly not a byte of the request went out."""


class Lost(Exception):
    """Nobody can say what became of the request; the text says why in one word."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One that is complete."""

    status: int
    body: bytes
    replayed: bool


@dataclass(frozen=True, slots=True)
class Request:
    """One that can be sent to any server, and again; all but the server's own name is written already."""

    method: str
    path: str
    body: bytes = b""
    key: str = ""
    token: str = ""

    def encode(self, host: bytes) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1\r\n".encode(), b"Host: ", host, b"\r\n"]
        if self.key:
            lines.append(f"Idempotency-Key: {self.key}\r\n".encode())
        if self.token:
            lines.append(f"Hold-Token: {self.token}\r\n".encode())
        if self.method == "POST":
            lines.append(b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(self.body))
        return b"".join((*lines, b"\r\n", self.body))


class _Connection(asyncio.Protocol):
    """One request at a time."""

    __slots__ = ("_buffer", "_head_end", "_loop", "_size", "_waiting", "is_open", "transport")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buffer = b""
        self._head_end = self._size = -1
        self._waiting: asyncio.Future[Answer] | None = None
        self.is_open = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.is_open = cast("asyncio.Transport", transport), True  # uvloop's is not derived

    def expect(self) -> asyncio.Future[Answer]:
        self._buffer, self._head_end = b"", -1
        self._waiting = self._loop.create_future()
        return self._waiting

    def write(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def close(self, why: str = "closed") -> None:
        """At once: what is under way is lost."""
        self.is_open = False
        if self.transport is not None:
            self.transport.abort()
        self._fail(why)

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self.close()  # nobody asked
            return
        self._buffer += data
        if self._head_end < 0:
            self._head_end = self._buffer.find(b"\r\n\r\n") + 4
            if self._head_end < 4:
                self._head_end = -1
                return
            length = _LENGTH.search(self._buffer, 0, self._head_end)
            if length is None:
                self.close()
                return
            self._size = self._head_end + int(length[1])
        if len(self._buffer) >= self._size:
            self._finish()

    def _finish(self) -> None:
        text, end, waiting = self._buffer, self._head_end, self._waiting
        if _CLOSES.search(text, 0, end):
            self.is_open = False
        try:
            status = int(text[9:12])
        except ValueError:
            self.close()
            return
        self._waiting = None
        if waiting is not None and not waiting.done():
            waiting.set_result(
                Answer(status, text[end : self._size], _REPLAYED.search(text, 0, end) is not None)
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._fail("reset" if exc is not None or self._head_end < 0 else "torn")

    def _fail(self, why: str) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(Lost(why))


class Wire:
    """Connections to all servers. Connections are kept, one request at a time on each, as many as are needed."""

    def __init__(self, urls: list[str]) -> None:
        self._loop = asyncio.get_running_loop()
        self._places = [(parts.hostname or "", parts.port or 80) for parts in map(urlsplit, urls)]
        self._hosts = [f"{host}:{port}".encode() for host, port in self._places]
        self._idle: dict[int, list[_Connection]] = defaultdict(list)
        self._forgotten: set[_Connection] = set()
        self.late = 0
        """Requests whose last byte was sent after their client had given them up, and that were answered."""

    @property
    def servers(self) -> int:
        return len(self._places)

    async def ask(self, server: int, request: Request, *, seconds: float) -> Answer:
        """Raises NotSent, and Lost also where no answer came in time; then the connection is closed."""
        connection = await self._connect(server)
        waiting = connection.expect()
        connection.write(request.encode(self._hosts[server]))
        timer = self._loop.call_later(seconds, connection.close, "time_out")
        try:
            answer = await waiting
        except BaseException:
            connection.close()
            raise
        finally:
            timer.cancel()
        self._keep(server, connection)
        return answer

    async def ask_and_leave(self, server: int, request: Request, *, seconds: float) -> None:
        """Sends it whole, and closes the connection a moment later without having looked."""
        connection = await self._connect(server)
        waiting = connection.expect()
        connection.write(request.encode(self._hosts[server]))
        self._forget(connection, waiting, seconds)
        await asyncio.sleep(seconds)

    async def ask_and_forget(self, server: int, request: Request, *, seconds: float) -> None:
        """Sends it whole, waits so long, and never looks at what comes; the server can answer in peace."""
        connection = await self._connect(server)
        waiting = connection.expect()
        connection.write(request.encode(self._hosts[server]))
        self._forget(connection, waiting, FORGOTTEN_SECONDS)
        await asyncio.wait((waiting,), timeout=seconds)

    async def ask_late(self, server: int, request: Request, *, seconds: float, later: float) -> None:
        """Sends all but the end, gives up after `seconds`; the end goes out `later` than that."""
        connection = await self._connect(server)
        waiting = connection.expect()
        text = request.encode(self._hosts[server])
        connection.write(text[:-2])
        self._loop.call_later(seconds + later, self._send_end, connection, text[-2:])
        waiting.add_done_callback(self._count_late)
        self._forget(connection, waiting, seconds + later + FORGOTTEN_SECONDS)
        await asyncio.sleep(seconds)

    def close(self) -> None:
        for connections in (*self._idle.values(), self._forgotten.copy()):
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def _connect(self, server: int) -> _Connection:
        idle = self._idle[server]
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, made = await self._loop.create_connection(
                    lambda: _Connection(self._loop), *self._places[server]
                )
        except OSError as error:  # TimeoutError is one
            raise NotSent from error
        return made

    def _keep(self, server: int, connection: _Connection) -> None:
        if connection.is_open:
            self._idle[server].append(connection)
        else:
            connection.close()

    def _forget(self, connection: _Connection, waiting: asyncio.Future[Answer], seconds: float) -> None:
        """Until it is answered, or for so long."""
        self._forgotten.add(connection)
        timer = self._loop.call_later(seconds, connection.close)

        def end(ended: asyncio.Future[Answer]) -> None:
            timer.cancel()
            ended.cancelled() or ended.exception()  # it was looked at, and is nobody's
            self._forgotten.discard(connection)
            connection.close()

        waiting.add_done_callback(end)

    def _send_end(self, connection: _Connection, text: bytes) -> None:
        if connection.is_open:
            connection.write(text)

    def _count_late(self, ended: asyncio.Future[Answer]) -> None:
        if not ended.cancelled() and ended.exception() is None:
            self.late += 1
