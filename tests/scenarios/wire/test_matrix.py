"""Where a request ends: each row of the matrix, its body and what follows, sent to `holdfast serve` itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

import pytest

from scenarios.wire.matrix import CLOSE, Place, Row, judge, pieces, rows, shorten
from scenarios.wire.matrix_server import api, furnish, held, logged_server, smuggled_events
from scenarios.wire.raw import Answer, RawConnection, exchange, split
from support.serving import Serving

AT_ONCE = 100
"""Connections open at the same time."""
IN_STEP = 30
"""Connections sent byte by byte at the same time. They are few, so that no head takes 5 seconds."""
MAX_SPLIT = 1_000
"""Bytes of a row sent singly. The rest of a long body goes in one piece."""
LIMIT = 8 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with logged_server() as one:
        yield one


@pytest.fixture(scope="module")
def place(server: Serving) -> Place:
    return furnish(server)


@pytest.fixture(autouse=True)
def nothing_smuggled(server: Serving) -> Iterator[None]:
    before = smuggled_events(server)
    yield
    assert smuggled_events(server) == before


class Flight:
    """One row under way: the steps to send, and the answers."""

    def __init__(self, row: Row, place: Place, port: int, steps: Sequence[bytes]) -> None:
        self.row, self.steps = row, steps
        self.answers: list[Answer] = []
        self.failed = ""
        self._place = place
        self._connection = RawConnection(port)
        self._came = asyncio.Event()

    async def open(self) -> None:
        await self._connection.__aenter__()
        self._reader = asyncio.create_task(self._read())

    async def step(self, at: int) -> None:
        if at < len(self.steps):
            await self._connection.send(self.steps[at])
        if at == len(self.steps) - 1 and self.row.behind == "nothing":
            with contextlib.suppress(OSError):
                self._connection.writer.write_eof()

    async def until_an_answer(self) -> None:
        await self._came.wait()

    async def end(self, *, answered_first: bool) -> str | None:
        """Wait until the server closes the connection. Return what went wrong, or None."""
        await self._reader
        await self._connection.__aexit__()
        in_one = len(self.steps) == 1
        wrong = self.failed or judge(
            self.row, self._place, self.answers, in_one=in_one, answered_first=answered_first
        )
        return f"{self.row}: {wrong}" if wrong else None

    async def _read(self) -> None:
        method = self.row.wanted.method
        try:
            while (answer := await self._connection.answer(method)) is not None:
                self.answers.append(answer)
                self._came.set()
                if answer.status >= 200:
                    method = b"GET"
        except (AssertionError, ValueError, TimeoutError, ConnectionError) as error:
            seen = [answer.status for answer in self.answers]
            self.failed = f"{seen}, then {type(error).__name__}: {error}"
        self._came.set()


class Barrier:
    """A separate connection. When its request is answered, the worker has read everything sent before."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._uses = 0
        self._connection: RawConnection | None = None

    async def wait(self) -> None:
        for _ in range(2):
            if self._connection is None or self._uses == 900:
                await self._renew()
            self._uses += 1
            await self._connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if await self._connection.answer() is not None:
                return
            await self._renew()
        raise AssertionError("the server closes connections without an answer")

    async def _renew(self) -> None:
        await self.close()
        self._uses = 0
        self._connection = await RawConnection(self._port).__aenter__()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.__aexit__()


async def fly(flights: Sequence[Flight], barrier: Barrier, *, answer_before: int = 0) -> list[str]:
    """Send the steps of all flights in turns, so that the server reads each step alone. Return the failures.

    Before step `answer_before` is sent, the rows that need no body have their answer.
    """
    await asyncio.gather(*(flight.open() for flight in flights))
    for at in range(max(len(flight.steps) for flight in flights)):
        if answer_before and at == answer_before:
            early = (flight for flight in flights if flight.row.waits_for_an_answer)
            await asyncio.gather(*(flight.until_an_answer() for flight in early))
        for flight in flights:
            await flight.step(at)
        await barrier.wait()
    found = await asyncio.gather(*(flight.end(answered_first=answer_before > 0) for flight in flights))
    return [wrong for wrong in found if wrong]


