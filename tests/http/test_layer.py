"""The handler: what every request passes and every answer has, without exception."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Any, Literal
from uuid import uuid4

import pytest

from holdfast.access.permissions import Permission
from holdfast.api.values import EventPath, EventRef, LabelPath, Name
from holdfast.errors import EventNotFound, HoldfastError, InvalidInput, Malformed, SeatTaken, SoldOut
from holdfast.http.headers import etag, matches_etag
from holdfast.http.openapi import document_routes, openapi_document
from holdfast.http.reply import Reply, StreamReply
from holdfast.http.request import Request
from holdfast.http.router import Router
from holdfast.http.routes import BODY_LIMIT, SEAT_MAP_LIMIT, Routes
from holdfast.http.values import In, Limit, Time
from holdfast.metrics import metric_totals, render_prometheus
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
async def http():
    async with client_of(layer_of(routes)) as client:
        yield client


def _code(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert answer.url.join(body["type"]).path == f"/problems/{body['code']}"
    assert body["instance"] == answer.headers["x-request-id"]
    assert body["error"] == body["detail"]
    return answer.status_code, body["code"]


BODY = {"event": 7, "lines": [{"quantity": 2}, {"quantity": 3}]}
JSON = {"Content-Type": "application/json"}


# A declared route


async def test_a_route_gets_the_arguments_of_its_signature(http):
    answer = await http.post("/v1/holds", json=BODY)
    assert (answer.status_code, answer.json()) == (201, {"event": 7, "quantity": 5, "at": None})
    answer = await http.get(
        "/v1/events/7?since=-3&every=true&limit=200&status=draft&at=2026-01-02T03:04:05%2B02:00"
    )
    assert answer.json() == {
        "event": 7,
        "since": -3,
        "every": True,
        "limit": 200,
        "status": "draft",
        "at": "2026-01-02T01:04:05Z",
    }
    answer = await http.get("/v1/events/00000007-0000-8000-8000-00000000000A/seats/a%20-3")
    assert answer.json() == {"event": "00000007-0000-8000-8000-00000000000a", "label": "A -3"}


async def test_a_refusal_of_the_route_is_a_problem(http):
    answer = await http.post("/v1/holds", json={**BODY, "name": "taken"})
    assert _code(answer) == (409, "seat_taken")
    assert answer.json()["label"] == "A-1"


async def test_a_body_is_read_strictly_before_its_model_sees_it(http):
    twice = b'{"event": 7, "lines": [], "event": 8}'
    assert _code(await http.post("/v1/holds", content=twice, headers=JSON)) == (400, "malformed_json")
    answer = await http.post(
        "/v1/holds", content=b'{"event": 7, "lines": [], "name": "\\ud800"}', headers=JSON
    )
    assert _code(answer) == (422, "invalid_input")
    answer = await http.post("/v1/holds", json={"event": 7, "lines": [{"quantity": 2.0, "price": 0}]})
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == {
        ("/lines/0/quantity", "wrong_type"),
        ("/lines/0/price", "unknown_field"),
    }
    assert _code(await http.post("/v1/holds")) == (400, "malformed_json")


async def test_a_body_is_optional_only_if_the_route_allows(http):
    assert (await http.post("/v1/release")).json() == {"given": None, "key": None}
    assert (await http.post("/v1/release", json={"hold_token": "x"})).json()["given"] == "x"
    assert _code(await http.post("/v1/release", json={"token": "x"})) == (422, "invalid_input")


async def test_a_route_without_a_body_accepts_only_an_empty_object(http):
    assert (await http.post("/v1/publish")).status_code == 200
    assert (await http.post("/v1/publish", json={})).status_code == 200
    assert _code(await http.post("/v1/publish", json={"status": "draft"})) == (422, "invalid_input")
    assert _code(await http.post("/v1/publish", content=b"{", headers=JSON)) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("since=1_0", "?since", "wrong_type"),
        ("since=%201", "?since", "wrong_type"),
        ("since=%D9%A1", "?since", "wrong_type"),
        ("since=1.0", "?since", "wrong_type"),
        ("since=", "?since", "wrong_type"),
        ("since=" + "9" * 40, "?since", "wrong_type"),
        ("every=1", "?every", "wrong_type"),
        ("limit=0", "?limit", "out_of_range"),
        ("limit=201", "?limit", "out_of_range"),
        ("limit=-1", "?limit", "out_of_range"),
        ("status=sold", "?status", "not_allowed"),
        ("status=draft'%20or%201=1--", "?status", "not_allowed"),
        ("at=2026-01-02T03:04:05", "?at", "wrong_format"),
        ("sort=id", "?sort", "unknown_field"),
        ("limit=1&limit=2", "?limit", "repeated"),
    ],
)
async def test_query_parameters_are_validated(http, query: str, pointer: str, code: str):
    answer = await http.get("/v1/events/7?" + query)
    assert _code(answer) == (422, "invalid_input")
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


async def test_a_route_without_a_query_refuses_parameters(http):
    assert _code(await http.get("/v1/events/next?x=1")) == (422, "invalid_input")


@pytest.mark.parametrize(
    "name", ["-1", "0", "0x1", "1_0", "%D9%A1", "%201", "99999999999999999999", "%7B7%7D", "a%2Fb", "x"]
)
async def test_an_impossible_id_in_a_path_is_404(http, name: str):
    assert _code(await http.get(f"/v1/events/{name}")) == (404, "event_not_found")


# Paths and methods


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/holds/",
        "/v1//holds",
        "/V1/holds",
        "/v1/events/",
        "/v1/events/7/",
        "/v1/%2e%2e/v1/holds",
        "/v1/holds;a=b",
        "/v1%2Fholds",
        "/etc/passwd",
        "*",
    ],
)
async def test_an_undeclared_path_is_404(path: str):
    assert (await _raw_call("GET", path.encode()))[:2] == (404, "not_found")


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE", "PUT", "TRACE", "BREW", "get"])
async def test_a_wrong_method_gets_the_allowed_ones(method: str):
    status, code, headers = await _raw_call(method, b"/v1/events/7")
    assert (status, code, headers[b"allow"]) == (405, "method_not_allowed", b"GET, HEAD")


async def test_a_head_is_a_get_without_its_body(http):
    """Probes and caches use it. The length is that of a GET's body."""
    full, head = await http.get("/v1/events/next"), await http.head("/v1/events/next")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(full.content))
    assert (await http.head("/v1/nowhere")).status_code == 404


