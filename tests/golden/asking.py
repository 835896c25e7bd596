"""Asking: requests to the application as bytes, and answers with every header in its order."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import psycopg

from golden.masking import Mask
from support.http_app import NEVER_SECONDS, running_app
from support.postgres import TestDatabases

__all__ = ["ALL_SCOPES", "Asked", "Heard", "House", "ask", "entry_of", "opened_house"]

MAX_SECONDS = 60
ALL_SCOPES = ("read", "sell", "organise")
MAX_SHOWN = 4_000
"""Longer texts are recorded by their digest."""

_KEYS = {
    "staff": ALL_SCOPES,
    "reader": ("read",),
    "seller": ("sell",),
    "organiser": ("organise",),
    "nobody": (),
}
_SECRET = "s" * 43


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. Nothing in it is checked or completed, but for Host and Content-Length."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    host: str | None = "localhost"
    peer: str = "203.0.113.7"
    is_cut: bool = False
    """Whether the body never arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A running application over a database of its own, with an API key for each of `_KEYS`."""

    app: Any
    database_url: str

    @staticmethod
    def key_of(who: str) -> tuple[tuple[str, str], ...]:
        """The header that makes a request one of `who`; a guest has none."""
        return () if who == "guest" else (("authorization", f"Bearer hfk_{who}_{_SECRET}"),)


@asynccontextmanager
async def opened_house(databases: TestDatabases, **chosen: Any) -> AsyncIterator[House]:
    url = databases.create()
    try:
        _insert_keys(url)
        async with running_app(url, open=False, live_check_interval_seconds=NEVER_SECONDS, **chosen) as app:
            yield House(app=app, database_url=url)
    finally:
        databases.drop(url)


def _insert_keys(url: str) -> None:
    digest = sha256(_SECRET.encode()).digest()
    with psycopg.connect(url) as connection:
        for name, scopes in _KEYS.items():
            connection.execute(
                "INSERT INTO api_keys (id, secret_hash, name, scopes, created_at)"
                " VALUES (%s, %s, %s, %s, now())",
                (name, digest, name, list(scopes)),
            )


async def ask(app: Any, asked: Asked) -> Heard:
    """A stream is left after its first message, everything else is read to its end."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": asked.method,
        "path": asked.path,
        "raw_path": asked.path.encode("latin-1"),
        "query_string": asked.query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in _framed(asked)],
        "client": (asked.peer, 50_000),
    }
    waiting = [] if asked.is_cut else [{"type": "http.request", "body": asked.body, "more_body": False}]
    sent: list[dict[str, Any]] = []
    is_heard = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        if asked.is_cut:
            await asyncio.Event().wait()
        await is_heard.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body"):
            is_heard.set()

    async with asyncio.timeout(MAX_SECONDS):
        await app(scope, receive, send)
    headers = tuple((name.decode(), value.decode("latin-1")) for name, value in sent[0]["headers"])
    is_stream = any(value == "text/event-stream" for _, value in headers)
    parts = [message.get("body", b"") for message in sent[1:]]
    return Heard(status=sent[0]["status"], headers=headers, body=parts[0] if is_stream else b"".join(parts))


def _framed(asked: Asked) -> list[tuple[str, str]]:
    host = [] if asked.host is None else [("host", asked.host)]
    length = [("content-length", str(len(asked.body)))] if asked.body else []
    given = {name for name, _ in asked.headers}
    return [*host, *asked.headers, *(one for one in length if one[0] not in given)]


def entry_of(heard: Heard, mask: Mask) -> dict[str, Any]:
    """The answer as it is recorded: status, headers in their order, and body."""
    request_id = heard.header("x-request-id")
    headers = [f"{name}: {mask.answer_text(value, request_id)}" for name, value in heard.headers]
    if heard.header("content-encoding"):  # another zlib packs otherwise
        headers = [re.sub(r"^(content-length): \d+$", r"\1: <packed>", line) for line in headers]
    return {"status": heard.status, "headers": headers, "body": _body(heard, mask, request_id)}


def _body(heard: Heard, mask: Mask, request_id: str) -> Any:
    if not heard.body:
        return ""
    kind = heard.header("content-type")
    body = gzip.decompress(heard.body) if heard.header("content-encoding") == "gzip" else heard.body
    text = body.decode()
    if "json" not in kind:
        if kind.startswith("text/html") or len(text) > MAX_SHOWN:
            return f"{len(body)} bytes, sha256 {sha256(body).hexdigest()}"
        return mask.answer_text(text, request_id).splitlines()
    parsed = json.loads(text)
    if text != json.dumps(parsed, separators=(",", ":"), ensure_ascii=False):
        raise AssertionError(f"this JSON is not written compactly: {text[:500]}")
    replaced = json.loads(text.replace(request_id, "<request id>")) if request_id else parsed
    return mask.json(replaced)
