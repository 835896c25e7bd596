"""The server with another ASGI application: framing, faults, start and stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from holdfast.http.server.limits import ConnectionLimits
from holdfast.http.server.server import Server
from scenarios.wire.raw import Answer, RawConnection, exchange
from support.http_serving import MAX_SECONDS, QUICK, serving

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
HOST = b"Host: localhost\r\n"


def ask(path: str, *, method: str = "GET", version: str = "1.1", more: bytes = b"") -> bytes:
    return f"{method} {path} HTTP/{version}\r\n".encode() + HOST + more + b"\r\n"


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Does, by path, what an application may or must not do."""
    match scope["path"]:
        case "/plain":
            await send(start(200, (b"Content-Length", b"5")))
            await send(body(b"plain"))
        case "/unknown":
            await send(start())
            await send(body(b"one", more=True))
            await send(body(b"", more=True))
            await send(body(b"two"))
        case "/echo":
            received = b""
            more = True
            while more:
                message = await receive()
                assert message["type"] == "http.request"
                received += message["body"]
                more = message["more_body"]
            await send(start(200, (b"content-length", str(len(received)).encode())))
            await send(body(received))
        case "/empty":
            await send(start(204, (b"content-length", b"0")))
            await send(body(b""))
        case "/close":
            await send(start(200, (b"connection", b"close"), (b"content-length", b"0")))
            await send(body(b""))
        case "/framed":
            await send(start(200, (b"transfer-encoding", b"chunked"), (b"content-length", b"2")))
            await send(body(b"ok"))
        case "/short":
            await send(start(200, (b"content-length", b"9")))
            await send(body(b"short"))
        case "/long":
            await send(start(200, (b"content-length", b"2")))
            await send(body(b"too long"))
        case "/injection":
            await send(start(200, (b"x-a", b"a\r\nset-cookie: b")))
            await send(body(b""))
        case "/raises":
            raise RuntimeError("on purpose")
        case "/raises-late":
            await send(start(200, (b"content-length", b"9")))
            await send(body(b"half", more=True))
            raise RuntimeError("on purpose")
        case "/silent":
            return
        case "/twice":
            await send(start())
            await send(start())
        case "/before":
            await send(body(b"no start"))
        case "/left":
            while (await receive())["type"] != "http.disconnect":
                pass
            scope["state"]["left"].set()


async def answers(*requests: bytes, methods: tuple[bytes, ...] = ()) -> list[Answer]:
    async with serving(application) as (port, _):
        return await exchange(port, requests, methods=methods, half_close=True)


async def test_an_answer_of_known_length_keeps_the_connection() -> None:
    first, second = await answers(ask("/plain"), ask("/plain"))
    for one in (first, second):
        assert (one.status, one.body, one.header(b"content-length")) == (200, b"plain", b"5")
        assert one.header(b"date")
        assert one.header(b"transfer-encoding") is None


async def test_an_answer_of_unknown_length_is_chunked() -> None:
    first, second = await answers(ask("/unknown"), ask("/plain"))
    assert (first.header(b"transfer-encoding"), first.body) == (b"chunked", b"onetwo")
    assert second.body == b"plain"


async def test_http_1_0_reads_an_answer_of_unknown_length_to_the_end() -> None:
    (one,) = await answers(ask("/unknown", version="1.0"), ask("/plain"))
    assert one.body == b"onetwo"
    assert one.header(b"transfer-encoding") is None
    assert one.header(b"connection") == b"close"


@pytest.mark.parametrize("path", ["/plain", "/unknown"])
async def test_head_has_the_headers_and_no_body(path: str) -> None:
    head, second = await answers(ask(path, method="HEAD"), ask("/plain"), methods=(b"HEAD",))
    assert head.body == b""
    assert head.header(b"content-length") == (b"5" if path == "/plain" else None)
    assert second.body == b"plain"


async def test_204_has_no_length() -> None:
    empty, second = await answers(ask("/empty"), ask("/plain"))
    assert (empty.status, empty.header(b"content-length"), second.body) == (204, None, b"plain")


async def test_the_application_can_close() -> None:
    (one,) = await answers(ask("/close"), ask("/plain"))
    assert one.header(b"connection") == b"close"


async def test_the_server_ignores_the_applications_framing() -> None:
    (one,) = await answers(ask("/framed"))
    assert (one.body, one.header(b"transfer-encoding")) == (b"ok", None)


@pytest.mark.parametrize("path", ["/raises", "/silent", "/injection", "/before", "/twice"])
async def test_an_application_without_an_answer_is_503_and_a_close(path: str) -> None:
    (one,) = await answers(ask(path), ask("/plain"))
    assert (one.status, one.header(b"connection")) == (503, b"close")
    assert b"set-cookie" not in dict(one.headers)


@pytest.mark.parametrize("path", ["/raises-late", "/short"])
async def test_an_unfinished_answer_closes_the_connection(path: str) -> None:
    (one,) = await answers(ask(path), ask("/plain"))
    assert not one.is_whole


async def test_a_body_longer_than_its_length_is_not_sent() -> None:
    found = await answers(ask("/long"), ask("/plain"))
    assert [one.body for one in found if one.status == 200 and one.is_whole] == []


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
async def test_a_body_in_pieces_arrives_complete(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (data[:7], data[7:]) if part)
    by_length = ask("/echo", method="POST", more=b"Content-Length: %d\r\n" % size) + data
    in_chunks = (
        ask("/echo", method="POST", more=b"Transfer-Encoding: chunked\r\n") + chunks + b"0\r\nA: b\r\n\r\n"
    )
    found = await answers(by_length, in_chunks, ask("/plain"))
    assert [one.body == expected for one, expected in zip(found, (data, data, b"plain"), strict=True)] == [
        True,
        True,
        True,
    ]


