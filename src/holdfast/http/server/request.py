"""Request: one request on a connection, and the ways in and out for an application.

Any ASGI application takes messages (`receive`, `send`). Our own takes the whole body and writes a whole answer
(`read`, `answer`), which costs less than a third; the bytes on the wire are the same.
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

    from holdfast.http.server.framing import Framing
    from holdfast.http.server.head import Head
    from holdfast.http.server.ports import OpenConnection
    from holdfast.http.server.target import Target

__all__ = ["REQUEST", "Cycle"]

REQUEST = "holdfast.request"
"""Where an ASGI scope of this server has its `Cycle`."""

_ASGI = {"version": "3.0", "spec_version": "2.4"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HALF_OVER_SECONDS = 0.5
_MAX_WAITING_BYTES = 64 * 1024
"""What may wait of a body for an application that takes it by messages; then reading stops."""
_SMALL_ANSWER_BYTES = 4 * 1024
"""An answer up to this size is written even when the worker keeps too many unsent bytes."""


class Cycle:
    """Made when the head is whole. The connection feeds its body, and is asked to write its answer."""

    # What most requests never change is the class's own: setting each costs as much as all the rest.
    is_whole = False
    """All of the body has arrived."""
    is_over = False
    """The connection has ended, or was refused below the application: nothing more is written."""
    half_over_at: float | None = None
    """When the client closed its side, by the loop's clock. It may still read the answer, or may have left."""
    response_started = False
    response_complete = False
    _is_taken = False
    """The application has the end of the body."""
    _size = 0
    _limit: int | None = None
    """Set where the application takes the body whole: above it, no more is kept."""
    _response: Response | None = None
    _waiter: asyncio.Future[None] | None = None

    def __init__(self, connection: OpenConnection, head: Head, target: Target, framing: Framing) -> None:
        self.connection = connection
        self.keeps_alive = head.keeps_alive and head.version == "1.1"
        self.expects_continue = framing.expects_continue
        """The client waits for `100 Continue`, and was not sent it."""
        self.method = head.method.decode("ascii")
        self.version = head.version
        self._parts: list[bytes] = []
        self.scope: MutableMapping[str, Any] = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": head.version,
            "method": self.method,
            "path": target.path,
            "raw_path": target.raw_path,
            "query_string": target.query,
            "headers": head.headers,
            "server": connection.server,
            "client": connection.client,
            "scheme": connection.scheme,
            "root_path": "",
            REQUEST: self,
        }

    def give(self, body: bytes) -> None:
        """All of the body, which came with the head; empty without one."""
        self.is_whole = True
        if body:
            self.expects_continue = False
            self._size = len(body)
            self._parts.append(body)

    def feed(self, part: bytes) -> None:
        self.expects_continue = False  # it sends the body anyway
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
        """The connection is over. Wake whatever waits for it."""
        self.is_over = True
        self.wake()

    def wake(self) -> None:
        """Something has changed for whoever waits."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def half_leave(self) -> None:
        self.half_over_at = self.connection.service.loop.time()
        self.wake()

    def has_left(self) -> bool:
        """Whether probably nobody waits for the answer: what was not begun need not be.

        A client that closes its side looks like one that leaves. It is answered if that takes no longer than a moment.
        """
        if self.is_over or self.half_over_at is None:
            return self.is_over
        return self.connection.service.loop.time() - self.half_over_at > _HALF_OVER_SECONDS

    def take_body(self) -> bytes | None:
        """The body where all of it is here, and where the connection is; else None."""
        if not self.is_whole or self.is_over:
            return None
        self._is_taken = True
        parts = self._parts
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises BodyTooLarge above `limit`, ClientLeft."""
        self._limit = limit
        self.connection.resume_body()
        self._continue()
        while not (self.is_whole or self.is_over or self._size > limit):
            await self.news()
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
        """Write all of an answer, with `head` all but its body. Returns its status: 503 without room for it."""
        if self.is_over:
            return reply.status
        connection = self.connection
        body = b"" if head else reply.body
        if len(body) > _SMALL_ANSWER_BYTES and not connection.service.load.has_room_to_send(body):
            reply = _no_room(request_id)
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
        """Return when the client has left, or when `is_over` says so after a piece of news."""
        while not (self._has_ended or is_over()):
            await self.news()

    def begin_stream(self, reply: StreamReply, *, request_id: bytes, secure: bool) -> None:
        """Write the head of an answer whose chunks follow. HTTP/1.0 has no chunks: the end of it closes."""
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
        """The application can not finish its answer. Where it has begun, the connection has to say so."""
        if self.response_started and not (self.response_complete or self.is_over):
            self.connection.break_off()

    async def receive(self) -> MutableMapping[str, Any]:
        if not self._is_taken:
            self.connection.resume_body()
            self._continue()
            while not (self._parts or self.is_whole or self.is_over):
                await self.news()
            if not self.is_over:
                body, self._size = b"".join(self._parts), 0
                self._parts.clear()
                self._is_taken = self.is_whole
                return {"type": "http.request", "body": body, "more_body": not self.is_whole}
        while not (self._has_ended or self.response_complete):
            await self.news()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if self._response is None:
            self._response = Response(self)
        await self._response.send(message)

    async def news(self) -> None:
        """Wait until something has changed. The caller looks at what it waits for before and after."""
        if self._waiter is None or self._waiter.done():
            self._waiter = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._waiter)

    @property
    def _has_ended(self) -> bool:
        return self.is_over or self.half_over_at is not None

    async def drained(self) -> None:
        """Wait until the client has taken what was written."""
        while self.connection.writer.is_paused and not self.is_over:
            await self.news()

    def _continue(self) -> None:
        """The application wants the body: the client may send it (RFC 9110 10.1.1)."""
        if self.expects_continue and not (self.is_over or self.response_started):
            self.expects_continue = False
            self.connection.write(_CONTINUE)


def _no_room(request_id: bytes) -> Reply:
    made = problem(Busy(Busy.ANSWERS), request_id.decode("ascii"))
    return Reply(status=made.status, body=made.body, headers=made.headers, content_type=PROBLEM)
