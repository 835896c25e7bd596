"""The wire: the certain result of a request of which the client saw only a part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from proof.workload.wire import Answer, Lost, NotSent, Request, Wire

ORDER = Request("POST", "/v1/holds", b'{"event":1}', key="k" * 22, token="t")
WHOLE = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nIdempotency-Replayed: true\r\n\r\n{}"


class Server:
    """A server that answers each complete request with the same bytes, or not at all; then it may hang up."""

    def __init__(self, answer: bytes, *, hangs_up: bool = False) -> None:
        self.answer = answer
        self.hangs_up = hangs_up
        self.connections = 0
        self.requests: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
                self.requests.put_nowait(head + await reader.readexactly(length))
                writer.write(self.answer)
                await writer.drain()
                if self.hangs_up:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Wire]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    wire = Wire([f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"])
    try:
        yield wire
    finally:
        wire.close()
        listening.close()
        await listening.wait_closed()


async def turns_until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - no event reports it, and this lets other tasks run
        await asyncio.sleep(0)


async def test_ask_returns_the_answer_and_reuses_its_connection() -> None:
    async with serving(server := Server(WHOLE)) as wire:
        for _ in range(3):
            assert await wire.ask(0, ORDER, seconds=5) == Answer(201, b"{}", replayed=True)
    assert server.connections == 1
    request = server.requests.get_nowait()
    assert request.startswith(b"POST /v1/holds HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Idempotency-Key: " + b"k" * 22 in request
    assert b"Hold-Token: t\r\n" in request
    assert request.endswith(b'\r\n\r\n{"event":1}')


async def test_connection_close_ends_the_reuse_of_a_connection() -> None:
    closing = WHOLE.replace(b"Content-Length", b"Connection: close\r\nContent-Length")
    async with serving(server := Server(closing)) as wire:
        await wire.ask(0, ORDER, seconds=5)
        await wire.ask(0, ORDER, seconds=5)
    assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [b"", WHOLE[:20], WHOLE[:-1], b"HTTP/1.1 200 OK\r\n\r\n{}", b"nonsense\r\nContent-Length: 0\r\n\r\n"],
    ids=["none", "half a head", "half a body", "without a length", "no HTTP"],
)
async def test_a_request_without_a_complete_answer_is_lost(answer: bytes) -> None:
    async with serving(Server(answer, hangs_up=True)) as wire:
        with pytest.raises(Lost):
            await wire.ask(0, ORDER, seconds=5)


async def test_a_request_without_an_answer_in_time_is_lost() -> None:
    async with serving(Server(b"")) as wire:
        with pytest.raises(Lost, match="time_out"):
            await wire.ask(0, ORDER, seconds=0.001)


async def test_ask_without_a_connection_raises_not_sent() -> None:
    async with serving(Server(WHOLE)) as wire:
        pass
    with pytest.raises(NotSent):
        await wire.ask(0, ORDER, seconds=5)


async def test_a_late_request_arrives_after_its_client_gave_up() -> None:
    async with serving(server := Server(WHOLE)) as wire:
        await wire.ask_late(0, ORDER, seconds=0.0, later=0.0)
        assert server.requests.empty()
        assert (await server.requests.get()).endswith(b'{"event":1}')
        await turns_until(lambda: wire.late == 1)


async def test_a_deaf_client_lets_the_server_answer() -> None:
    async with serving(server := Server(WHOLE)) as wire:
        await wire.ask_and_ignore(0, ORDER, seconds=5)
        assert not server.requests.empty()


async def test_a_client_that_hangs_up_has_sent_its_request() -> None:
    async with serving(server := Server(b"")) as wire:
        await wire.ask_and_leave(0, ORDER, seconds=0.0)
        assert (await server.requests.get()).startswith(b"POST /v1/holds")
