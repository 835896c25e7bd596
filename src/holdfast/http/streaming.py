"""Streaming: sends a stream, written directly to the client's connection if it is one of ours."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from holdfast.sse import Message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from holdfast.http.asgi import Receive, Send
    from holdfast.http.reply import Joining
    from holdfast.http.server.request import Cycle

__all__ = ["push", "send_chunks"]


class ConnectionReader:
    """The reader of a stream on one of our connections. Each chunk is framed once for all readers.

    It needs no task and no timer: the connection's own limits end it if the client does not read.
    """

    __slots__ = ("_has_chunks", "_request", "is_over")

    def __init__(self, request: Cycle) -> None:
        self._request = request
        self._has_chunks = request.version != "1.0"
        self.is_over = False

    @property
    def is_ready(self) -> bool:
        return not self._request.connection.writer.is_paused

    def write(self, message: Message) -> bool:
        connection = self._request.connection
        if connection.writer.is_paused:
            return False
        if not self._has_chunks:
            connection.write(message.body)
            return True
        framed = message.framed
        if framed is None:
            framed = message.framed = b"%x\r\n%b\r\n" % (len(message.body), message.body)
        connection.write(framed)
        return True

    def end(self) -> None:
        self.is_over = True
        self._request.wake()


async def push(request: Cycle, join: Joining) -> None:
    """Join the stream after the head was sent; it writes to the connection until either side ends."""
    reader = ConnectionReader(request)
    with join(reader):
        await request.wait_until_left(lambda: reader.is_over)


async def send_chunks(chunks: AsyncIterator[bytes], send: Send, receive: Receive) -> None:
    """Send chunks as they arrive, after the head was sent, until they end or the client leaves."""
    leaving = asyncio.create_task(_until_left(receive))
    sending = asyncio.create_task(_send_each(chunks, send))
    try:
        await asyncio.wait({leaving, sending}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        for task in (leaving, sending):
            task.cancel()
        for task in (leaving, sending):
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task


async def _send_each(chunks: AsyncIterator[bytes], send: Send) -> None:
    async with contextlib.aclosing(chunks):  # type: ignore[type-var]  # every stream is an async generator
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
