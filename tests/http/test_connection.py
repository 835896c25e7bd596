"""The connection: raw bytes to a real server. Invalid input gets a problem, or a close, in time."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from holdfast.access.permissions import Permission
from holdfast.http.request import Request
from holdfast.http.routes import BODY_LIMIT, Routes
from support.http_serving import QUICK, serving, until
from support.http_surface import layer_of

routes = Routes(tag="tests")


@routes.post("/echo", policy=Permission.PUBLIC)
async def echo(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return body


@routes.get("/here", policy=Permission.PUBLIC)
async def be_here(request: Request) -> bool:
    return request.client_left()


LAYER = layer_of(routes, access_log=False)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving(LAYER, replace(QUICK, body_seconds=0.2, closing_seconds=0.2)) as (port, _):
        yield port


async def _answers(port: int, *pieces: bytes) -> list[tuple[int, dict[bytes, bytes], bytes]]:
    """Return all answers, up to the server's close of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(5):
            while head := await reader.readline():
                status = int(head.split()[1])
                headers: dict[bytes, bytes] = {}
                while (line := await reader.readline()).strip():
                    name, _, value = line.partition(b":")
                    headers[name] = value.strip()
                body = await reader.readexactly(int(headers.get(b"content-length", 0)))
                found.append((status, headers, body))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return found


POST = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n"

BROKEN = {
    "not HTTP": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "broken chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "folded header": b"GET /here HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n b\r\n\r\n",
    "space before the colon": b"GET /here HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "NUL in a header": b"GET /here HTTP/1.1\r\nHost: localhost\r\nX-A: a\x00b\r\n\r\n",
    "no host": b"GET /here HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /here HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "bare line feeds": b"GET /here HTTP/1.1\nHost: localhost\n\n",
    "raw bytes in the path": b"GET /h\xffre HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "NUL in the path": b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HTTP/3": b"GET /here HTTP/3.0\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", BROKEN.values(), ids=BROKEN.keys())
async def test_invalid_http_is_refused_and_has_no_effect(port: int, request_bytes: bytes):
    """The connection ends there, because the next bytes cannot be separated from the invalid request."""
    (status, headers, body), *more = await _answers(port, request_bytes)
    assert status == 400
    assert headers[b"content-type"] == b"application/problem+json"
    assert json.loads(body)["code"] == "bad_request"
    assert json.loads(body)["instance"].encode() == headers[b"x-request-id"]
    assert more == []


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + b"\r\n", {204}),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404, 405}),
        (b"TRACE /here HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + b"\r\n", {405}),
        (b"BREW /here HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
        (b"GET //here HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + b"\r\n", {400, 404}),
        (b"GET http://localhost/here HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + b"\r\n", {200}),
        (b"GET /here HTTP/1.0\r\n\r\n", {200}),
    ],
)
async def test_unusual_requests_get_ordinary_answers(port: int, request_bytes: bytes, status: set[int]):
    answers = await _answers(port, request_bytes)
    assert len(answers) == 1
    assert answers[0][0] in status


async def test_a_chunked_body_arrives_complete(port: int):
    pieces = [
        POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n",
        b'5\r\n{"a":\r\n',
        b"2\r\n1}\r\n",
        b"0\r\n\r\n",
    ]
    ((status, _, body),) = await _answers(port, *pieces)
    assert (status, json.loads(body)) == (200, {"a": 1})


async def test_a_chunked_body_is_cut_at_the_limit(port: int):
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    answers = await _answers(port, POST + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 5, b"0\r\n\r\n")
    assert [status for status, _, _ in answers] == [413]
    assert answers[0][1][b"connection"] == b"close"


async def test_the_refusal_of_a_large_body_arrives_although_it_was_sent(port: int):
    body = b" " * (BODY_LIMIT + 10_000)
    answers = await _answers(port, POST + b"Content-Length: %d\r\n\r\n" % len(body), body)
    assert [status for status, _, _ in answers] == [413]


async def test_a_missing_body_times_out(port: int):
    answers = await _answers(port, POST + b"Content-Length: 10\r\n\r\n", b"{")
    assert [status for status, _, _ in answers] == [408]


async def test_an_unfinished_head_times_out():
    async with serving(LAYER, replace(QUICK, head_seconds=0.05)) as (port, _):
        answers = await _answers(port, b"GET /here HTTP/1.1\r\nHost: local")
        assert [status for status, _, _ in answers] == [408]
        answers = await _answers(port, b"GET /here HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /he")
        assert [status for status, _, _ in answers] == [200, 408]
        assert await _answers(port) == []


async def test_an_overlong_head_is_refused(port: int):
    long_path = b"GET /" + b"a" * 60_000
    assert [status for status, _, _ in await _answers(port, long_path)] == [414]
    long_header = b"GET /here HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 100_000
    assert [status for status, _, _ in await _answers(port, long_header)] == [431]
    many = b"GET /here HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 101 + b"\r\n"
    assert [status for status, _, _ in await _answers(port, many)] == [431]


async def test_pipelined_requests_are_answered_in_order():
    one = b'%sContent-Length: 7\r\n\r\n{"a":%d}'
    async with serving(LAYER, replace(QUICK, requests_per_connection=3)) as (port, _):
        answers = await _answers(port, *[one % (POST, number) for number in range(5)])
    assert [json.loads(body) for _, _, body in answers] == [{"a": 0}, {"a": 1}, {"a": 2}]
    assert answers[-1][1][b"connection"] == b"close"


async def test_no_header_names_the_server_software(port: int):
    ((_, headers, _),) = await _answers(port, b"GET /here HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + b"\r\n")
    assert b"server" not in headers
    assert b"x-powered-by" not in headers


@pytest.mark.parametrize(
    "path", ["/here", "/not-here", "/here?x=1&y=%41"], ids=["answer", "refusal", "odd target"]
)
async def test_a_request_leaves_nothing_for_the_garbage_collector(port: int, path: str):
    """Only a search of all objects finds cycles, which is expensive with thousands of requests."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    last = request.replace(b"\r\n\r\n", b"\r\n" + CLOSE + b"\r\n")
    await _answers(port, request, last)  # so that one-time objects exist already
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await _answers(port, *[request] * 20, last)
        gc.collect()
        left = Counter(type(each).__name__ for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert [left[name] for name in KINDS] == [0] * len(KINDS)
    assert sum(left.values()) < 20 * 5, left.most_common(10)


KINDS = ("Connection", "Exchange", "HeadReader", "Reply", "Request", "Writer")

UNFINISHED = {
    "half a head": b"GET /here HTTP/1.1\r\nHost: local",
    "half a body": POST + b"Content-Length: 10\r\n\r\n{",
    "half a trailer": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b",
    "the rest of an answered request": b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n",
    "no HTTP": b"hello\r\n\r\n",
}


@pytest.mark.parametrize("data", UNFINISHED.values(), ids=UNFINISHED.keys())
async def test_an_unfinished_request_leaves_nothing_for_the_garbage_collector(data: bytes):
    """Connections outlive most collections; a cycle in each would be memory that only grows."""
    limits = replace(QUICK, head_seconds=0.02, body_seconds=0.02, rest_seconds=0.02, closing_seconds=0.02)
    async with serving(LAYER, limits) as (port, service):
        await _answers(port, data)
        await until(lambda: not service.connections)
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(5):
                await _answers(port, data)
            await until(lambda: not service.connections)
            gc.collect()
            left = Counter(type(each).__name__ for each in gc.garbage)
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert [left[name] for name in KINDS] == [0] * len(KINDS)
