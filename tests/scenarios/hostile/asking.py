"""Asking as a stranger would: any bytes to the application, and what must hold of every single answer."""

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
    """A request as bytes; nothing in it is checked, quoted or completed."""

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
        """Of a problem; the empty string for any other answer."""
        found = self.json if self.headers[b"content-type"] == b"application/problem+json" else {}
        return str(found.get("code", ""))


async def ask(app: Application, asked: Ask) -> Answer:
    """Send it, and hold the answer to what every answer promises. An answer that never comes is a failure."""
    before = UNEXPECTED_ERRORS._value.get()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": asked.method,
        "path": asked.path.decode("latin-1"),
        "raw_path": asked.path,
        "query_string": asked.query,
        "headers": [(b"host", asked.host), *_framed(asked)],
        "client": (asked.peer, 50_000),
    }
    waiting = [{"type": "http.request", "body": asked.body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async with asyncio.timeout(MAX_ANSWER_SECONDS):
        await app(scope, receive, send)
    answer = Answer(
        status=sent[0]["status"],
        headers=dict(sent[0]["headers"]),
        body=b"".join(message["body"] for message in sent[1:]),
    )
    assert UNEXPECTED_ERRORS._value.get() == before, f"an unexpected error: {asked}"
    check(asked, answer)
    return answer


def _framed(asked: Ask) -> Sequence[Header]:
    if not asked.body or any(name == b"content-length" for name, _ in asked.headers):
        return asked.headers
    return (*asked.headers, (b"content-length", str(len(asked.body)).encode()))


def check(asked: Ask, answer: Answer) -> None:
    """What holds of every answer, whatever was asked."""
    context = f"{asked} -> {answer.status} {answer.body[:500]!r}"
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
    told = answer.json
    assert isinstance(told["error"], str), context
    if kind == b"application/problem+json":
        assert told["status"] == answer.status, context
        assert told["instance"].encode() == answer.headers[b"x-request-id"], context
        assert told["type"].endswith(told["code"]), context
    text = answer.body.decode().lower()
    given = (asked.path + asked.query + asked.body).decode("latin-1").lower()
    for word in _INTERNALS:
        assert word not in text or word in given, context


def digest(database_url: str) -> dict[str, str]:
    """Of every table, all rows: equal before and after means that nothing was done, not even by halves."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        ).fetchall()
        found = {}
        for (table,) in tables:
            rows = connection.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1').fetchall()
            found[table] = f"{len(rows)} rows {sha256(repr(rows).encode()).hexdigest()[:12]}"
    return found