async def test_continue_is_sent_when_the_application_reads_the_body() -> None:
    async with serving(application) as (port, _), RawConnection(port) as connection:
        await connection.send(
            ask("/echo", method="POST", more=b"Content-Length: 2\r\nExpect: 100-continue\r\n")
        )
        interim = await connection.answer()
        assert interim is not None
        assert interim.status == 100
        await connection.send(b"ok")
        final = await connection.answer()
        assert final is not None
        assert (final.status, final.body) == (200, b"ok")


async def test_an_application_is_notified_when_its_client_leaves() -> None:
    left = asyncio.Event()

    async def with_state(scope: Message, receive: Receive, send: Send) -> None:
        await application({**scope, "state": {"left": left}}, receive, send)

    async with serving(with_state) as (port, _):
        async with RawConnection(port) as connection:
            await connection.send(ask("/left"))
        async with asyncio.timeout(MAX_SECONDS):
            await left.wait()


async def http_alone(scope: Message, receive: Receive, send: Send) -> None:
    """`application` without a lifespan."""
    if scope["type"] == "http":
        await application(scope, receive, send)


async def run_server(app: Any, *, seconds: float = 5.0) -> tuple[Server, asyncio.Task[None], int]:
    listening = socket.create_server(("127.0.0.1", 0))
    ready = asyncio.Event()
    server = Server(app, QUICK, shutdown_seconds=seconds, backlog=100, ready=ready.set)
    running = asyncio.ensure_future(server.serve([listening], signals=False))
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    port = listening.getsockname()[1]
    if running.done():
        listening.close()  # it was never served, so it is still ours
    return server, running, port


async def test_a_stop_finishes_requests_and_closes_idle_connections() -> None:
    go_on, arrived = asyncio.Event(), asyncio.Event()

    async def slow(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"] == "/slow":
                arrived.set()
                await go_on.wait()
            await application({**scope, "path": "/plain"}, receive, send)

    server, running, port = await run_server(slow)
    async with RawConnection(port) as idle, RawConnection(port) as busy:
        await idle.send(ask("/plain"))
        assert await idle.answer() is not None
        await busy.send(ask("/slow"))
        await arrived.wait()
        server.stop()
        assert await idle.is_closed()
        go_on.set()
        answer = await busy.answer()
        assert answer is not None
        assert (answer.body, answer.header(b"connection")) == (b"plain", b"close")
        assert await busy.is_closed()
    async with asyncio.timeout(MAX_SECONDS):
        await running
    assert server.is_started


async def test_a_stop_answers_what_waits_in_the_kernel() -> None:
    """A proxy has sent a POST there, and sends it to no other server. The loop has not accepted the connection yet."""
    server, running, port = await run_server(http_alone)
    waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    for each in waiting:
        each.sendall(ask("/plain"))
        each.setblocking(False)
    server.stop()
    for each in waiting:
        reader, writer = await asyncio.open_connection(sock=each)
        async with asyncio.timeout(MAX_SECONDS):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        assert b"connection: close" in answer
        writer.close()
    await running
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_a_stop_awaits_the_first_request_of_a_new_connection_for_a_moment() -> None:
    server, running, port = await run_server(http_alone)
    async with RawConnection(port) as used, RawConnection(port) as late, RawConnection(port) as silent:
        await used.send(ask("/plain"))
        assert await used.answer() is not None
        server.stop()
        assert await used.is_closed()
        await late.send(ask("/plain"))
        answer = await late.answer()
        assert answer is not None
        assert (answer.body, answer.header(b"connection")) == (b"plain", b"close")
        assert await silent.is_closed()
    async with asyncio.timeout(MAX_SECONDS):
        await running


async def test_a_second_stop_is_immediate() -> None:
    async def never(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.Event().wait()

    server, running, port = await run_server(never, seconds=3600.0)
    async with RawConnection(port) as connection:
        await connection.send(ask("/"))
        server.stop()
        server.stop()
        assert await connection.is_closed()
    async with asyncio.timeout(MAX_SECONDS):
        await running


async def test_lifespan_surrounds_the_serving() -> None:
    heard = []

    async def living(scope: Message, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"
        for kind in ("startup", "shutdown"):
            heard.append((await receive())["type"])
            await send({"type": f"lifespan.{kind}.complete"})

    server, running, _ = await run_server(living)
    assert heard == ["lifespan.startup"]
    server.stop()
    await running
    assert heard == ["lifespan.startup", "lifespan.shutdown"]


@pytest.mark.parametrize("how", ["raises", "says so"])
async def test_an_application_that_fails_to_start_is_not_served(how: str) -> None:
    async def broken(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        if how == "raises":
            raise RuntimeError("on purpose")
        await send({"type": "lifespan.startup.failed", "message": "on purpose"})

    server, running, _ = await run_server(broken)
    await running
    assert not server.is_started


async def test_an_application_without_a_lifespan_is_served() -> None:
    server, running, port = await run_server(http_alone)
    async with RawConnection(port) as connection:
        await connection.send(ask("/plain"))
        answer = await connection.answer()
        assert answer is not None
        assert answer.body == b"plain"
    server.stop()
    await running


def test_limits_have_a_deadline_for_every_state() -> None:
    """A state without a deadline could hang forever."""
    from holdfast.http.server.connection import State
    from holdfast.http.server.service import _seconds_of_states

    seconds = _seconds_of_states(ConnectionLimits())
    assert len(seconds) == len(State)
    assert [state for state in State if seconds[state] == float("inf")] == [State.STREAMING]
