"""Some routes, and a client of a layer that serves them. `raw_call` sends what no client would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import httpx2
import pytest

from holdfast.access.permissions import Permission
from holdfast.api.values import EventPath, EventRef, LabelPath, Name
from holdfast.errors import EventNotFound, SeatTaken
from holdfast.http.headers import etag, matches_etag
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.routes import SEAT_MAP_LIMIT, Routes
from holdfast.http.values import In, Limit, Time
from support.http_surface import client_of, layer_of

routes = Routes(tag="tests")


class LineIn(In):
    quantity: int


class HoldIn(In):
    event: EventRef
    lines: list[LineIn]
    name: Name | None = None


class HoldOut(In):
    event: EventRef
    quantity: int
    at: Time | None = None


class ReleaseIn(In):
    hold_token: str | None = None


@routes.post(
    "/v1/holds",
    policy=Permission.PUBLIC,
    status=201,
    errors=[EventNotFound, SeatTaken],
    examples={"one": {"event": 7, "lines": [{"quantity": 1}]}},
    answers={201: {"event": 7, "quantity": 1}},
)
async def place_hold(request: Request, body: HoldIn) -> HoldOut:
    """Take admissions for a while."""
    if body.name == "taken":
        raise SeatTaken("Seat A-1 is taken.", label="A-1")
    return HoldOut(event=body.event, quantity=sum(line.quantity for line in body.lines))


@routes.post("/v1/release", policy=Permission.PUBLIC, hold_token=True)
async def release(request: Request, body: ReleaseIn | None) -> dict[str, Any]:
    return {"given": body.hold_token if body else None, "key": request.idempotency_key}


@routes.post("/v1/publish", policy=Permission.PUBLIC)
async def publish(request: Request) -> dict[str, str]:
    return {"status": "published"}


@routes.post("/v1/maps", policy=Permission.PUBLIC, body_limit=SEAT_MAP_LIMIT)
async def put_map(request: Request, body: list[str]) -> int:
    return len(body)


@routes.get("/v1/events/{event}", policy=Permission.PUBLIC)
async def get_event(
    request: Request,
    event: EventPath,
    since: int | None = None,
    every: bool = False,
    limit: Limit = 50,
    status: Literal["draft", "published"] | None = None,
    at: Time | None = None,
) -> dict[str, Any]:
    return {"event": event, "since": since, "every": every, "limit": limit, "status": status, "at": at}


@routes.get("/v1/events/{event}/seats/{label}", policy=Permission.PUBLIC)
async def get_seat(request: Request, event: EventPath, label: LabelPath) -> dict[str, Any]:
    return {"event": event, "label": label}


@routes.get("/v1/events/next", policy=Permission.PUBLIC)
async def get_next_event(request: Request) -> str:
    return "next"


@routes.get("/v1/state", policy=Permission.PUBLIC)
async def get_state(request: Request) -> Reply:
    tag = etag(7, 2)
    headers = ((b"etag", tag), (b"cache-control", b"no-cache"))
    if matches_etag(request.header(b"if-none-match"), tag):
        return Reply(status=304, headers=headers)
    return Reply(body=b"{}", headers=headers)


@routes.get("/v1/bug", policy=Permission.PUBLIC)
async def have_a_bug(request: Request) -> Reply:
    raise ZeroDivisionError("hfh_secretsecret")


@routes.post("/v1/bug", policy=Permission.PUBLIC)
async def have_a_bug_late(request: Request) -> Reply:
    raise ZeroDivisionError("after the commit")


@routes.get("/v1/bad-header", policy=Permission.PUBLIC)
async def have_a_bad_header(request: Request) -> Reply:
    return Reply(headers=((b"location", b"/a\r\nset-cookie: x=y"),))


@routes.get("/page", policy=Permission.PUBLIC)
async def get_page(request: Request) -> Reply:
    return Reply(body=b"<p>", content_type=b"text/html; charset=utf-8")


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(layer_of(routes)) as client:
        yield client


def code_of(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert answer.url.join(body["type"]).path == f"/problems/{body['code']}"
    assert body["instance"] == answer.headers["x-request-id"]
    assert body["error"] == body["detail"]
    return answer.status_code, body["code"]


BODY = {"event": 7, "lines": [{"quantity": 2}, {"quantity": 3}]}
JSON = {"Content-Type": "application/json"}


# A request in the form of an ASGI server


def scope_of(
    method: str, path: bytes, *, query: bytes = b"", headers: Any = (), host: bytes | None = b"localhost"
) -> dict[str, Any]:
    own = [] if host is None else [(b"host", host)]
    return {
        "type": "http",
        "method": method,
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": [*own, *headers],
        "http_version": "1.1",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
    }


async def no_body() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def raw_call(
    method: str, path: bytes, *, body: bytes | None = b"", layer: Any = None, **parts: Any
) -> tuple[int, str, dict[bytes, bytes]]:
    """Return status, code and headers. A `body` of None never arrives."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if body is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    drained = asyncio.wait_for((layer or layer_of(routes))(scope_of(method, path, **parts), receive, send), 5)
    await drained
    answer = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(answer)["code"], dict(sent[0]["headers"])