async def test_a_method_cannot_be_overridden(http):
    answer = await http.get("/v1/holds", headers={"X-HTTP-Method-Override": "POST"})
    assert _code(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_literal_part_precedes_a_named_one(http):
    assert (await http.get("/v1/events/next")).json() == "next"


@pytest.mark.parametrize(
    "path", [b"/v1/events/%00", b"/v1/events/a%0Ab", b"/v1/events/%7f", b"/v1/events/%ff", b"/v1/events/\xff"]
)
async def test_a_path_must_be_text(path: bytes):
    assert (await _raw_call("GET", path))[:2] == (400, "bad_request")


@pytest.mark.parametrize("query", [b"since=%00", b"%00=1", b"since=%ff", b"since=%0d%0a"])
async def test_a_query_must_be_text(query: bytes):
    assert (await _raw_call("GET", b"/v1/events/7", query=query))[:2] == (400, "bad_request")


async def test_overlong_paths_and_queries_are_refused():
    assert (await _raw_call("GET", b"/" + b"a" * 8 * 1024))[:2] == (414, "uri_too_long")
    assert (await _raw_call("GET", b"/v1/events/7", query=b"a" * 8 * 1024 + b"=1"))[:2] == (
        414,
        "uri_too_long",
    )


# Headers


async def test_every_answer_has_the_common_headers(http):
    for answer in (await http.get("/v1/events/7"), await http.get("/nothing"), await http.get("/v1/bug")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.headers["x-request-id"]) == 20
        assert "server" not in answer.headers
        assert "content-security-policy" not in answer.headers
    page = await http.get("/page")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_harmless_request_id_is_kept(http):
    answer = await http.get("/nothing", headers={"X-Request-Id": "shop-4711.a_b"})
    assert answer.headers["x-request-id"] == answer.json()["instance"] == "shop-4711.a_b"
    for harmful in ("short", "a" * 65, "with space", "<script>", '"quoted"'):
        answer = await http.get("/nothing", headers={"X-Request-Id": harmful})
        assert answer.headers["x-request-id"] != harmful


HEADERS_TOO_LARGE = {
    "one of them": [(b"x-a", b"a" * 8 * 1024)],
    "all of them": [(b"x-%d" % number, b"a" * 4 * 1024) for number in range(9)],
    "too many": [(b"x-%d" % number, b"") for number in range(101)],
}


@pytest.mark.parametrize("headers", HEADERS_TOO_LARGE.values(), ids=HEADERS_TOO_LARGE.keys())
async def test_overlong_headers_are_refused(headers: list[tuple[bytes, bytes]]):
    status, code, answered = await _raw_call("GET", b"/v1/events/7", headers=headers)
    assert (status, code, answered[b"connection"]) == (431, "headers_too_large", b"close")


BAD_HEADERS = {
    "retry key twice": [(b"idempotency-key", b"k" * 30), (b"idempotency-key", b"k" * 30)],
    "retry key empty": [(b"idempotency-key", b"")],
    "retry key too long": [(b"idempotency-key", b"k" * 256)],
    "retry key with a space": [(b"idempotency-key", b"k k")],
    "retry key not ASCII": [(b"idempotency-key", "k\u00e9".encode())],
    "retry key with a control": [(b"idempotency-key", b"k\x01k")],
    "two lengths": [(b"content-length", b"0"), (b"content-length", b"2")],
    "length with a sign": [(b"content-length", b"+4")],
    "negative length": [(b"content-length", b"-1")],
    "length and chunks": [(b"content-length", b"2"), (b"transfer-encoding", b"chunked")],
    "another transfer encoding": [(b"transfer-encoding", b"gzip, chunked")],
    "two hosts": [(b"host", b"localhost"), (b"host", b"evil.example")],
    "hold token not visible": [(b"hold-token", b"a b")],
}


@pytest.mark.parametrize("headers", BAD_HEADERS.values(), ids=BAD_HEADERS.keys())
async def test_an_invalid_header_is_a_bad_request(headers: list[tuple[bytes, bytes]]):
    assert (await _raw_call("POST", b"/v1/release", headers=headers))[:2] == (400, "bad_request")


async def test_a_host_is_required():
    assert (await _raw_call("GET", b"/v1/events/7", host=None))[:2] == (400, "bad_request")


async def test_a_retry_key_reaches_the_route(http):
    key = token_hex(127)
    answer = await http.post("/v1/release", headers={"Idempotency-Key": key})
    assert answer.json()["key"] == key


# Bodies


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "text/json",
        "application/problem+json",
    ],
)
async def test_a_non_json_body_is_refused(http, content_type: str | None):
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = await http.post("/v1/holds", content=json.dumps(BODY).encode(), headers=headers)
    assert _code(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
async def test_json_content_types_are_accepted_in_any_spelling(http, content_type: str):
    answer = await http.post(
        "/v1/holds", content=json.dumps(BODY).encode(), headers={"Content-Type": content_type}
    )
    assert answer.status_code == 201


async def test_an_encoded_body_is_refused(http):
    answer = await http.post("/v1/holds", content=b"\x1f\x8b", headers={**JSON, "Content-Encoding": "gzip"})
    assert _code(answer) == (415, "unsupported_media_type")


async def test_an_overlong_content_length_is_refused_before_reading():
    """The rest of the body is drained after the answer, because an earlier close could lose the answer."""
    order: list[str] = []

    async def receive() -> dict[str, Any]:
        order.append("read")
        return {"type": "http.request", "body": b" " * 1024, "more_body": order.count("read") < 3}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 413
            assert (b"connection", b"close") in message["headers"]
        order.append("complete answer" if message.get("body") else message["type"])

    headers = [(b"content-type", b"application/json"), (b"content-length", str(BODY_LIMIT + 1).encode())]
    await layer_of(routes)(_scope("POST", b"/v1/holds", headers=headers), receive, send)
    assert order == ["http.response.start", "complete answer", "read", "read", "read", "http.response.body"]


async def test_a_body_in_pieces_is_refused_at_the_limit(http):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    assert _code(await http.post("/v1/holds", content=endless(), headers=JSON)) == (413, "body_too_large")


async def test_a_body_at_the_limit_is_accepted(http):
    body = json.dumps(BODY).encode()

    async def in_pieces() -> AsyncIterator[bytes]:
        yield b" " * (BODY_LIMIT - len(body))
        for at in range(0, len(body), 7):
            yield body[at : at + 7]

    assert (await http.post("/v1/holds", content=in_pieces(), headers=JSON)).status_code == 201


async def test_a_seat_map_may_be_larger(http):
    labels = [f"A-{number}" for number in range(20_000)]
    assert (await http.post("/v1/maps", json=labels)).json() == 20_000


async def test_a_body_shorter_than_its_length_is_refused():
    body = json.dumps(BODY).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body) + 1).encode())]
    assert (await _raw_call("POST", b"/v1/holds", headers=headers, body=body))[:2] == (400, "bad_request")


