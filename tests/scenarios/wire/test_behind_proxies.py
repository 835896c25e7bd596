"""The matrix behind proxies whose connections to the server are shared by several clients."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence

import pytest

from scenarios.wire.matrix import CLOSE, Place, Row, pieces, rows, shorten
from scenarios.wire.matrix_server import furnish, held, logged_server, smuggled_events
from scenarios.wire.proxies import DOCUMENTED, HIDING, SETUPS, Proxy, Setup, program
from scenarios.wire.raw import Answer, RawConnection, exchange
from support.serving import Serving

LANES = 4
"""Rows sent at the same time."""
CREATE = b"POST /v1/events HTTP/1.1\r\nContent-Type: application/json\r\n" + CLOSE


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with logged_server() as one:
        yield one


@pytest.fixture(scope="module")
def place(server: Serving) -> Place:
    return furnish(server, marks=7 + LANES)


def start(setup: Setup, server: Serving) -> Proxy:
    if program(setup.program) is None:
        pytest.skip(f"{setup.program} is not installed")
    return Proxy(setup, server.port)


class Bystander:
    """Another client of the proxy, on its own connection. Its answers must not depend on other clients."""

    def __init__(self, name: str, proxy: Proxy, place: Place, mark: int, *, keeps_ids: bool) -> None:
        self._name, self._proxy, self._place, self._mark = name, proxy, place, mark
        self._keeps_ids = keeps_ids
        self._count = 0
        self._connection: RawConnection | None = None
        self.wrong: list[str] = []

    async def ask(self, when: str) -> None:
        self._count += 1
        id = f"{self._name}-{self._count:05d}".encode()
        head = b"GET /v1/events/%d HTTP/1.1\r\nHost: %s\r\n" % (self._mark, self._place.host)
        answer = await self._send(head + b"X-Request-Id: %s\r\n\r\n" % id)
        if answer is None or answer.status != 200 or b'"number":%d,' % self._mark not in answer.body:
            self.wrong.append(f"{when}: a bystander got {answer and (answer.status, answer.body[:80])}")
        elif self._keeps_ids and answer.header(b"x-request-id") != id:
            self.wrong.append(f"{when}: a bystander got {answer.header(b'x-request-id')!r}")

    async def _send(self, request: bytes) -> Answer | None:
        """Send a request. If the proxy has closed the connection, send it again on a new one."""
        answer = None
        for _ in range(2):
            if self._connection is None:
                self._connection = await RawConnection(self._proxy.port).__aenter__()
            await self._connection.send(request)
            answer = await self._connection.answer()
            if answer is not None:
                break
            await self.close()
        return answer

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.__aexit__()
        self._connection = None


class Passage:
    """One row through a proxy. A row with nothing behind sends its next request after its answer."""

    def __init__(self, row: Row, place: Place, bystander: Bystander) -> None:
        self._row, self._place, self._bystander = row, place, bystander
        self._sent = pieces(row, place)
        self.answers: list[Answer] = []
        self.failed = ""
        self._was_answered = asyncio.Event()

    async def run(self, port: int, *, in_pieces: bool) -> None:
        async with RawConnection(port) as connection:
            reader = asyncio.create_task(self._read(connection))
            if in_pieces:
                await self._send_in_pieces(connection)
            else:
                await connection.send(self._sent.whole)
            if self._row.behind == "nothing":
                await self._was_answered.wait()
                await connection.send(self._later())
            await reader

    async def _send_in_pieces(self, connection: RawConnection) -> None:
        """Send the pieces, with a bystander's request between them."""
        body = self._sent.body
        for piece in (self._sent.head, body[:40], body[40:], self._sent.behind):
            await connection.send(piece)
            await self._bystander.ask(f"during {self._row}")

    def _later(self) -> bytes:
        line = b"GET /v1/events/%d HTTP/1.1\r\n" % self._row.mark(self._place)
        ids = b"Host: %s\r\nX-Request-Id: %s\r\n" % (self._place.host, self._row.behind_id)
        return line + ids + CLOSE + b"\r\n"

    async def _read(self, connection: RawConnection) -> None:
        method = self._row.wanted.method
        try:
            while (answer := await connection.answer(method)) is not None:
                self.answers.append(answer)
                if answer.status >= 200:
                    self._was_answered.set()
                    method = b"GET"
        except (AssertionError, ValueError, TimeoutError, ConnectionError) as error:
            self.failed = f"{type(error).__name__}: {error}"
        self._was_answered.set()


