"""Streaming: how a stream goes out, written straight to the client's connection where it is one of ours."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

from holdfast.sse import Message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from holdfast.api.cycle import Cycle
    from holdfast.api.sending import Receive, Send
    from holdfast.http.reply import Joining

__all__ = ["push_chunks", "send_chunks"]

_UNSENT_BYTES = 64 * 1024
"""What the kernel keeps for a slow reader beyond what is on its way: else it would be megabytes of old news."""
_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class Connection:
    """The reader of a stream at the other end of a connection of ours. A chunk is framed once for all of them.

    Neither a task nor a timer waits for it: the connection's own limits end it where it does not read at all.
    """

    __slots__ = ("_cycle", "is_over")

    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle
        self.is_over = False
        if _NOTSENT_LOWAT is not None:
            with contextlib.suppress(OSError, AttributeError):  # of another kind than TCP
                cycle.transport.get_extra_info("socket").setsockopt(
                    socket.IPPROTO_TCP, _NOTSENT_LOWAT, _UNSENT_BYTES
                )

    @property
    def is_ready(self) -> bool:
        return not self._cycle.flow.write_paused

    def write(self, message: Message) -> bool:
        cycle = self._cycle
        if cycle.flow.write_paused:
            return False
        framed = message.framed
        if framed is None:
            framed = message.framed = b"%x\r\n%b\r\n" % (len(message.body), message.body)
        transport = cycle.transport
        if not (cycle.disconnected or transport.is_closing()):
            transport.write(framed)
        return True

    def end(self) -> None:
        self.is_over = True
        self._cycle.message_event.set()


async def push_chunks(cycle: Cycle, send: Send, receive: Receive, join: Joining) -> None:
    """After the head was sent: whoever is joined writes to the connection, until it ends or the client leaves."""
    connection = Connection(cycle)
    with join(connection):
        while not connection.is_over:
            if (await receive())["type"] == "http.disconnect":
                return
    await send({"type": "http.response.body", "body": b""})


async def send_chunks(chunks: AsyncIterator[bytes], send: Send, receive: Receive) -> None:
    """After the head was sent: chunk by chunk, as they come, until they end or the client leaves."""
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
    async with contextlib.aclosing(chunks):  # type: ignore[type-var]  # all are async generators
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