async def fly_all(
    server: Serving, place: Place, flights: Sequence[Flight], *, together: int, answer_before: int = 0
) -> None:
    """Run the flights. Assert that they have no failures, and made no holds but their own."""
    before = held(server, place)
    barrier = Barrier(server.port)
    wrong = []
    for first in range(0, len(flights), together):
        wrong += await fly(flights[first : first + together], barrier, answer_before=answer_before)
    await barrier.close()
    assert not wrong, shorten(wrong)
    assert held(server, place) == before + sum(flight.row.request == "hold" for flight in flights)


async def test_a_body_in_one_write_is_no_request(server: Serving, place: Place):
    flights = [Flight(row, place, server.port, [pieces(row, place).whole]) for row in rows()]
    await fly_all(server, place, flights, together=AT_ONCE)


async def test_a_body_after_the_answer_is_no_request(server: Serving, place: Place):
    """The body comes in pieces. If the answer needs no byte of it, the answer comes first."""
    flights = []
    for row in rows(first=10_000):
        sent = pieces(row, place)
        body = [sent.body[:5], sent.body[5:40], sent.body[40:90], sent.body[90:]]
        flights.append(Flight(row, place, server.port, [sent.head, *body, sent.behind]))
    await fly_all(server, place, flights, together=AT_ONCE, answer_before=1)


async def test_a_body_in_single_bytes_is_no_request(server: Serving, place: Place):
    """The server reads each byte alone."""
    flights = []
    for row in rows(bodies=None, first=20_000):
        whole = pieces(row, place).whole
        steps = [*split(whole[:MAX_SPLIT]), *filter(None, [whole[MAX_SPLIT:]])]
        flights.append(Flight(row, place, server.port, steps))
    await fly_all(server, place, flights, together=IN_STEP)


# The server counts extensions and trailers. It never keeps them or treats them as headers.

CHUNKED = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
EVENT = b'{"name":"Trailed","capacity":1}'
SECOND = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: the-second\r\n" + CLOSE + b"\r\n"


def post(server: Serving, path: bytes, body: bytes, trailers: bytes, headers: bytes = b"") -> bytes:
    """Return a POST of one chunk, with `trailers` behind the last chunk."""
    head = b"POST %s HTTP/1.1\r\nHost: localhost:%d\r\nX-Request-Id: the-first\r\n" % (path, server.port)
    return head + headers + CHUNKED + b"\r\n%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailers)


@pytest.mark.parametrize(
    "trailer",
    [
        b"Authorization: Bearer hfk_abcd1234_" + b"0" * 43,
        b"X-Request-Id: smuggled-id",
        b"X-Forwarded-For: 192.0.2.1",
        b"Origin: http://elsewhere.example",
        b"Host: elsewhere.example",
        b"Content-Length: 40",
        b"Transfer-Encoding: chunked",
        b"Content-Type: text/plain",
        b"Content-Encoding: gzip",
        b"Connection: close",
        b"Upgrade: h2c",
        b"Expect: 100-continue",
        b"Idempotency-Key: smuggled-key",
    ],
    ids=lambda trailer: trailer.split(b":")[0].decode(),
)
async def test_a_trailer_is_no_header(server: Serving, trailer: bytes):
    """As a header, each would change the answer, or end the connection before the second answer."""
    request = post(server, b"/v1/events", EVENT, trailer + b"\r\n")
    answers = await exchange(server.port, [request + SECOND])
    found = [(answer.status, answer.header(b"x-request-id")) for answer in answers]
    assert found == [(201, b"the-first"), (200, b"the-second")]


async def test_a_trailer_is_no_credential(server: Serving, place: Place):
    wanted = {"event": place.marks[0], "lines": [{"quantity": 1}]}
    hold = api(server, "POST", "/v1/holds", **wanted)
    path = f"/v1/holds/{hold['id']}/release".encode()
    token = f"Hold-Token: {hold['hold_token']}\r\n".encode()
    guest = b"X-Forwarded-For: 192.0.2.1\r\n"
    refused, _ = await exchange(server.port, [post(server, path, b"{}", token, guest) + SECOND])
    assert refused.status in (401, 403, 404)
    released, _ = await exchange(server.port, [post(server, path, b"{}", b"", guest + token) + SECOND])
    assert released.status == 200