async def test_a_missing_body_is_not_awaited_forever():
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    layer = layer_of(routes, body_seconds=0.01)
    status, code, answered = await _raw_call("POST", b"/v1/holds", headers=headers, body=None, layer=layer)
    assert (status, code, answered[b"connection"]) == (408, "request_timeout", b"close")


async def test_an_absent_client_gets_no_answer():
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there")

    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await layer_of(routes)(_scope("POST", b"/v1/holds", headers=headers), receive, send)


# Faults


async def test_a_bug_is_a_counted_503_without_details(http):
    before = metric_totals()["holdfast_unexpected_errors_total"]
    answer = await http.get("/v1/bug")
    assert _code(answer) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert "Division" not in answer.text
    assert "hfh_" not in answer.text
    assert metric_totals()["holdfast_unexpected_errors_total"] == before + 1


async def test_a_bug_in_a_command_is_an_unknown_outcome(http):
    """The bug may have come before or after the commit."""
    answer = await http.post("/v1/bug", json={})
    assert _code(answer) == (503, "outcome_unknown")


async def test_a_header_with_a_line_break_is_not_sent():
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await layer_of(routes)(_scope("GET", b"/v1/bad-header"), _no_body, send)
    assert all(b"\n" not in value for message in sent for _, value in message.get("headers", ()))


