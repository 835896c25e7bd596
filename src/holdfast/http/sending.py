"""Sending: sends a reply with the headers of every answer."""

from __future__ import annotations

import asyncio
import contextlib

from holdfast.http.asgi import Receive, Send
from holdfast.http.reply import Reply, StreamReply
from holdfast.http.response_head import headers_of
from holdfast.http.server.request import Cycle
from holdfast.http.streaming import push, send_chunks

__all__ = ["send_reply", "send_stream"]

_DRAIN_BYTES = 1024 * 1024
_DRAIN_SECONDS = 1.0


async def send_reply(
    send: Send,
    reply: Reply,
    *,
    request_id: bytes,
    secure: bool,
    head: bool = False,
    close: bool = False,
    rest: Receive | None = None,
) -> None:
    """Send a reply as ASGI messages. With `head`, the answer has its length and no body.

    With `close`, the connection ends after this answer, but only after the `rest` of the request was read. Closing on
    unread bytes resets the connection, and the client can lose the answer.
    """
    headers = headers_of(reply, request_id, secure=secure)
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    body = b"" if head else reply.body
    if rest is None:
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await _drain(rest)
    await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    remaining = _DRAIN_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while remaining > 0:
                message = await receive()
                remaining -= len(message.get("body", b"")) + 1
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


async def send_stream(
    send: Send,
    receive: Receive,
    reply: StreamReply,
    *,
    request_id: bytes,
    secure: bool,
    head: bool = False,
    request: Cycle | None = None,
) -> None:
    """Send a stream until it or its client ends: as messages, or directly to the connection of our own `cycle`.

    With `head`, only the headers are sent, and the stream does not begin.
    """
    if request is not None and (head or reply.join is not None):
        request.begin_stream(reply, request_id=request_id, secure=secure)
        if reply.join is not None and not head:
            await push(request, reply.join)
        request.end_stream()
        return
    headers = headers_of(reply, request_id, secure=secure)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if head:
        await send({"type": "http.response.body", "body": b""})
    else:
        await send_chunks(reply.chunks, send, receive)