def judge(row: Row, place: Place, answers: Sequence[Answer], *, keeps_ids: bool) -> str | None:
    """Return what is wrong with the answers of a proxy, or None.

    The proxy may refuse a request or close. An answer of the server must belong to the request.
    """
    interims = [answer.status for answer in answers if answer.status < 200]
    finals = [answer for answer in answers if answer.status >= 200]
    if set(interims) - {100} or (interims and row.offer != "expect"):
        return f"interim answers: {interims}"
    found = [(answer.status, answer.header(b"x-request-id"), answer.body[:60]) for answer in finals]
    if not found:
        return "no answer"
    if len(found) > 2:
        return f"{len(found)} answers: {found}"
    own, *rest = finals
    if is_of_the_server(own):
        if own.status not in row.wanted.statuses or (keeps_ids and own.header(b"x-request-id") != row.own_id):
            return f"another's answer: {found}"
    elif row.offer != "expect" and row.request != "CONNECT":
        return f"it did not reach the server: {found}"
    for behind in rest:
        if not is_of_the_server(behind):
            continue
        if (
            row.behind == "rubbish"
            or behind.status != 200
            or b'"number":%d,' % row.mark(place) not in behind.body
        ):
            return f"another's answer: {found}"
        if keeps_ids and behind.header(b"x-request-id") != row.behind_id:
            return f"another's answer: {found}"
    return None


def is_of_the_server(answer: Answer) -> bool:
    return bool(answer.all(b"x-request-id"))


@pytest.mark.parametrize("name", [name for name in SETUPS if name != "caddy, stock"])
async def test_behind_a_proxy_each_answer_is_its_own_and_no_body_is_a_request(
    server: Serving, place: Place, name: str
):
    setup = SETUPS[name]
    first = 100_000 + 5_000 * list(SETUPS).index(name)
    chosen = list(rows(framings=["length", "chunked with extras"], bodies=None, first=first))
    wrong: list[str] = []
    holds = 0
    events, before = smuggled_events(server), held(server, place)

    async def lane(number: int, proxy: Proxy) -> None:
        nonlocal holds
        mark = place.marks[7 + number]
        bystander = Bystander(f"bystander-{number}", proxy, place, mark, keeps_ids=setup.keeps_ids)
        for row in chosen[number::LANES]:
            for in_pieces in (False, True):
                passage = Passage(row, place, bystander)
                await passage.run(proxy.port, in_pieces=in_pieces)
                await bystander.ask(f"behind {row}")
                holds += sum(answer.status == 201 for answer in passage.answers)
                said = passage.failed or judge(row, place, passage.answers, keeps_ids=setup.keeps_ids)
                if said:
                    wrong.append(f"{row}, {'in pieces' if in_pieces else 'at once'}: {said}")
        await bystander.close()
        wrong.extend(bystander.wrong)

    with start(setup, server) as proxy:
        await asyncio.gather(*(lane(number, proxy) for number in range(LANES)))
    assert not wrong, shorten(wrong)
    assert smuggled_events(server) == events
    assert held(server, place) == before + holds


def hosts(proxy: Proxy, server: Serving) -> dict[str, bytes]:
    return {
        "no port": b"localhost",
        "its port": b"localhost:%d" % proxy.port,
        "the server's port": b"localhost:%d" % server.port,
    }


async def ask_as_staff(port: int, host: bytes) -> list[Answer]:
    """Return the answers that a stranger gets who tries to create an event."""
    body = b'{"name":"By a stranger","capacity":1}'
    request = CREATE + b"Host: %s\r\nContent-Length: %d\r\n\r\n" % (host, len(body)) + body
    return await exchange(port, [request])


OPEN_SETUPS = {
    name: (DOCUMENTED | SETUPS | HIDING)[name]
    for name in (*DOCUMENTED, "nginx, bare", "haproxy, stock", "caddy, stock", *HIDING)
}
PROXY_USER = "daemon"
"""A user that every system has. Debian's proxies run as users of their own, too."""

as_another_user = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a proxy as another user")


@as_another_user
@pytest.mark.parametrize("host", ["no port", "its port", "the server's port"])
@pytest.mark.parametrize("name", OPEN_SETUPS)
async def test_a_stranger_behind_a_proxy_is_no_staff_in_open_mode(server: Serving, name: str, host: str):
    """Trust from loopback: whatever a proxy hides, its socket is not the server's user's.

    The kind is every program that connects on behalf of somebody else. The list has each proxy as its package
    configures it, as these documents do, and with every trace in the request removed.
    """
    if program(OPEN_SETUPS[name].program) is None:
        pytest.skip(f"{OPEN_SETUPS[name].program} is not installed")
    with Proxy(OPEN_SETUPS[name], server.port, user=PROXY_USER) as proxy:
        (answer,) = await ask_as_staff(proxy.port, hosts(proxy, server)[host])
    assert answer.status == 401
    assert b"Open mode does not apply here: " in answer.body


@as_another_user
async def test_the_refusal_names_the_other_user(server: Serving):
    """The proxy forwards bytes, so that only the kernel can know of it."""
    if program("haproxy") is None:
        pytest.skip("haproxy is not installed")
    with Proxy(HIDING["haproxy, bytes only"], server.port, user=PROXY_USER) as proxy:
        for _ in range(2):
            (answer,) = await ask_as_staff(proxy.port, b"localhost:%d" % server.port)
            assert b"the connection belongs to another user than the server" in answer.body


async def test_a_program_of_the_servers_user_is_staff(server: Serving):
    (answer,) = await ask_as_staff(server.port, b"localhost:%d" % server.port)
    assert answer.status == 201
