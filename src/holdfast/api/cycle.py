"""Cycle: one request and its answer on a connection of ours, with shorter ways in and out than ASGI's messages.

The layer is an ordinary ASGI application, and stays one under any server. Under our own protocol it finds the cycle in
the scope: a body that has already arrived is taken without a message, and a whole answer is one write. Both cost less
than a third of what the messages do, and the bytes on the wire are the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

__all__ = ["CYCLE", "Cycle", "Signal"]

CYCLE = "holdfast.cycle"
"""Where the layer finds it in the scope."""

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
        self.access_log = False
        self.default_headers = default_headers
        self.message_event = Signal()  # type: ignore[assignment]  # as much of an event as is used of it
        self.on_response = on_response
        self.disconnected = False
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = expects_continue
        self.body = bytearray()
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self.chunked_encoding = None
        self.expected_content_length = 0

    def take_body(self) -> bytes | None:
        """The body where all of it is here; None where it must be received. After this it has been received."""
        if self.more_body or self.disconnected:
            return None
        body, self.body = bytes(self.body), bytearray()
        return body

    @property
    def takes_answer(self) -> bool:
        """Whether an answer can be written at once; else it goes by messages, which wait for a slow reader."""
        return not (self.response_started or self.flow.write_paused)

    def answer(self, status: int, headers: Iterable[_Header], body: bytes, *, close: bool) -> None:
        """Writes all of an answer; `headers` has its length. Nobody is written to who has left."""
        self.response_started = self.response_complete = True
        if self.disconnected:
            return
        if close:
            self.keep_alive = False
        parts = [STATUS_LINE[status]]
        for name, value in self.default_headers:
            parts += (name, b": ", value, b"\r\n")
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"\r\n" if self.keep_alive or close else b"connection: close\r\n\r\n")
        parts.append(body)
        self.transport.write(b"".join(parts))
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