async def test_the_extras_of_a_body_within_the_limit_are_ignored(server: Serving):
    for trailers in (b"a: " + b"b" * (LIMIT - 200) + b"\r\n", b"a:b\r\n" * ((LIMIT - 200) // 5)):
        answers = await exchange(server.port, [post(server, b"/v1/events", EVENT, trailers) + SECOND])
        assert [answer.status for answer in answers] == [201, 200]


EXTENSION = b";" + b"e" * (LIMIT + 200)
HOLD = b"POST /v1/holds HTTP/1.1\r\nHost: localhost\r\n" + CHUNKED + b"\r\n"
NOTHING = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\n" + CHUNKED + b"\r\n"

REFUSED = {
    "one long trailer": (431, [HOLD + b"2\r\n{}\r\n0\r\na: " + b"b" * (LIMIT + 200) + b"\r\n\r\n" + SECOND]),
    "many trailers": (431, [HOLD + b"2\r\n{}\r\n0\r\n" + b"a:b\r\n" * 2_000 + b"\r\n" + SECOND]),
    "trailers without an end": (431, [HOLD + b"2\r\n{}\r\n0\r\n", *[b"a:b\r\n" * 10_000] * 16]),
    "a trailer without an end": (431, [HOLD + b"2\r\n{}\r\n0\r\na: ", *[b"b" * 50_000] * 16]),
    "one long extension": (400, [HOLD + b"2" + EXTENSION + b"\r\n{}\r\n0\r\n\r\n" + SECOND]),
    "an extension of the last chunk": (400, [HOLD + b"2\r\n{}\r\n0" + EXTENSION + b"\r\n\r\n" + SECOND]),
    "many extensions": (400, [HOLD + b"1;eeeeeeeeeeeeeee\r\n \r\n" * 700 + b"0\r\n\r\n" + SECOND]),
    "an extension without an end": (400, [HOLD + b"2;", *[b"e" * 50_000] * 16]),
    "a space before a trailer's colon": (400, [HOLD + b"2\r\n{}\r\n0\r\na : b\r\n\r\n" + SECOND]),
    "a trailer without a colon": (400, [HOLD + b"2\r\n{}\r\n0\r\nabc\r\n\r\n" + SECOND]),
    "a trailer without a name": (400, [HOLD + b"2\r\n{}\r\n0\r\n: b\r\n\r\n" + SECOND]),
    "a folded trailer": (400, [HOLD + b"2\r\n{}\r\n0\r\na: b\r\n c\r\n\r\n" + SECOND]),
    "NUL in a trailer": (400, [HOLD + b"2\r\n{}\r\n0\r\na: b\x00c\r\n\r\n" + SECOND]),
    "a request as a trailer": (400, [HOLD + b"2\r\n{}\r\n0\r\n" + SECOND]),
    "a bare line feed behind a trailer": (400, [HOLD + b"2\r\n{}\r\n0\r\na: b\n\r\n" + SECOND]),
    "a bare line feed behind a size": (400, [HOLD + b"2\n{}\r\n0\r\n\r\n" + SECOND]),
}


@pytest.mark.parametrize(("status", "sent"), REFUSED.values(), ids=REFUSED)
async def test_oversized_or_broken_extras_of_a_body_are_refused(
    server: Serving, status: int, sent: list[bytes]
):
    answers = await exchange(server.port, sent)
    assert [answer.status for answer in answers] == [status]
    assert answers[0].header(b"connection") == b"close"


@pytest.mark.parametrize("sent", [sent for _, sent in REFUSED.values()], ids=REFUSED)
async def test_broken_extras_of_an_answered_request_end_the_connection(server: Serving, sent: list[bytes]):
    """The answer needs no body, but the server still counts and checks it. The rest is never read as a request.

    A client that goes on sending to a closed connection may lose the answer.
    """
    first = sent[0].replace(HOLD, NOTHING)
    answers = await exchange(server.port, [first, *sent[1:]])
    assert all(answer.status in (400, 404, 431) for answer in answers)
    assert b"the-second" not in [answer.header(b"x-request-id") for answer in answers]
