"""Bounds: limits on what all clients together make a worker keep, and the answer above each limit."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
import uvloop

from holdfast.access.permissions import Permission
from holdfast.http import metrics
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from scenarios.wire.raw import RawConnection
from support.http_serving import QUICK, serving, until
from support.http_surface import layer_of

KEPT = b"k" * (8 * 1024 * 1024)
"""Return one answer that the application keeps for all readers."""

routes = Routes(tag="tests")


@routes.get("/here", policy=Permission.PUBLIC)
async def be_here(request: Request) -> bool:
    return True


@routes.get("/kept", policy=Permission.PUBLIC)
async def get_kept(request: Request) -> Reply:
    return Reply(body=KEPT)


@routes.get("/own", policy=Permission.PUBLIC)
async def get_own(request: Request) -> Reply:
    """Return an answer for this request alone."""
    return Reply(body=bytes(bytearray(KEPT)))


@routes.post("/map", policy=Permission.PUBLIC, body_limit=32 * 1024 * 1024)
async def take_map(request: Request, body: dict[str, Any]) -> int:
    return len(request.body)


APPLICATION = layer_of(routes, access_log=False)
HOST = b"Host: localhost\r\n"
GET = b"GET /here HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /map HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
MEGABYTE = 1024 * 1024


async def test_a_connection_above_the_limit_is_answered_and_closed() -> None:
    refused_before = metrics.CONNECTIONS_REFUSED._value.get()
    limits = replace(QUICK, connections=3)
    async with serving(APPLICATION, limits) as (port, service), AsyncExitStack() as stack:
        with structlog.testing.capture_logs() as lines:
            inside = [await stack.enter_async_context(RawConnection(port)) for _ in range(3)]
            for one in inside:
                await one.send(GET)
                answer = await one.answer()
                assert answer is not None
                assert answer.status == 200
            for _ in range(5):
                outside = await stack.enter_async_context(RawConnection(port))
                refused = await outside.answer()
                assert refused is not None
                assert (refused.status, json.loads(refused.body)["code"]) == (503, "busy")
                assert refused.header(b"retry-after") == b"1"
                assert await outside.is_closed()
        assert [line["event"] for line in lines if line["event"] == "server_full"] == ["server_full"]
        assert metrics.CONNECTIONS_REFUSED._value.get() == refused_before + 5
        service._tick()
        assert metrics.CONNECTIONS._value.get() >= 3
        inside[0].writer.close()
        await until(lambda: len(service.connections) < 3)
        again = await stack.enter_async_context(RawConnection(port))
        await again.send(GET)
        answer = await again.answer()
        assert answer is not None
        assert answer.status == 200


async def test_an_answer_for_many_slow_readers_is_kept_once() -> None:
    """The bug class is "a copy for each connection". The answer counts once, and no reader is refused."""
    limits = replace(QUICK, unsent_bytes=10 * MEGABYTE)
    async with serving(APPLICATION, limits) as (port, service), _slow_readers(port, b"/kept", 20):
        await _until_waiting(service, 20)
        assert service.load.unsent_bytes == len(KEPT)
        assert all(one.transport.get_write_buffer_size() > MEGABYTE for one in service.connections)
    await until(lambda: not service.connections)
    assert service.load.unsent_bytes == 0


def test_an_answer_for_many_slow_readers_is_in_memory_once() -> None:
    """The loop of a worker keeps the bytes that it is given. asyncio's own copies them, so it shows nothing."""

    async def measure() -> None:
        async with serving(APPLICATION) as (port, service):
            before = _memory_bytes()
            async with _slow_readers(port, b"/kept", 20):
                await _until_waiting(service, 20)
                assert _memory_bytes() - before < 5 * len(KEPT)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure())