async def test_a_websocket_is_closed():
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await layer_of(routes)({"type": "websocket", "path": "/v1/stream", "headers": []}, _no_body, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


# Answers


async def test_a_known_state_is_304(http):
    assert (await http.get("/v1/state")).headers["etag"] == '"7.2"'
    for value in ('"7.2"', 'W/"7.2"', '"1.0", "7.2"', "*"):
        answer = await http.get("/v1/state", headers={"If-None-Match": value})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["cache-control"] == "no-cache"
        assert "content-length" not in answer.headers
    for value in ('"7.3"', "7.2", '"17.2"'):
        assert (await http.get("/v1/state", headers={"If-None-Match": value})).status_code == 200


async def test_a_stream_is_sent_in_chunks_and_closed_with_its_client():
    closed = asyncio.Event()
    left = asyncio.Event()
    sent: list[bytes] = []
    streams = Routes(tag="tests")

    @streams.get("/stream", policy=Permission.PUBLIC)
    async def follow(request: Request) -> StreamReply:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                yield b"data: 1\n\n"
                await asyncio.Event().wait()
            finally:
                closed.set()

        return StreamReply(chunks=chunks())

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message.get("body"):
            sent.append(message["body"])
            left.set()

    await asyncio.wait_for(layer_of(streams)(_scope("GET", b"/stream"), receive, send), 5)
    assert sent == [b"data: 1\n\n"]
    assert closed.is_set()


async def test_a_dialect_renders_its_own_errors():
    """Also errors of the decoder and the models, so that a client gets only the document's form."""

    def render(error: HoldfastError) -> tuple[int, Any]:
        if isinstance(error, SoldOut):
            return 400, None
        return (400 if isinstance(error, Malformed | InvalidInput) else error.status), {
            "error": "Invalid input"
        }

    dialect = Routes(tag="dialect", render_error=render)

    @dialect.post("/book", policy=Permission.PUBLIC, errors=[SoldOut])
    async def book(request: Request, body: LineIn) -> None:
        raise SoldOut("Not enough seats.")

    async with client_of(layer_of(dialect)) as http:
        for content in (b"{", b"{}", b'{"quantity": "1"}'):
            answer = await http.post("/book", content=content, headers=JSON)
            assert (answer.status_code, answer.json()) == (400, {"error": "Invalid input"})
            assert answer.headers["content-type"] == "application/json"
        answer = await http.post("/book", json={"quantity": 1})
        assert _code(answer) == (400, "sold_out")
    problems = openapi_document(dialect)["paths"]["/book"]["post"]["responses"]
    assert set(problems["400"]["content"]) == {"application/json", "application/problem+json"}
    examples = problems["400"]["content"]
    assert examples["application/json"]["examples"]["malformed_json"]["value"] == {"error": "Invalid input"}
    assert set(examples["application/problem+json"]["examples"]) == {"sold_out", "bad_request"}


# Retries


async def test_a_retry_is_recognised_by_its_fingerprint():
    seen: list[tuple[bytes | None, bytes]] = []
    retried = Routes(tag="tests")

    @retried.post("/v1/holds/{event}", policy=Permission.PUBLIC)
    async def note(request: Request, event: EventPath, body: dict[str, Any]) -> None:
        seen.append((request.retry_scope, request.fingerprint))

    one, two = str(uuid4()), str(uuid4())
    async with client_of(layer_of(retried)) as http:
        for path, key, token, content in (
            ("/v1/holds/7", one, "t", b'{"a": 1, "b": 2}'),
            ("/v1/holds/7", one, "t", b'{ "b":2,"a":1 }'),
            ("/v1/holds/7", one, "t", b'{"a": 1, "b": 3}'),
            ("/v1/holds/8", one, "t", b'{"a": 1, "b": 2}'),
            ("/v1/holds/7", one, "u", b'{"a": 1, "b": 2}'),
            ("/v1/holds/7", two, "t", b'{"a": 1, "b": 2}'),
        ):
            await http.post(
                path, content=content, headers={**JSON, "Idempotency-Key": key, "Hold-Token": token}
            )
    (scope, first), respelled, other_body, other_path, other_token, other_key = seen
    assert respelled == (scope, first)
    for scope_of_other, fingerprint in (other_body, other_path, other_token):
        assert scope_of_other == scope
        assert fingerprint != first
    assert other_key[0] != scope
    assert other_key[1] == first


# Declarations


def test_routes_with_equal_paths_or_names_are_refused():
    once = Routes(tag="tests")
    once.get("/a", policy=Permission.PUBLIC)(get_next_event)
    with pytest.raises(ValueError, match="operation id"):
        Router([*once, *once])
    other = Routes(tag="tests")
    other.get("/a", policy=Permission.PUBLIC, operation_id="other")(get_next_event)
    with pytest.raises(ValueError, match="GET /a"):
        Router([*once, *other])


def test_a_path_parameter_must_declare_its_404():
    with pytest.raises(TypeError, match="FromPath"):

        @Routes(tag="tests").get("/a/{event}", policy=Permission.PUBLIC)
        async def get_a(request: Request, event: str) -> None: ...


async def test_the_document_describes_every_route():
    """Every error has its status, code and example; FastAPI adds nothing of its own."""
    layer = layer_of([*routes, *document_routes])  # type: ignore[arg-type]
    async with client_of(layer) as http:
        document = (await http.get("/openapi.json")).json()
    operations = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    assert operations == {one.operation_id for one in [*routes, *document_routes]}
    placed = document["paths"]["/v1/holds"]["post"]
    assert placed["responses"]["201"]["content"]["application/json"]["example"] == {"event": 7, "quantity": 1}
    content = placed["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/HoldIn"}
    assert content["examples"]["one"]["value"] == {"event": 7, "lines": [{"quantity": 1}]}
    found = {
        (status, code)
        for status, answer in placed["responses"].items()
        for code in answer["content"].get("application/problem+json", {}).get("examples", {})
    }
    assert {
        ("404", "event_not_found"),
        ("409", "seat_taken"),
        ("400", "malformed_json"),
        ("422", "invalid_input"),
        ("413", "body_too_large"),
        ("415", "unsupported_media_type"),
        ("503", "busy"),
        ("503", "outcome_unknown"),
    } <= found
    assert "HTTPValidationError" not in document["components"]["schemas"]
    parameters = document["paths"]["/v1/events/{event}"]["get"]["parameters"]
    assert {(one["name"], one["in"]) for one in parameters} >= {
        ("event", "path"),
        ("limit", "query"),
        ("at", "query"),
    }


async def test_requests_are_counted_by_route_and_not_by_path(http):
    before = metric_totals().get("holdfast_http_requests_total", 0)
    await http.get("/v1/events/4711")
    await http.get("/nothing/4711")
    assert metric_totals()["holdfast_http_requests_total"] == before + 2
    text = render_prometheus().decode()
    assert 'holdfast_http_requests_total{method="GET",route="/v1/events/{event}",status="200"}' in text
    assert 'holdfast_http_requests_total{method="other",route="none",status="404"}' in text
    assert 'holdfast_http_problems_total{code="not_found"}' in text
    assert "/4711" not in text


# A request in the form of an ASGI server


def _scope(
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


async def _no_body() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _raw_call(
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

    drained = asyncio.wait_for((layer or layer_of(routes))(_scope(method, path, **parts), receive, send), 5)
    await drained
    answer = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(answer)["code"], dict(sent[0]["headers"])
