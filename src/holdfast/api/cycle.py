"""Cycle: one request and its answer on a connection of ours, with shorter ways in and out than ASGI's messages.

The layer is an ordinary ASGI application, and stays one under any server. Under our own protocol it finds the cycle in
the scope: a body that has already arrived is taken without a message, and a whole answer is one write. Both cost less
than a third of what the messages do, and the bytes on the wire are the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from holdfast.http.reply import Reply
from holdfast.http.response_head import head_of

__all__ = ["Cycle", "Signal"]

_Header = tuple[bytes, bytes]


class Signal:
    """What the cycle needs of an `asyncio.Event`: one waiter, and no cost where nobody waits."""

    __slots__ = ("_is_set", "_waiter")

    def __init__(self) -> None:
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        self._is_set = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def clear(self) -> None:
        self._is_set = False

    async def wait(self) -> None:
        while not self._is_set:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter


class Cycle(RequestResponseCycle):
    """uvicorn's, and two shortcuts. `scope` is its request; `on_response` is called once the answer is written."""

    # What most cycles never change is the class's own: setting it each time costs as much as all the rest.
    access_log = False
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding = None
    expected_content_length = 0

    def __init__(  # not the base's: it is told what never changes on a connection, each time by name
        self,
        scope: Any,
        transport: asyncio.Transport,
        *,
        flow: FlowControl,
        default_headers: list[_Header],
        on_response: Callable[[], None],
        logger: Any,
        expects_continue: bool,
        keep_alive: bool,
    ) -> None:
        self.scope = scope
        self.transport = transport
        self.flow = flow
        self.logger = self.access_logger = logger
        self.default_headers = default_headers
        self.message_event = Signal()  # type: ignore[assignment]  # as much of an event as is used of it
        self.on_response = on_response
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = expects_continue
        self.body = b""  # type: ignore[assignment]  # it is added to, and nothing else

    def take_body(self) -> bytes | None:
        """The body where all of it is here; None where it must be received. After this it has been received."""
        if self.more_body or self.disconnected:
            return None
        body: bytes = self.body  # type: ignore[assignment]  # as above
        self.body = b""  # type: ignore[assignment]  # as above
        return body

    @property
    def takes_answer(self) -> bool:
        """Whether an answer can be written at once; else it goes by messages, which wait for a slow reader."""
        return not (self.response_started or self.flow.write_paused)

    def answer(self, reply: Reply, *, request_id: bytes, secure: bool, head: bool) -> None:
        """Writes all of an answer, with `head` all but its body. Nobody is written to who has left."""
        self.response_started = self.response_complete = True
        if self.disconnected:
            return
        more = _lines(self.default_headers)
        if not self.keep_alive:
            more += b"connection: close\r\n"
        written = head_of(reply, request_id, secure=secure, more=more)
        self.transport.write(written if head else written + reply.body)
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def _lines(headers: list[_Header]) -> bytes:
    """The server's own headers as lines. It makes the list anew each second, for the date; others share it."""
    global _last  # noqa: PLW0603 - one list is in use at a time
    if _last[0] is not headers:
        _last = headers, b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return _last[1]


_last: tuple[list[_Header], bytes] = [], b""
