"""The handler: faults, and the forms of answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from holdfast.access.permissions import Permission
from holdfast.errors import HoldfastError, InvalidInput, Malformed, SoldOut
from holdfast.http.openapi import openapi_document
from holdfast.http.reply import StreamReply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from holdfast.metrics import metric_totals
from support.http_layer import JSON, LineIn, code_of, no_body, routes, scope_of
from support.http_surface import client_of, layer_of

# Faults


async def test_a_bug_is_a_counted_503_without_details(http):
    before = metric_totals()["holdfast_unexpected_errors_total"]
    answer = await http.get("/v1/bug")
    assert code_of(answer) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert "Division" not in answer.text
    assert "hfh_" not in answer.text
    assert metric_totals()["holdfast_unexpected_errors_total"] == before + 1


async def test_a_bug_in_a_command_is_an_unknown_outcome(http):
    """The bug may have come before or after the commit."""
    answer = await http.post("/v1/bug", json={})
    assert code_of(answer) == (503, "outcome_unknown")


async def test_a_header_with_a_line_break_is_not_sent():
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await layer_of(routes)(scope_of("GET", b"/v1/bad-header"), no_body, send)
    assert all(b"\n" not in value for message in sent for _, value in message.get("headers", ()))


async def test_a_websocket_is_closed():
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await layer_of(routes)({"type": "websocket", "path": "/v1/stream", "headers": []}, no_body, send)
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

    await asyncio.wait_for(layer_of(streams)(scope_of("GET", b"/stream"), receive, send), 5)
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
        assert code_of(answer) == (400, "sold_out")
    problems = openapi_document(dialect)["paths"]["/book"]["post"]["responses"]
    assert set(problems["400"]["content"]) == {"application/json", "application/problem+json"}
    examples = problems["400"]["content"]
    assert examples["application/json"]["examples"]["malformed_json"]["value"] == {"error": "Invalid input"}
    assert set(examples["application/problem+json"]["examples"]) == {"sold_out", "bad_request"}
