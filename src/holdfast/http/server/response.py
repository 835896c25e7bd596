"""Response: an answer that an ASGI application sends as messages."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from holdfast.http.asgi import ClientLeft
from holdfast.http.response_head import CHUNKED_LINE, CLOSE_LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from holdfast.http.server.ports import OpenCycle

__all__ = ["Response"]

_BODYLESS = frozenset({204, 304})
_CONNECTIONS_OWN = frozenset((b"content-length", b"transfer-encoding", b"connection"))


class Response:
    """Frames one answer. Raises RuntimeError for messages that ASGI does not allow."""

    def __init__(self, request: OpenCycle) -> None:
        self._request = request
        self._head = b""
        """The head, kept until the first message of the body is sent with it."""
        self._is_started = False
        self._is_bodyless = False
        self._is_chunked = False
        self._remaining: int | None = None
        """Remaining bytes of the declared length."""
        self._closes = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        request = self._request
        if request.is_over:
            raise ClientLeft(
                "nobody reads this answer"
            )  # ASGI requires an OSError, which ends endless answers
        kind = message["type"]
        if not self._is_started:
            if kind != "http.response.start":
                raise RuntimeError(f"expected http.response.start, got {kind}")
            self._start(message["status"], message.get("headers", ()))
            return
        if kind != "http.response.body" or request.response_complete:
            raise RuntimeError(f"unexpected message {kind}")
        self._write(message.get("body", b""), is_last=not message.get("more_body", False))
        if not request.response_complete:
            await request.drained()

    def _start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        request = self._request
        self._is_started = True
        self._is_bodyless = request.method == "HEAD" or status in _BODYLESS
        lines = [_status_line(status), request.connection.service.date_line]
        for name, value in headers:
            if name.lower() in _CONNECTIONS_OWN:
                self._note(name.lower(), value)
            else:
                lines.append(b"%b: %b\r\n" % (name, value))
        if self._remaining is not None and status != HTTPStatus.NO_CONTENT:
            lines.append(b"content-length: %d\r\n" % self._remaining)
        if self._remaining is None and not self._is_bodyless:
            self._is_chunked = request.version != "1.0"
            if self._is_chunked:
                lines.append(CHUNKED_LINE)
            else:
                request.keeps_alive = False
        self._closes = request.connection.closes_after(request)
        if self._closes:
            lines.append(CLOSE_LINE)
        self._head = b"".join(lines)
        if self._head.count(b"\n") != len(lines) or self._head.count(b"\r") != len(lines):
            raise ValueError("a header has a line break")
        self._head += b"\r\n"

    def _note(self, name: bytes, value: bytes) -> None:
        """Note an application's header about the connection or its framing."""
        if name == b"content-length":
            self._remaining = int(value)
        elif name == b"connection" and value.lower() == b"close":
            self._request.keeps_alive = False

    def _write(self, body: bytes, *, is_last: bool) -> None:
        request = self._request
        connection = request.connection
        request.response_started = True
        if self._remaining is not None and not self._is_bodyless:
            self._remaining -= len(body)
            if self._remaining < 0:
                raise RuntimeError("the body is longer than its Content-Length")
        head, self._head = self._head, b""
        connection.write(head + self._framed(body, is_last=is_last))
        if not is_last:
            connection.stream()
            return
        request.response_complete = True
        request.wake()
        if self._remaining and not self._is_bodyless:
            connection.abort()
        else:
            connection.end_answer(closes=self._closes)

    def _framed(self, body: bytes, *, is_last: bool) -> bytes:
        if self._is_bodyless:
            return b""
        if not self._is_chunked:
            return body
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return chunk + b"0\r\n\r\n" if is_last else chunk


@lru_cache(maxsize=256)
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")
