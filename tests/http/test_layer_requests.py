"""The handler: headers and bodies of requests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Any

import pytest

from holdfast.http.routes import BODY_LIMIT
from support.http_layer import BODY, JSON, code_of, raw_call, routes, scope_of
from support.http_surface import layer_of

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
    status, code, answered = await raw_call("GET", b"/v1/events/7", headers=headers)
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
    assert (await raw_call("POST", b"/v1/release", headers=headers))[:2] == (400, "bad_request")


async def test_a_host_is_required():
    assert (await raw_call("GET", b"/v1/events/7", host=None))[:2] == (400, "bad_request")


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
    assert code_of(answer) == (415, "unsupported_media_type")


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
    assert code_of(answer) == (415, "unsupported_media_type")


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
    await layer_of(routes)(scope_of("POST", b"/v1/holds", headers=headers), receive, send)
    assert order == ["http.response.start", "complete answer", "read", "read", "read", "http.response.body"]


async def test_a_body_in_pieces_is_refused_at_the_limit(http):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    assert code_of(await http.post("/v1/holds", content=endless(), headers=JSON)) == (413, "body_too_large")


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
    assert (await raw_call("POST", b"/v1/holds", headers=headers, body=body))[:2] == (400, "bad_request")


async def test_a_missing_body_is_not_awaited_forever():
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    layer = layer_of(routes, body_seconds=0.01)
    status, code, answered = await raw_call("POST", b"/v1/holds", headers=headers, body=None, layer=layer)
    assert (status, code, answered[b"connection"]) == (408, "request_timeout", b"close")


async def test_an_absent_client_gets_no_answer():
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there")

    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await layer_of(routes)(scope_of("POST", b"/v1/holds", headers=headers), receive, send)
