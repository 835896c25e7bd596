"""The wire: raw bytes against `holdfast serve` itself, from those who cannot or will not speak HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from scenarios.hostile import rows
from support.serving import Serving

HEAD = b"Host: localhost\r\n"
JSON = HEAD + b"Content-Type: application/json\r\n"
POST = b"POST /v1/events HTTP/1.1\r\n" + JSON
GET = b"GET /healthz HTTP/1.1\r\n" + HEAD
LAST = b"Connection: close\r\n\r\n"
MAX_SECONDS = 20
_SECRET = re.compile(r"hf[hk]_[A-Za-z0-9]+_[A-Za-z0-9_-]{20,}")

Answers = list[tuple[int, dict[bytes, bytes], bytes]]


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """A server that logs every request and has short deadlines. Its log must have no secret and no unexpected error."""
    with tempfile.TemporaryDirectory(prefix="holdfast-hostile-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        chosen = {
            "access_log": "1",
            "body_timeout_seconds": "1",
            "keep_alive_seconds": "1",
        }
        with Serving(Path(name) / "data", **chosen) as one:
            yield one
            assert total(one, "holdfast_unexpected_errors_total") == 0
        log = "\n".join(one.said)
        assert "path=/metrics" in log, "the access log is empty, so the check for secrets proves nothing"
        assert not _SECRET.search(log)
        assert "Traceback" not in log


def url(server: Serving) -> str:
    return f"http://127.0.0.1:{server.port}"


def total(server: Serving, metric: str) -> float:
    text = httpx2.get(f"{url(server)}/metrics").text
    found = re.search(rf"^{metric} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def state(server: Serving) -> Any:
    """Return all events and bookings."""
    events = httpx2.get(f"{url(server)}/v1/events?limit=200").json()["items"]
    return events, httpx2.get(f"{url(server)}/v1/bookings?limit=200").json()


async def exchange(server: Serving, *pieces: bytes, half_close: bool = False) -> Answers:
    """Send the pieces, and return all answers until the server closes the connection, which it must.

    `Host: localhost` gets the port of the server, as a client on this machine sends it.
    """
    pieces = tuple(
        piece.replace(b"Host: localhost\r\n", b"Host: localhost:%d\r\n" % server.port) for piece in pieces
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    found: Answers = []
    try:
        async with asyncio.timeout(MAX_SECONDS):
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                if half_close:
                    writer.write_eof()
            with contextlib.suppress(ConnectionError):
                while head := await reader.readline():
                    found.append(await _read_answer(head, reader))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    assert all(status < 500 for status, _, _ in found), found
    return found


async def _read_answer(head: bytes, reader: asyncio.StreamReader) -> tuple[int, dict[bytes, bytes], bytes]:
    headers = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    return int(head.split()[1]), headers, await reader.readexactly(int(headers.get(b"content-length", 0)))


EVENT = b'{"name":"smuggled","capacity":1}'
HOLD = b"POST /v1/holds HTTP/1.1\r\n" + JSON
ENDLESS = HOLD + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = POST + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n\x1f\x8b" + bytes(18)
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SECOND = b"POST /v1/events HTTP/1.1\r\n" + JSON + b"Content-Length: %d\r\n\r\n%s" % (len(EVENT), EVENT)

REFUSED: dict[str, tuple[int, list[bytes]]] = {
    "length and chunks": (
        400,
        [POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND],
    ),
    "chunks and length": (
        400,
        [POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SECOND],
    ),
    "two lengths": (400, [POST + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" + SECOND]),
    "the same length twice": (400, [POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + SECOND]),
    "two lengths in one": (400, [POST + b"Content-Length: 2, 40\r\n\r\n{}" + SECOND]),
    "a length with a sign": (400, [POST + b"Content-Length: +2\r\n\r\n{}" + SECOND]),
    "a negative length": (400, [POST + b"Content-Length: -2\r\n\r\n{}" + SECOND]),
    "a hexadecimal length": (400, [POST + b"Content-Length: 0x2\r\n\r\n{}" + SECOND]),
    "a length beyond 64 bits": (400, [POST + b"Content-Length: 99999999999999999999\r\n\r\n{}" + SECOND]),
    "an empty length": (400, [POST + b"Content-Length: \r\n\r\n{}" + SECOND]),
    "other codings": (400, [POST + b"Transfer-Encoding: gzip\r\n\r\n{}" + SECOND]),
    "codings in a row": (400, [POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SECOND]),
    "chunked twice": (400, [POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + SECOND]),
    "chunked, hidden": (400, [POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SECOND]),
    "a space in its name": (400, [POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND]),
    "not a chunk": (400, [CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"]),
    "a negative chunk": (400, [CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n"]),
    "a chunk beyond 64 bits": (400, [CHUNKED + b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"]),
    "a chunk that is longer": (400, [CHUNKED + b"2\r\n{}x\r\n0\r\n\r\n"]),
    "bare line feeds": (400, [b"GET /healthz HTTP/1.1\nHost: localhost\n\n"]),
    "no host": (400, [b"GET /healthz HTTP/1.1\r\n\r\n"]),
    "two hosts": (400, [b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: example.org\r\n\r\n"]),
    "a folded header": (400, [GET + b"X-A: a\r\n b\r\n\r\n"]),
    "NUL in a header": (400, [GET + b"X-A: a\x00b\r\n\r\n"]),
    "a return in a header": (400, [GET + b"X-A: a\rSet-Cookie: b\r\n\r\n"]),
    "a header without a name": (400, [GET + b": a\r\n\r\n"]),
    "NUL in the path": (400, [b"GET /\x00 HTTP/1.1\r\n" + HEAD + b"\r\n"]),
    "a blank in the path": (400, [b"GET /a b HTTP/1.1\r\n" + HEAD + b"\r\n"]),
    "an unknown version": (400, [b"GET /healthz HTTP/9.9\r\n" + HEAD + b"\r\n"]),
    "no version": (400, [b"GET / \r\n" + HEAD + b"\r\n"]),
    "HTTP/2": (400, [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]),
    "TLS": (400, [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)]),
    "SSH": (400, [b"SSH-2.0-OpenSSH_9.2\r\n"]),
    "Redis": (400, [b"*1\r\n$4\r\nPING\r\n"]),
    "noise": (400, [bytes(range(128, 256)) * 20]),
    "NULs": (400, [bytes(10_000)]),
    "a long path": (414, [b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n"]),
    "an endless path": (414, [b"GET /" + b"a" * 200_000]),
    "a long header": (431, [GET + b"X-A: " + b"a" * 9_000 + b"\r\n\r\n"]),
    "an endless header": (431, [GET + b"X-A: " + b"a" * 200_000]),
    "an endless name": (431, [GET + b"a" * 200_000]),
    "5,000 headers": (431, [GET + b"X-A: b\r\n" * 5_000 + b"\r\n"]),
    "a body that is too large": (413, [HOLD + b"Content-Length: 70000\r\n\r\n" + b" " * 70_000]),
    "10 GB": (413, [POST + b"Content-Length: 10000000000\r\n\r\n{"]),
    "endless chunks": (413, [ENDLESS, *[b"4000\r\n" + b" " * 0x4000 + b"\r\n"] * 40]),
    "65,536 chunks of one": (413, [ENDLESS + b"1\r\n \r\n" * 66_000]),
    "a bomb": (415, [BOMB, b"GET / HTTP/1.1\r\n" + HEAD + LAST]),
    "half a body": (408, [POST + b"Content-Length: 100\r\n\r\n{"]),
    "half a chunk": (408, [CHUNKED + b"5\r\n{"]),
    "chunks without an end": (408, [CHUNKED + b"2\r\n{}\r\n"]),
    "half a head": (408, [b"GET /healthz HTTP/1.1\r\nHost: loc"]),
    "half a method": (408, [b"G"]),
}  # fmt: skip


async def test_a_broken_request_is_refused_and_nothing_behind_it_runs(server: Serving):
    """The first answer is the refusal, as a problem. A request hidden behind a broken one never runs.

    All are sent at once, so that their deadlines pass together.
    """
    before = state(server)
    found = await asyncio.gather(*(exchange(server, *pieces) for _, pieces in REFUSED.values()))
    wrong = []
    for (name, (status, _)), answers in zip(REFUSED.items(), found, strict=True):
        if not answers:
            wrong.append(f"{name}: closed without an answer")
            continue
        first, headers, body = answers[0]
        problem = json.loads(body)
        if first != status:
            wrong.append(f"{name}: {first} instead of {status}: {body[:200]!r}")
        elif headers[b"content-type"] != b"application/problem+json" or problem["status"] != first:
            wrong.append(f"{name}: {headers} {body!r}")
        if len(answers) > 1 and name != "a bomb":
            wrong.append(f"{name}: another answer behind the refusal: {answers[1]}")
    assert not wrong, "\n".join(wrong)
    assert state(server) == before


async def test_an_odd_request_has_an_ordinary_answer(server: Serving):
    for request, statuses in [
        (b"TRACE /healthz HTTP/1.1\r\n" + HEAD + LAST, {405}),
        (b"OPTIONS * HTTP/1.1\r\n" + HEAD + LAST, {204}),
        (b"CONNECT localhost:22 HTTP/1.1\r\n" + HEAD + b"\r\n", {400, 404, 405}),
        (b"GET http://example.org/healthz HTTP/1.1\r\n" + HEAD + LAST, {400}),
        (b"GET //healthz HTTP/1.1\r\n" + HEAD + LAST, {400, 404}),
        (b"GET /healthz/../metrics HTTP/1.1\r\n" + HEAD + LAST, {404}),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + HEAD + LAST, {404}),
        (b"GET /docs/../../../../etc/passwd HTTP/1.1\r\n" + HEAD + LAST, {404}),
        (b"GET /docs/..%2f..%2fapi%2flayer.py HTTP/1.1\r\n" + HEAD + LAST, {404}),
        (b"GET /healthz HTTP/1.0\r\n\r\n", {200}),
        (b"GET /healthz\r\n\r\n", {400}),
        (b"POST /v1/events\r\n\r\n" + EVENT, {400}),
        (b"\r\n\r\nGET /healthz HTTP/1.1\r\n" + HEAD + LAST, {200}),
        (
            GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
            {200},
        ),
        (
            GET + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings, close\r\nHTTP2-Settings: AA\r\n\r\n",
            {200},
        ),
        (POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n" + LAST + b"{}", {100, 422}),
        (GET + b"Accept: text/html\r\n" + LAST, {200}),
    ]:
        answers = await exchange(server, request)
        assert answers, request
        assert answers[0][0] in statuses, (request, answers)


async def test_a_client_that_hangs_up_leaves_nothing_behind(server: Serving):
    """It hangs up within the head or the body, or before the answer. Nothing is half done, and the server goes on."""
    before = state(server)
    complete = b"POST /v1/events HTTP/1.1\r\n" + JSON + b"Content-Length: 100\r\n\r\n" + EVENT
    for cut in (1, 10, 40, len(complete)):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(complete[:cut])
        await writer.drain()
        writer.transport.abort()
    await exchange(server, complete, half_close=True)
    assert await exchange(server, GET + LAST)
    assert state(server) == before


async def test_1000_requests_on_one_connection_are_answered_in_order(server: Serving):
    """The client sends all of them before it reads the first answer. Then the connection ends regularly."""
    one = b"GET /v1/events/%d HTTP/1.1\r\n" + HEAD + b"X-Request-Id: number-%d\r\n\r\n"
    answers = await exchange(server, b"".join(one % (9_000 + n, 10_000 + n) for n in range(1_010)))
    assert [headers[b"x-request-id"] for _, headers, _ in answers] == [
        b"number-%d" % (10_000 + n) for n in range(1_000)
    ]
    assert answers[-1][1][b"connection"] == b"close"


async def test_silent_connections_do_not_delay_other_clients(server: Serving):
    """200 connections send a byte and fall silent. Other clients are served, and each silent one gets a 408."""
    idle = [asyncio.open_connection("127.0.0.1", server.port) for _ in range(200)]
    opened = await asyncio.gather(*idle)
    for _, writer in opened:
        writer.write(b"G")
    answers = await asyncio.gather(*(exchange(server, GET + LAST) for _ in range(20)))
    assert {answer[0][0] for answer in answers} == {200}
    async with asyncio.timeout(MAX_SECONDS):
        heads = await asyncio.gather(*(reader.readline() for reader, _ in opened))
    assert {head.split()[1] for head in heads} == {b"408"}
    for _, writer in opened:
        writer.close()


async def test_no_answer_or_log_line_reveals_a_secret(server: Serving):
    """Tokens in paths, queries, other headers and agent names are refused. The `server` fixture checks the log."""
    async with httpx2.AsyncClient(base_url=url(server)) as client:
        event = (await client.post("/v1/events", json={"name": "Concert", "capacity": 5})).json()
        wanted = {"event": event["number"], "lines": [{"quantity": 1}]}
        hold = (await client.post("/v1/holds", json=wanted)).json()
        token = hold["hold_token"]
        key = "hfk_abcd1234_" + "s" * 43
        for path in [
            f"/v1/holds/{token}",
            f"/v1/holds/{hold['id']}?hold_token={token}",
            f"/{key}",
            f"/v1/events?text={token}",
            f"/v1/events/{key}",
            f"/%68fh_1_{token[6:]}",
            f"/v1/events/a%22%7D%0A%7B{token}",
        ]:
            answer = await client.get(path)
            assert answer.status_code >= 400 or "text=" in path
            assert token not in answer.text
            assert key not in answer.text
        for headers in [
            {"Hold-Token": token},
            {"Authorization": f"Hold {token}"},
            {"Authorization": f"Bearer {key}"},
            {"Authorization": token},
            {"User-Agent": f'{token}"}} {{"level": "error"'},
            {"X-Request-Id": token},
            {"X-Request-Id": key},
            {"Idempotency-Key": token},
        ]:
            answer = await client.get(f"/v1/holds/{hold['id']}", headers=headers)
            assert answer.headers["x-request-id"] not in {token, key}
            assert token not in answer.text
        answer = await client.post("/v1/bookings", json={"hold": hold["id"], "hold_token": token})
        assert answer.status_code == 201
        assert token not in answer.text


async def test_forged_origins_end_open_mode_on_the_wire_too(server: Serving):
    for name, value in rows.FORWARDED.values():
        answers = await exchange(
            server, POST + b"%s: %s\r\n" % (name, value) + b"Content-Length: 2\r\n" + LAST + b"{}"
        )
        assert [status for status, _, _ in answers] == [401], name
