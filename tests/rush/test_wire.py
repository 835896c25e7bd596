"""The wire: each asker receives exactly one outcome, for any answer of servers and proxies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from holdfast.rush.wire import Address, Lost, Pool, RushAnswer

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Asker:
    """Waits for one outcome."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[RushAnswer | Lost] = asyncio.get_running_loop().create_future()

    def receive(self, outcome: RushAnswer | Lost) -> None:
        self.answer.set_result(outcome)  # raises on a second outcome


@asynccontextmanager
async def serving(serve: Serve, *, limit: int = 4) -> AsyncIterator[Pool]:
    """Yield connections to a server with this handler."""
    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool = Pool(Address(f"http://127.0.0.1:{port}"), limit=limit, queued=lambda seconds: None)
    async with server:
        yield pool
        pool.close()
        await asyncio.gather(*handlers)


def answering(*answers: bytes, closes: bool = False) -> Serve:
    """Return a handler that sends the next of these answers for each request, on any connection."""
    left = iter(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (await reader.readuntil(b"\r\n\r\n")) and (raw := next(left, None)) is not None:
            writer.write(raw)
            await writer.drain()
            if closes:
                return

    return serve


async def ask(pool: Pool) -> RushAnswer | Lost:
    asker = Asker()
    pool.ask(REQUEST, asker)
    async with asyncio.timeout(30):
        return await asker.answer


PLAIN = b'HTTP/1.1 200 OK\r\nETag: "1.0"\r\nContent-Length: 2\r\n\r\n{}'


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (PLAIN, 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", 200, b"{}"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n1", 201, b"1"),
        (b"HTTP/1.1 503 Later\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n", 503, b""),
    ],
)
async def test_answers_are_read_in_any_form(raw: bytes, status: int, body: bytes) -> None:
    async with serving(answering(raw, PLAIN)) as pool:
        found = await ask(pool)
        assert isinstance(found, RushAnswer)
        assert (found.status, found.body) == (status, body)
        assert found.retry_after == ("2" if status == 503 else "")
        again = await ask(pool)
        assert isinstance(again, RushAnswer)
        assert again.etag == '"1.0"'
        assert pool.max_open == 1


async def test_a_connection_with_close_is_not_reused() -> None:
    raw = PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    async with serving(answering(raw, raw, raw)) as pool:
        for _ in range(3):
            assert isinstance(await ask(pool), RushAnswer)


@pytest.mark.parametrize(
    ("raw", "why"), [(b"SSH-2.0-nothing\r\n\r\n", "not_http"), (b"", "closed"), (PLAIN[:-1], "closed")]
)
async def test_an_invalid_answer_is_lost_and_may_be_done(raw: bytes, why: str) -> None:
    async with serving(answering(raw, closes=True)) as pool:
        found = await ask(pool)
    assert isinstance(found, Lost)
    assert (found.why, found.may_be_done) == (why, True)


async def test_a_refused_connection_means_nothing_was_done() -> None:
    async with serving(answering()) as pool:
        pass
    found = await ask(pool)
    assert isinstance(found, Lost)
    assert (found.why, found.may_be_done) == ("refused_connection", False)


async def test_requests_beyond_the_limit_wait_for_a_connection() -> None:
    """Each gets its answer, and the number of connections stays within the limit."""
    async with serving(answering(*[PLAIN] * 50), limit=3) as pool:
        found = await asyncio.gather(*(ask(pool) for _ in range(50)))
        assert all(isinstance(each, RushAnswer) for each in found)
        assert pool.max_open == 3


async def test_a_late_answer_is_lost_as_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.set()
        await reader.read()

    monkeypatch.setattr("holdfast.rush.wire.ANSWER_SECONDS", 0)
    async with serving(serve) as pool:
        asker = Asker()
        pool.ask(REQUEST, asker)
        await heard.wait()
        pool.look_after()
        found = asker.answer.result()
    assert isinstance(found, Lost)
    assert (found.why, found.may_be_done) == ("time_out", True)


async def test_address_parses_port_path_and_encryption() -> None:
    plain, safe = Address("http://[::1]:81/below/"), Address("https://tickets.example")
    assert (plain.host, plain.port, plain.prefix, plain.name, plain.tls) == (
        "::1",
        81,
        "/below",
        "[::1]:81",
        None,
    )
    assert (safe.port, safe.prefix) == (443, "")
    assert isinstance(safe.tls, ssl.SSLContext)