def _memory_bytes() -> int:
    """Return the memory of this process that is in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def test_only_large_answers_are_refused_above_the_limit() -> None:
    limits = replace(QUICK, unsent_bytes=20 * MEGABYTE)
    async with serving(APPLICATION, limits) as (port, service), _slow_readers(port, b"/own", 2):
        await _until_waiting(service, 2)
        assert service.load.unsent_bytes == 2 * len(KEPT)
        async with RawConnection(port) as connection:
            await connection.send(b"GET /own HTTP/1.1\r\n" + HOST + b"\r\n")
            refused = await connection.answer()
            assert refused is not None
            assert (refused.status, json.loads(refused.body)["code"]) == (503, "busy")
            await connection.send(GET)
            answer = await connection.answer()
            assert answer is not None
            assert answer.status == 200


async def test_only_unfinished_bodies_are_refused_above_the_limit() -> None:
    limits = replace(QUICK, unread_bytes=4 * MEGABYTE, body_seconds=3600.0)
    head = POST + b"Content-Length: %d\r\n\r\n" % (2 * MEGABYTE)
    async with serving(APPLICATION, limits) as (port, service), AsyncExitStack() as stack:
        for _ in range(2):
            one = await stack.enter_async_context(RawConnection(port))
            await one.send(head, b" " * (2 * MEGABYTE - 100_000))
        await until(lambda: service.load.unread_bytes > 3.7 * MEGABYTE)
        last = await stack.enter_async_context(RawConnection(port))
        await last.send(head, b" " * MEGABYTE)
        refused = await last.answer()
        assert refused is not None
        assert (refused.status, json.loads(refused.body)["code"]) == (503, "busy")
        buyer = await stack.enter_async_context(RawConnection(port))
        await buyer.send(POST + b"Content-Length: 2\r\n\r\n{}")
        answer = await buyer.answer()
        assert answer is not None
        assert (answer.status, answer.body) == (200, b"2")
    await until(lambda: not service.connections)
    assert service.load.unread_bytes == 0


async def test_requests_pipelined_behind_a_slow_answer_are_not_read() -> None:
    """The server keeps at most one read. The rest waits in the kernel, and then at the client."""
    async with serving(APPLICATION, QUICK) as (port, service), _slow_readers(port, b"/own", 1) as (client,):
        await _until_waiting(service, 1)
        loop = asyncio.get_running_loop()
        flooding = asyncio.ensure_future(loop.sock_sendall(client, GET * 200_000))
        await until(lambda: service.load.unread_bytes)
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert service.load.unread_bytes <= MEGABYTE
        flooding.cancel()


async def test_many_pipelining_clients_do_not_delay_others() -> None:
    """Without a limit each loop turn would answer one request of every such connection."""
    flooding, each = 100, 100
    answered = 0

    async def count_answers(connection: RawConnection) -> None:
        nonlocal answered
        for _ in range(each):
            assert await connection.answer() is not None
            answered += 1

    async with serving(APPLICATION, QUICK) as (port, _service), AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(RawConnection(port)) for _ in range(flooding)]
        counting = [asyncio.ensure_future(count_answers(one)) for one in connections]
        for one in connections:
            await one.send(GET * each)
        buyer = await stack.enter_async_context(RawConnection(port))
        for _ in range(20):
            await buyer.send(GET)
            answer = await buyer.answer()
            assert answer is not None
            assert answer.status == 200
        assert answered < flooding * each / 4
        for one in counting:
            one.cancel()


async def test_pipelined_requests_are_answered_without_more_input() -> None:
    async with serving(APPLICATION, QUICK) as (port, _), RawConnection(port) as connection:
        await connection.send(GET * 3)
        connection.stop_sending()
        for _ in range(3):
            answer = await connection.answer()
            assert answer is not None
            assert answer.status == 200


async def test_endless_trailers_are_refused_and_never_kept() -> None:
    async with serving(APPLICATION, QUICK) as (port, service), RawConnection(port) as connection:
        await connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
        await connection.send(*[b"a:b\r\n" * 200] * 50)
        answer = await connection.answer()
        assert answer is not None
        assert (answer.status, json.loads(answer.body)["code"]) == (431, "headers_too_large")
        assert service.load.unread_bytes == 0


def _slow_readers(port: int, path: bytes, count: int) -> Any:
    """Clients that request a large answer, and read nothing of it."""

    class Readers:
        async def __aenter__(self) -> list[socket.socket]:
            self._stack = ExitStack()
            found = []
            for _ in range(count):
                client = self._stack.enter_context(socket.socket())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                client.connect(("127.0.0.1", port))
                client.setblocking(False)
                client.sendall(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
                found.append(client)
            return found

        async def __aexit__(self, *_: object) -> None:
            self._stack.close()

    return Readers()


async def _until_waiting(service: Any, count: int) -> None:
    await until(lambda: sum(one.writer.is_paused for one in service.connections) == count)
