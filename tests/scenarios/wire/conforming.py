"""Conforming: the server under the conformance tests, and the requests that they send."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.wire.raw import MAX_SECONDS, Answer, exchange
from support.serving import Serving

__all__ = [
    "HEALTH",
    "RawAnswer",
    "as_staff",
    "ask",
    "conforming_server",
    "event_names",
    "hold_body",
    "host_of",
    "make_event",
    "raw_answer",
    "refusal",
    "request",
]

GUEST_HOST = b"example.org"
"""A name of another machine: a request for it comes from a guest."""


@contextlib.contextmanager
def conforming_server() -> Iterator[Serving]:
    """A server with short deadlines. At its end, its log must have no traceback."""
    with tempfile.TemporaryDirectory(prefix="holdfast-wire-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        settings = {"body_timeout_seconds": "2", "keep_alive_seconds": "5"}
        with Serving(Path(name) / "data", **settings) as server:
            yield server
        assert "Traceback" not in "\n".join(server.said)


def request(
    target: bytes = b"/healthz",
    *fields: bytes,
    method: bytes = b"GET",
    version: bytes = b"HTTP/1.1",
    host: bytes | None = GUEST_HOST,
    body: bytes | None = None,
    is_last: bool = True,
) -> bytes:
    """Return a complete request. `is_last` asks the server to close the connection after its answer."""
    lines = [b"%s %s %s" % (method, target, version)]
    if host is not None:
        lines.append(b"Host: " + host)
    lines += fields
    if is_last:
        lines.append(b"Connection: close")
    if body is not None:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", b""]) + (body or b"")


HEALTH = request()


def host_of(port: int) -> bytes:
    """Return the Host with which a program on this machine is staff."""
    return b"localhost:%d" % port


def hold_body(event: int) -> bytes:
    return json.dumps({"event": event, "lines": [{"quantity": 1}]}).encode()


async def ask(port: int, data: bytes, *, method: bytes = b"GET") -> Answer:
    """Send a request that asks for the end of the connection, and return the only answer."""
    (answer,) = await exchange(port, [data], methods=[method])
    assert answer.is_whole
    return answer


async def refusal(port: int, data: bytes, *, status: int = 400) -> Answer:
    """Send a broken request, and return its refusal. No request behind it may run, and the connection must end."""
    answers = await exchange(port, [data + HEALTH])
    assert [answer.status for answer in answers] == [status], answers
    assert answers[0].header(b"connection") == b"close"
    assert answers[0].header(b"content-type") == b"application/problem+json"
    return answers[0]


def as_staff(port: int, method: str, path: str, body: Any = None) -> Any:
    """Send a request with an ordinary client, and return the JSON of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=MAX_SECONDS)
    try:
        content = None if body is None else json.dumps(body).encode()
        connection.request(method, path, content, {"Content-Type": "application/json"} if content else {})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 300, text
        return json.loads(text)
    finally:
        connection.close()


def make_event(port: int) -> int:
    """Create an event on sale, and return its number."""
    made = as_staff(port, "POST", "/v1/events", {"name": "Concert", "capacity": 100_000})
    number: int = made["number"]
    return number


def event_names(port: int) -> list[str]:
    return [one["name"] for one in as_staff(port, "GET", "/v1/events?limit=200")["items"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """An answer in bytes: the lines of its head without their ends, and everything behind the head."""

    status_line: bytes
    lines: tuple[bytes, ...]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.status_line.split(b" ")[1])

    def all(self, name: bytes) -> list[bytes]:
        pairs = [line.partition(b":") for line in self.lines]
        return [value.strip(b" \t") for key, _, value in pairs if key.lower() == name]


def raw_answer(port: int, data: bytes) -> RawAnswer:
    """Send one request, and read to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=MAX_SECONDS) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        parts: list[bytes] = []
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65_536):
                parts.append(part)
    head, end, body = b"".join(parts).partition(b"\r\n\r\n")
    assert end, (data[:200], head[:200])
    status_line, *lines = head.split(b"\r\n")
    return RawAnswer(status_line=status_line, lines=tuple(lines), body=body)
