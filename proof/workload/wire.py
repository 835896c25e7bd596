"""Wire: HTTP/1.1 by hand over kept connections, with all the ways in which a client may misbehave.

A client library would hide the important facts: which bytes were sent, on which connection, and when an
answer came.
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
"""The limit for an answer after the client gave up its request."""

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)
_REPLAYED = re.compile(rb"\r\nidempotency-replayed: *true\r\n", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation: *([^\r]*)\r\n", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\nset-cookie: *(hold-[^;\r]*)", re.IGNORECASE)


class NotSent(Exception):
    """No connection could be made: certainly no byte of the request was sent."""


class Lost(Exception):
    """The outcome of the request is unknown; the text gives the reason in one word."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    body: bytes
    replayed: bool
    location: str = ""
    """Where a page leads after a form."""
    cookie: str = ""
    """The cookie of a hold that a page gave to its browser."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can go to any server, and be repeated; only the host is missing."""

    method: str
    path: str
    body: bytes = b""
    key: str = ""
    token: str = ""
    cookie: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """The credentials of a caller."""
    is_form: bool = False
    """True for a page's form. The key is one of its fields, and no header."""

    def encode(self, host: bytes) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1\r\n".encode(), b"Host: ", host, b"\r\n"]
        body, kind = self.body, b"application/json"
        if self.is_form:
            body, kind = body + b"&form_key=" + self.key.encode(), b"application/x-www-form-urlencoded"
        elif self.key:
            lines.append(f"Idempotency-Key: {self.key}\r\n".encode())
        if self.token:
            lines.append(f"Hold-Token: {self.token}\r\n".encode())
        lines += [f"{name}: {value}\r\n".encode() for name, value in self.headers]
        if self.cookie:
            lines.append(f"Cookie: {self.cookie}\r\n".encode())
        if self.method == "POST":
            lines.append(b"Content-Type: %s\r\nContent-Length: %d\r\n" % (kind, len(body)))
        return b"".join((*lines, b"\r\n", body))


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
        """Close at once; the pending request is lost."""
        self.is_open = False
        if self.transport is not None:
            self.transport.abort()
        self._fail(why)

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self.close()  # no request is pending
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
                Answer(
                    status,
                    text[end : self._size],
                    _REPLAYED.search(text, 0, end) is not None,
                    _text_of(_LOCATION.search(text, 0, end)),
                    _text_of(_COOKIE.search(text, 0, end)),
                )
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._fail("reset" if exc is not None or self._head_end < 0 else "torn")

    def _fail(self, why: str) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(Lost(why))


def _text_of(found: re.Match[bytes] | None) -> str:
    return "" if found is None else found[1].decode("latin-1")


class Wire:
    """Connections to all servers. They are kept; each carries one request at a time."""

    def __init__(self, urls: list[str]) -> None:
        self._loop = asyncio.get_running_loop()
        self._places = [(parts.hostname or "", parts.port or 80) for parts in map(urlsplit, urls)]
        self._hosts = [f"{host}:{port}".encode() for host, port in self._places]
        self._idle: dict[int, list[_Connection]] = defaultdict(list)
        self._forgotten: set[_Connection] = set()
        self.late = 0
        """Answered requests whose last byte was sent after their client gave up."""

    @property
    def servers(self) -> int:
        return len(self._places)

    async def ask(self, server: int, request: Request, *, seconds: float) -> Answer:
        """Send a request and return its answer.

        Raises NotSent without a connection, and Lost without an answer in time, which closes the connection.
        """
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
        """Send a complete request, and close the connection a moment later without reading."""
        connection = await self._connect(server)
        waiting = connection.expect()
        connection.write(request.encode(self._hosts[server]))
        self._forget(connection, waiting, seconds)
        await asyncio.sleep(seconds)

    async def ask_and_ignore(self, server: int, request: Request, *, seconds: float) -> None:
        """Send a complete request and wait `seconds`, but ignore the answer. The connection stays open for it."""
        connection = await self._connect(server)
        waiting = connection.expect()
        connection.write(request.encode(self._hosts[server]))
        self._forget(connection, waiting, FORGOTTEN_SECONDS)
        await asyncio.wait((waiting,), timeout=seconds)

    async def ask_late(self, server: int, request: Request, *, seconds: float, later: float) -> None:
        """Send all but the last bytes, give up after `seconds`, and send the rest `later` seconds after that."""
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
        except OSError as error:  # includes TimeoutError
            raise NotSent from error
        return made

    def _keep(self, server: int, connection: _Connection) -> None:
        if connection.is_open:
            self._idle[server].append(connection)
        else:
            connection.close()

    def _forget(self, connection: _Connection, waiting: asyncio.Future[Answer], seconds: float) -> None:
        """Keep the connection until its answer, for at most `seconds`."""
        self._forgotten.add(connection)
        timer = self._loop.call_later(seconds, connection.close)

        def end(ended: asyncio.Future[Answer]) -> None:
            timer.cancel()
            ended.cancelled() or ended.exception()  # marks the exception as retrieved
            self._forgotten.discard(connection)
            connection.close()

        waiting.add_done_callback(end)

    def _send_end(self, connection: _Connection, text: bytes) -> None:
        if connection.is_open:
            connection.write(text)

    def _count_late(self, ended: asyncio.Future[Answer]) -> None:
        if not ended.cancelled() and ended.exception() is None:
            self.late += 1
