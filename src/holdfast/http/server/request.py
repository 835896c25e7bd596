"""Request: one request on a connection, with the reading and writing ends for an application.

Any ASGI application exchanges messages (`receive`, `send`). Our own reads the whole body and writes a whole answer
(`read`, `answer`). That costs less than a third, and the bytes on the wire are the same.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from holdfast.errors import Busy
from holdfast.http.asgi import ClientLeft
from holdfast.http.headers import too_large
from holdfast.http.problems import problem
from holdfast.http.reply import Reply, StreamReply
from holdfast.http.response_head import CHUNKED_LINE, CLOSE_LINE, PROBLEM, head_of, stream_head_of
from holdfast.http.server.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from holdfast.http.server.head import Head
    from holdfast.http.server.ports import OpenConnection
    from holdfast.http.server.target import Target

__all__ = ["REQUEST", "Cycle"]

REQUEST = "holdfast.request"
"""The key of the `Cycle` in an ASGI scope of this server."""

_ASGI = {"version": "3.0", "spec_version": "2.4"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HALF_OVER_SECONDS = 0.5
_MAX_WAITING_BYTES = 64 * 1024
"""Max waiting bytes of a body for an application that reads messages. Above it, reading stops."""
_SMALL_ANSWER_BYTES = 4 * 1024
"""Answers up to this size are written even if the worker has too many unsent bytes."""


class Cycle:
    """Made when the head is complete. The connection feeds it the body, and the application writes the answer."""

    # Defaults that most requests keep are attributes of the class: setting each would cost as much as all the rest.
    is_whole = False
    """All of the body has arrived."""
    is_over = False
    """The connection has ended, or was refused without the application. Nothing more is written."""
    half_over_at: float | None = None
    """The loop's time at which the client closed its side. It may still read the answer, or may have left."""
    response_started = False
    response_complete = False
    _is_taken = False
    """The application has the end of the body."""
    _size = 0
    _limit: int | None = None
    """Set if the application reads the whole body: no more bytes than this are kept."""
    _response: Response | None = None
    _waiter: asyncio.Future[None] | None = None

    def __init__(self, connection: OpenConnection, head: Head, target: Target) -> None:
        self.connection = connection
        self.head = head
        self.target = target
        self.method = head.method
        self.keeps_alive = head.keeps_alive
        self.expects_continue = head.framing.expects_continue
        """The client waits for `100 Continue`, which was not sent yet."""
        self._parts: list[bytes] = []

    @property
    def version(self) -> str:
        return self.head.version

    @property
    def headers(self) -> dict[bytes, bytes] | None:
        """Return the headers by name if the head was a usual one; else None."""
        return self.head.headers

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """Return a new ASGI scope, which most requests do not need. It has the cycle under `REQUEST`."""
        head, target = self.head, self.target
        return {
            **self.connection.ends,
            "type": "http",
            "asgi": _ASGI,
            "http_version": head.version,
            "method": head.method,
            "path": target.path,
            "raw_path": target.raw_path,
            "query_string": target.query,
            "headers": head.fields,
            "root_path": "",
            REQUEST: self,
        }

    def give(self, body: bytes) -> None:
        """Set the whole body, which arrived with the head; empty without one."""
        self.is_whole = True
        if body:
            self.expects_continue = False
            self._size = len(body)
            self._parts.append(body)

    def feed(self, part: bytes) -> None:
        self.expects_continue = False  # the client sends the body without waiting
        self._size += len(part)
        if self._limit is None:
            self._parts.append(part)
            if self._size > _MAX_WAITING_BYTES:
                self.connection.pause_body()
            self.wake()
        elif self._size <= self._limit:
            self._parts.append(part)
        else:
            self._parts.clear()
            self.wake()

    def end_body(self) -> None:
        self.is_whole = True
        self.wake()

    def leave(self) -> None:
        """End, because the connection has ended. Wakes every waiter."""
        self.is_over = True
        self.wake()

    def wake(self) -> None:
        """Wake the waiters after a change."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def half_close(self) -> None:
        self.half_over_at = self.connection.service.loop.time()
        self.wake()

    def has_left(self) -> bool:
        """Return whether the client has probably left, so that work on its answer need not begin.

        A client that closes only its sending side looks the same. It is answered if the answer takes only a moment.
        """
        if self.is_over or self.half_over_at is None:
            return self.is_over
        return self.connection.service.loop.time() - self.half_over_at > _HALF_OVER_SECONDS

    def take_body(self) -> bytes | None:
        """Return the body if all of it has arrived and the connection is open; else None."""
        if not self.is_whole or self.is_over:
            return None
        self._is_taken = True
        parts = self._parts
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises BodyTooLarge above `limit`, and ClientLeft."""
        self._limit = limit
        self.connection.resume_body()
        self._continue()
        while not (self.is_whole or self.is_over or self._size > limit):
            await self.wait_for_change()
        if self._size > limit:
            self._parts.clear()
            raise too_large(limit)
        body = self.take_body()
        if body is None:
            raise ClientLeft
        return body

    def answer(
        self, reply: Reply, *, request_id: bytes, secure: bool, head: bool, closes: bool = False
    ) -> int:
        """Write a whole answer; `head` omits the body. Return its status, which is 503 without room for it."""
        if self.is_over:
            return reply.status
        connection = self.connection
        body = b"" if head else reply.body
        if len(body) > _SMALL_ANSWER_BYTES and not connection.service.load.has_room_to_send(body):
            reply = self._no_room(request_id)
            body = reply.body
        self.response_started = self.response_complete = True
        closes = closes or connection.closes_after(self)
        more = connection.service.date_line
        connection.write(
            head_of(reply, request_id, secure=secure, more=more + CLOSE_LINE if closes else more), body
        )
        connection.end_answer(closes=closes)
        return reply.status

    async def wait_until_left(self, is_over: Callable[[], bool]) -> None:
        """Return when the client has left, or when `is_over` is true after a change."""
        while not (self._has_ended or is_over()):
            await self.wait_for_change()

    def begin_stream(self, reply: StreamReply, *, request_id: bytes, secure: bool) -> None:
        """Write the head of an answer in chunks. HTTP/1.0 has no chunks, so there the end of the answer closes."""
        self.response_started = True
        more = self.connection.service.date_line
        if self.version == "1.0" or self.connection.closes_after(self):
            self.keeps_alive = False
            more += CLOSE_LINE
        if self.version != "1.0":
            more += CHUNKED_LINE
        if not self.is_over:
            self.connection.write(stream_head_of(reply, request_id, secure=secure, more=more))
            self.connection.stream()

    def end_stream(self) -> None:
        if not (self.response_complete or self.is_over):
            self.response_complete = True
            if self.version != "1.0" and self.method != "HEAD":
                self.connection.write(b"0\r\n\r\n")
            self.connection.end_answer(closes=not self.keeps_alive)

    def abandon(self) -> None:
        """Give up an answer that the application cannot finish. If it has begun, the connection is closed."""
        if self.response_started and not (self.response_complete or self.is_over):
            self.connection.abort()

    async def receive(self) -> MutableMapping[str, Any]:
        if not self._is_taken:
            self.connection.resume_body()
            self._continue()
            while not (self._parts or self.is_whole or self.is_over):
                await self.wait_for_change()
            if not self.is_over:
                body, self._size = b"".join(self._parts), 0
                self._parts.clear()
                self._is_taken = self.is_whole
                return {"type": "http.request", "body": body, "more_body": not self.is_whole}
        while not (self._has_ended or self.response_complete):
            await self.wait_for_change()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if self._response is None:
            self._response = Response(self)
        await self._response.send(message)

    async def wait_for_change(self) -> None:
        """Wait for a change. Callers check their condition before and after."""
        if self._waiter is None or self._waiter.done():
            self._waiter = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._waiter)

    @property
    def _has_ended(self) -> bool:
        return self.is_over or self.half_over_at is not None

    async def drained(self) -> None:
        """Wait until the client has taken the written bytes."""
        while self.connection.writer.is_paused and not self.is_over:
            await self.wait_for_change()

    def _continue(self) -> None:
        """Let the client send the body that the application wants (RFC 9110 10.1.1)."""
        if self.expects_continue and not (self.is_over or self.response_started):
            self.expects_continue = False
            self.connection.write(_CONTINUE)

    def _no_room(self, request_id: bytes) -> Reply:
        pages = self.connection.service.problem_pages(self.target.raw_path)
        made = problem(Busy(Busy.ANSWERS), request_id.decode("ascii"), pages=pages)
        return Reply(status=made.status, body=made.body, headers=made.headers, content_type=PROBLEM)
