"""Body: reads the whole body of a request within its limits on size and time."""

from __future__ import annotations

import asyncio

from holdfast.errors import BadRequest, RequestTimeout
from holdfast.http.asgi import ClientLeft, Receive
from holdfast.http.headers import too_large
from holdfast.http.request import Request

__all__ = ["arrived_body", "read_body"]


def arrived_body(request: Request, limit: int) -> bytes | None:
    """Return the body if our own server has all of it; else None. Raises BodyTooLarge."""
    body = None if request.cycle is None else request.cycle.take_body()
    if body is not None and len(body) > limit:
        raise too_large(limit)
    return body


async def read_body(request: Request, receive: Receive, limit: int, *, seconds: float) -> bytes:
    """Return the body within `seconds`. Raises BodyTooLarge, RequestTimeout, BadRequest, ClientLeft."""
    if request.cycle is not None:  # the connection checks its length and its deadline
        body = arrived_body(request, limit)
        return await request.cycle.read(limit) if body is None else body
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientLeft
                request.is_read = not message.get("more_body", False)
                part = message.get("body", b"")
                size += len(part)
                if size > limit:
                    raise too_large(limit)
                parts.append(part)
                if request.is_read:
                    break
    except TimeoutError:
        request.is_read = True  # no more of it will be read
        raise RequestTimeout(f"The body did not arrive within {seconds:g} seconds.") from None
    return _checked(request, b"".join(parts), limit)


def _checked(request: Request, body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise too_large(limit)
    length = request.headers.get(b"content-length")
    if length is not None and int(length) != len(body):
        raise BadRequest(BadRequest.LENGTH_WRONG)
    return body
