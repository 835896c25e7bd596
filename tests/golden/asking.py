"""Requests to the application as bytes, and its answers with every header in its order."""

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
from support.wallet_files import wallet_settings

__all__ = ["ALL_SCOPES", "Answer", "Deployment", "Request", "ask", "entry_of", "open_deployment"]

MAX_SECONDS = 60
_Headers = tuple[tuple[str, str], ...]
_UP = re.compile(r"^<(?:\.\.?/)+")
_TYPE = re.compile(rb'"type":"(?:\./|(?:\.\./)+|/)problems/')
ALL_SCOPES = ("read", "sell", "organise", "door")
_PDF = "application/pdf"
_PASS = "application/vnd.apple.pkpass"
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"
_PICTURE = "image/jpeg"
MAX_SHOWN = 4_000
"""The golden files record longer texts by their digest."""

_KEYS = {
    "staff": ALL_SCOPES,
    "reader": ("read",),
    "seller": ("sell",),
    "organiser": ("organise",),
    "nobody": (),
}
_SECRET = "s" * 43


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request. `ask` adds Host and Content-Length; nothing else is checked or completed."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    host: str | None = "localhost"
    peer: str = "203.0.113.7"
    is_cut: bool = False
    """If true, the body never arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A running application over its own database, with an API key for each of `_KEYS`."""

    app: Any
    database_url: str

    @staticmethod
    def key_of(who: str) -> tuple[tuple[str, str], ...]:
        """Return the header with the key of `who`. A guest has none."""
        return () if who == "guest" else (("authorization", f"Bearer hfk_{who}_{_SECRET}"),)


@asynccontextmanager
async def open_deployment(databases: TestDatabases, **settings: Any) -> AsyncIterator[Deployment]:
    url = databases.create()
    settings = {**wallet_settings(), **settings}
    try:
        _insert_keys(url)
        async with running_app(url, open=False, live_check_interval_seconds=NEVER_SECONDS, **settings) as app:
            yield Deployment(app=app, database_url=url)
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


async def ask(app: Any, request: Request) -> Answer:
    """Send a request and return its answer: the first message of a stream, and otherwise all of the body."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in _framed(request)],
        "client": (request.peer, 50_000),
    }
    messages = [] if request.is_cut else [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[dict[str, Any]] = []
    has_answer = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        if request.is_cut:
            await asyncio.Event().wait()
        await has_answer.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body"):
            has_answer.set()

    async with asyncio.timeout(MAX_SECONDS):
        await app(scope, receive, send)
    headers = tuple((name.decode(), value.decode("latin-1")) for name, value in sent[0]["headers"])
    is_stream = any(value == "text/event-stream" for _, value in headers)
    parts = [message.get("body", b"") for message in sent[1:]]
    body = parts[0] if is_stream else b"".join(parts)
    headers = tuple((name, _UP.sub("</", value) if name == "link" else value) for name, value in headers)
    if b"application/problem+json" in (value for _, value in sent[0]["headers"]):
        headers, body = _with_full_type(headers, body)
    return Answer(status=sent[0]["status"], headers=headers, body=body)


def _with_full_type(headers: _Headers, body: bytes) -> tuple[_Headers, bytes]:
    """Write the `type` of a problem from the root, so that a refusal of two paths is recorded in one form."""
    changed = _TYPE.sub(b'"type":"/problems/', body, count=1)
    lengths = {str(len(body)): str(len(changed))}
    return tuple(
        (name, lengths.get(value, value) if name == "content-length" else value) for name, value in headers
    ), changed


def _framed(request: Request) -> list[tuple[str, str]]:
    host = [] if request.host is None else [("host", request.host)]
    length = [("content-length", str(len(request.body)))] if request.body else []
    names = {name for name, _ in request.headers}
    return [*host, *request.headers, *(one for one in length if one[0] not in names)]


def entry_of(answer: Answer, mask: Mask) -> dict[str, Any]:
    """Return an answer in its recorded form: status, headers in their order, and body."""
    request_id = answer.header("x-request-id")
    headers = [f"{name}: {mask.answer_text(value, request_id)}" for name, value in answer.headers]
    is_made = answer.header("content-type") in (_PDF, _PASS, _PICTURE)
    if (
        answer.header("content-encoding") or is_made
    ):  # the length depends on the version of zlib, or of what made it
        headers = [re.sub(r"^(content-length): \d+$", r"\1: <packed>", line) for line in headers]
    return {"status": answer.status, "headers": headers, "body": _body(answer, mask, request_id)}


def _body(answer: Answer, mask: Mask, request_id: str) -> Any:
    if not answer.body:
        return ""
    kind = answer.header("content-type")
    if kind == _PDF:
        return f"a PDF of {'one page or more' if answer.body.startswith(b'%PDF-') else 'nothing'}"
    if kind == _PICTURE:
        return f"a picture of {'some pixels' if answer.body.startswith(bytes((0xFF, 0xD8))) else 'nothing'}"
    if kind == _PASS:
        return f"a pass of {'some files' if answer.body.startswith(b'PK') else 'nothing'}"
    if kind == _WORKBOOK:
        return f"a workbook of {'some files' if answer.body.startswith(b'PK') else 'nothing'}"
    if kind == _CSV:
        return [answer.body.decode("utf-8-sig").splitlines()[0], "some lines"]
    body = gzip.decompress(answer.body) if answer.header("content-encoding") == "gzip" else answer.body
    text = body.decode()
    if "json" not in kind:
        if kind.startswith("text/html") or len(text) > MAX_SHOWN:
            return f"{len(body)} bytes, sha256 {sha256(body).hexdigest()}"
        return mask.answer_text(text, request_id).splitlines()
    parsed = json.loads(text)
    if text != json.dumps(parsed, separators=(",", ":"), ensure_ascii=False):
        raise AssertionError(f"the JSON has needless spaces: {text[:500]}")
    replaced = json.loads(text.replace(request_id, "<request id>")) if request_id else parsed
    return mask.json(replaced)
