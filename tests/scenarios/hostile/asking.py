"""Requests of any bytes, as a stranger sends them, and the checks that every answer must pass."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import psycopg

from holdfast.http.application import Application
from holdfast.http.metrics import UNEXPECTED_ERRORS

Header = tuple[bytes, bytes]
JSON: Header = (b"content-type", b"application/json")
FORM: Header = (b"content-type", b"application/x-www-form-urlencoded")
MAX_ANSWER_SECONDS = 20
MAX_REFUSAL = 200_000

_INTERNALS = (
    "traceback",
    "psycopg",
    "pydantic",
    "site-packages",
    ".py",
    "select ",
    "insert into",
    "update ",
    "sqlstate",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request as bytes. Nothing in it is checked, quoted or completed."""

    method: str
    path: bytes
    query: bytes = b""
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    peer: str = "127.0.0.1"
    host: bytes = b"localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem; empty for any other answer."""
        found = self.json if self.headers[b"content-type"] == b"application/problem+json" else {}
        return str(found.get("code", ""))


async def ask(app: Application, request: Ask) -> Answer:
    """Send the request, check the answer, and return it. Raises TimeoutError if no answer arrives."""
    before = UNEXPECTED_ERRORS._value.get()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": request.path.decode("latin-1"),
        "raw_path": request.path,
        "query_string": request.query,
        "headers": [(b"host", request.host), *_framed(request)],
        "client": (request.peer, 50_000),
    }
    messages = [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async with asyncio.timeout(MAX_ANSWER_SECONDS):
        await app(scope, receive, send)
    answer = Answer(
        status=sent[0]["status"],
        headers=dict(sent[0]["headers"]),
        body=b"".join(message["body"] for message in sent[1:]),
    )
    assert UNEXPECTED_ERRORS._value.get() == before, f"an unexpected error: {request}"
    check(request, answer)
    return answer


def _framed(request: Ask) -> Sequence[Header]:
    if not request.body or any(name == b"content-length" for name, _ in request.headers):
        return request.headers
    return (*request.headers, (b"content-length", str(len(request.body)).encode()))


def check(request: Ask, answer: Answer) -> None:
    """Assert what every answer to any request must satisfy."""
    context = f"{request} -> {answer.status} {answer.body[:500]!r}"
    assert answer.status < 500, context
    assert b"\n" not in b"".join(answer.headers.values()), context
    assert answer.headers[b"x-content-type-options"] == b"nosniff", context
    assert answer.headers[b"x-request-id"], context
    if answer.status < 400:
        return
    kind = answer.headers[b"content-type"]
    assert kind in (b"application/problem+json", b"application/json"), context
    assert answer.headers[b"cache-control"] == b"no-store", context
    assert len(answer.body) < MAX_REFUSAL, context
    problem = answer.json
    assert isinstance(problem["error"], str), context
    if kind == b"application/problem+json":
        assert problem["status"] == answer.status, context
        assert problem["instance"].encode() == answer.headers[b"x-request-id"], context
        assert problem["type"].endswith(problem["code"]), context
    text = answer.body.decode().lower()
    sent_text = (request.path + request.query + request.body).decode("latin-1").lower()
    for word in _INTERNALS:
        assert word not in text or word in sent_text, context


def digest(database_url: str) -> dict[str, str]:
    """Return a hash of the rows of each table. Equal digests before and after mean that nothing changed.

    The server's own workers take leases at any time, and write how often something was refused. So these do not count.
    """
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN ('leases', 'sale_minutes') ORDER BY tablename"
        ).fetchall()
        found = {}
        for (table,) in tables:
            rows = connection.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1').fetchall()
            found[table] = f"{len(rows)} rows {sha256(repr(rows).encode()).hexdigest()[:12]}"
    return found
