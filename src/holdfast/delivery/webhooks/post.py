"""Post: one HTTP/1.1 request to an address that was resolved before. No redirect, no proxy, no second connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import httptools

from holdfast.delivery.webhooks.address import WebhookTarget

__all__ = ["Answer", "post"]

_MAX_ANSWER_BYTES = 64 * 1024
_MAX_KEPT_BYTES = 2_048
_CHUNK = 16 * 1024


@dataclass(slots=True, kw_only=True)
class Answer:
    """A receiver's answer: its status, and the beginning of its body."""

    status: int = 0
    retry_after: str | None = None
    body: bytes = b""
    is_complete: bool = False


class _Reader(Answer):
    """The callbacks of httptools."""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after":
            self.retry_after = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        self.body = (self.body + part)[:_MAX_KEPT_BYTES]

    def on_message_complete(self) -> None:
        self.is_complete = True


async def post(target: WebhookTarget, address: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send a request and return its answer. Raises OSError, which includes errors of TLS."""
    options = {"ssl": _tls(), "server_hostname": target.host} if target.is_tls else {}
    reader, writer = await asyncio.open_connection(address, target.port, limit=_CHUNK, **options)  # type: ignore[arg-type]  # both options, or none
    try:
        lines = [
            f"POST {target.path} HTTP/1.1",
            f"Host: {target.host_header}",
            "Connection: close",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        await writer.drain()
        return await _read(reader)
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Answer:
    answer = _Reader()
    parser = httptools.HttpResponseParser(answer)
    total = 0
    try:
        while not answer.is_complete and total < _MAX_ANSWER_BYTES:
            part = await reader.read(_CHUNK)
            if not part:
                break
            total += len(part)
            parser.feed_data(part)
    except httptools.HttpParserError as error:
        raise ConnectionError("The answer is not HTTP.") from error
    answer.status = parser.get_status_code()
    if not answer.status:
        raise ConnectionError("The connection closed without an answer.")
    return answer


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
