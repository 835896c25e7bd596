"""The direct way answers as the ordinary way does, byte for byte, with ids, tokens and times masked.

Two servers, each with its own database, get the same random requests: valid, repeated, hostile, and in pieces. One of
them begins direct routes at once, the other begins every request as a task.

The kind: whatever route is direct, in both forms of a dialect's path; whatever a request can have that makes it go the
ordinary way (its head, its body, its caller, its conditions); and whatever comes of it, on the way in and on the way
out. A test below holds that every direct route is among the requests.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from golden.masking import Mask
from holdfast.api.catalogue import all_endpoints
from holdfast.http.application import Application
from holdfast.http.server.request import Cycle
from scenarios.wire.raw import RawConnection
from support.http_app import NEVER_SECONDS, client_of, running_app
from support.http_serving import serving
from support.postgres import TestDatabases

REQUESTS = 2_500
"""For each of the seeds."""

_SEATS = [f"A-{row}-{seat}" for row in range(1, 9) for seat in range(1, 13)]
_CHANCE = re.compile(
    r'(?<="reference":")[0-9A-Z]{8}(?=")|(?<="instance":")[0-9a-f]{20}(?=")|(?<="epoch":")[^"]+|(?<=etag: ")[^".]+'
)
_USER = {"name": "Ada Byron", "phone_number": "+44 20 7946 0000", "password": "analytical engine"}
_WRONG_TOKEN = "hfh_1_" + "A" * 43
_BROWSER = (
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: */*\r\nAccept-Language: de,en;q=0.7\r\n"
    b"Accept-Encoding: gzip, br\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\nDNT: 1\r\n"
)
_ODD_HEADERS = (
    b"",
    b"",
    _BROWSER,
    b"X-Request-Id: mine-17\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Authorization: Bearer hfk_none_" + b"s" * 43 + b"\r\n",
    b"Forwarded: for=1.2.3.4\r\n",
    b"If-None-Match: *\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Accept: text/html\r\n",
)
_BODIES = (
    b"",
    b"{",
    b"[]",
    b'{"event":1}',
    b'{"event":1,"lines":[{"quantity":-1}]}',
    b'{"event":1,"event":2}',
    b"\xff",
)


class _Undirect:
    """The same application, but no request of it is direct."""

    def __init__(self, application: Application) -> None:
        self.serve = application.serve


class _Counting(_Undirect):
    """The same application, which counts the requests that began at once, by method and path."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._begin = application.begin
        self.begun: Counter[str] = Counter()

    def begin(self, cycle: Cycle) -> bool:
        assert self._begin is not None
        has_begun = self._begin(cycle)
        if has_begun:
            self.begun[cycle.method] += 1
        return has_begun


@dataclass(slots=True)
class _Side:
    """One server, and what it has given so far. Both sides have given the same."""

    port: int
    application: _Undirect
    mask: Mask = field(default_factory=Mask)
    holds: list[tuple[str, str]] = field(default_factory=list)
    """Ids with tokens."""
    bookings: list[str] = field(default_factory=list)
    reservations: list[str] = field(default_factory=list)

    def learn(self, status: int, body: bytes) -> None:
        if status in (200, 201) and body.startswith(b'{"id":"'):
            made = json.loads(body)
            if "hold_token" in made:
                self.holds.append((made["id"], made["hold_token"]))
            elif "confirmed_at" in made:
                self.bookings.append(made["id"])
            elif status == 201 and "user_id" in made:
                self.reservations.append(made["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request, before a side puts its own ids and tokens in."""

    method: str
    path: str
    body: dict[str, Any] | bytes | None = None
    hold: int | None = None
    """Which of the given holds `HOLD` and `TOKEN` stand for."""
    reservation: int | None = None
    """Which of the given reservations `RESERVATION` stands for."""
    headers: bytes = b""
    chunked: bool = False

    def render(self, side: _Side) -> bytes:
        hold, token = side.holds[self.hold] if self.hold is not None else ("", _WRONG_TOKEN)
        reservation = side.reservations[self.reservation] if self.reservation is not None else hold
        body = self.body if isinstance(self.body, bytes) else b"" if self.body is None else _json(self.body)
        own = {b"HOLD": hold, b"TOKEN": token, b"RESERVATION": reservation}

        def put(text: bytes) -> bytes:
            for name, value in own.items():
                text = text.replace(name, value.encode())
            return text

        body = put(body)
        head = put(
            f"{self.method} {self.path} HTTP/1.1\r\nHost: localhost:{side.port}\r\n".encode() + self.headers
        )
        if body:
            head += b"Content-Type: application/json\r\n"
        if self.chunked and body:
            return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        return head + (b"Content-Length: %d\r\n\r\n%s" % (len(body), body) if body else b"\r\n")


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _draw(chance: random.Random, side: _Side) -> _Asked:
    """Draw a request. Most are valid, and about holds that were given."""
    hold = chance.randrange(len(side.holds)) if side.holds and chance.random() < 0.95 else None
    token = chance.choice(("TOKEN",) * 9 + (_WRONG_TOKEN,))
    key = chance.choice(
        (
            b"",
            b"",
            b"Idempotency-Key: %032x\r\n" % chance.getrandbits(128),
            b"Idempotency-Key: 5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11\r\n",
        )
    )
    extra = {"headers": key + chance.choice(_ODD_HEADERS), "chunked": chance.random() < 0.1}
    by_header = {**extra, "headers": extra["headers"] + f"Hold-Token: {token}\r\n".encode()}
    path = f"/v1/holds/{'HOLD' if hold is not None else chance.randrange(3)}"
    counted, seated = {"event": 1}, {"event": 2}
    reserved = len(side.reservations)
    reservation = chance.randrange(reserved) if reserved and chance.random() < 0.9 else None
    user, seat, end = chance.choice((1, 1, 2, 99)), chance.randrange(1, 130), chance.choice(("", "/"))
    draws: tuple[Callable[[], _Asked], ...] = (
        lambda: _Asked(
            method="POST",
            path="/v1/holds",
            body={**counted, "lines": [{"quantity": chance.choice((1, 1, 2, 9, 10**6))}]},
            **extra,
        ),
        lambda: _Asked(
            method="POST",
            path="/v1/holds",
            body={**counted, "lines": [{"quantity": 1}], "buyer": {"reference": f"b{chance.randrange(9)}"}},
            **extra,
        ),
        lambda: _Asked(
            method="POST",
            path="/v1/holds",
            body={**seated, "lines": [{"seats": chance.sample(_SEATS, 2)}]},
            **extra,
        ),
        lambda: _Asked(
            method="POST", path="/v1/holds", body={**seated, "lines": [{"best_available": 2}]}, **extra
        ),
        lambda: _Asked(
            method="POST",
            path="/v1/holds",
            body={"event": chance.choice((3, 0, -1, "x", "2" * 40)), "lines": [{"quantity": 1}]},
            **extra,
        ),
        lambda: _Asked(method="POST", path="/v1/holds", body=chance.choice(_BODIES), **extra),
        lambda: _Asked(
            method="POST", path="/v1/bookings", body={"hold": "HOLD", "hold_token": token}, hold=hold, **extra
        ),
        lambda: _Asked(
            method="POST",
            path=f"{path}/extend",
            body=chance.choice((None, {"ttl_seconds": 900})),
            hold=hold,
            **by_header,
        ),
        lambda: _Asked(method="POST", path=f"{path}/release", hold=hold, **by_header),
        lambda: _Asked(method="GET", path=path, hold=hold, **by_header),
        lambda: _Asked(
            method=chance.choice(("GET", "HEAD", "PUT")),
            path=f"/v1/events/{chance.choice((1, 2, 3))}/availability{chance.choice(('', '?since=1', '?x=1'))}",
            **extra,
        ),
        lambda: _Asked(
            method="POST",
            path=f"/holds{end}",
            body={"event_id": 1, "qty": chance.choice((1, 0, "a"))},
            **extra,
        ),
        lambda: _Asked(
            method="POST",
            path=f"/book{end}",
            body={"hold_id": "HOLD", "payment_token": token},
            hold=hold,
            **extra,
        ),
        lambda: _Asked(
            method="POST",
            path=f"/book{end}",
            body={"show_id": 1, "seat_count": chance.choice((1, 2, 0))},
            **extra,
        ),
        lambda: _Asked(method="GET", path=f"/events/{chance.choice((1, 3))}{end}", **extra),
        lambda: _Asked(
            method="POST",
            path=f"/seats/{2_000_000 + seat}/{chance.choice(('reserve', 'confirm'))}{end}?user_id=u{user}",
            **extra,
        ),
        lambda: _Asked(
            method="POST",
            path=f"/reservations/{user}/hold{end}",
            body={"seat_id": 2_000_000 + seat, "hold_minutes": chance.choice((1, 20, 21))},
            **extra,
        ),
        lambda: _Asked(
            method="POST",
            path=f"/reservations/{'RESERVATION' if reservation is not None else 'x'}/"
            f"{chance.choice(('confirm', 'release'))}{end}",
            reservation=reservation,
            **extra,
        ),
    )
    return chance.choice(draws)()


def _split(raw: bytes, chance: random.Random) -> list[bytes]:
    """Return the bytes in pieces: mostly one, sometimes a few, sometimes one for each byte of the head."""
    way = chance.random()
    if way < 0.8:
        return [raw]
    if way < 0.97:
        cuts = sorted({0, *(chance.randrange(len(raw)) for _ in range(3)), len(raw)})
        return [raw[one:other] for one, other in itertools.pairwise(cuts)]
    return [raw[at : at + 1] for at in range(len(raw))]


async def _ask(
    side: _Side, connection: RawConnection, asked: list[_Asked], cutting: random.Random
) -> list[str]:
    """Send the requests together, and return the masked answers. An answer that ends the connection is the last."""
    await connection.send(*_split(b"".join(one.render(side) for one in asked), cutting))
    texts = []
    for one in asked:
        answer = await connection.answer(one.method.encode())
        while answer is not None and answer.status == 100:  # it depends on when the body arrives
            answer = await connection.answer(one.method.encode())
        if answer is None:
            texts.append("closed")
            break
        side.learn(answer.status, answer.body)
        request_id = (answer.header(b"x-request-id") or b"").decode()
        lines = [f"{name.decode()}: {value.decode('latin-1')}" for name, value in answer.headers]
        whole = "\n".join((str(answer.status), *lines, "", answer.body.decode("latin-1")))
        texts.append(_CHANCE.sub("<chance>", side.mask.answer_text(whole, request_id)))
    return texts


async def _create_events(app: Application) -> None:
    async with client_of(app) as client:
        for body in (
            {"name": "Floor", "capacity": 4_000, "max_per_buyer": None},
            {"name": "Hall", "seat_map": {"sections": [{"name": "A", "rows": 8, "seats_per_row": 12}]}},
        ):
            made: httpx2.Response = await client.post("/v1/events", json=body)
            assert made.status_code == 201, made.text
        for name in ("ada", "bob"):
            user = {**_USER, "email": f"{name}@example.org"}
            assert (await client.post("/users/", json=user)).status_code < 300


@pytest.fixture
async def sides(databases: TestDatabases) -> AsyncIterator[tuple[_Side, _Side]]:
    async with AsyncExitStack() as stack:
        made = []
        for wrap in (_Counting, _Undirect):
            url = databases.create()
            stack.callback(databases.drop, url)
            app = await stack.enter_async_context(running_app(url, live_check_interval_seconds=NEVER_SECONDS))
            await _create_events(app)
            application = wrap(app)
            port, _ = await stack.enter_async_context(serving(application))  # type: ignore[arg-type]  # it only serves
            made.append(_Side(port, application))
        direct, ordinary = made
        yield direct, ordinary


@pytest.mark.parametrize("seed", range(4))
async def test_both_ways_give_the_same_bytes(sides: tuple[_Side, _Side], seed: int) -> None:
    chance = random.Random(seed)
    asked_so_far = 0
    while asked_so_far < REQUESTS:
        async with RawConnection(sides[0].port) as one, RawConnection(sides[1].port) as other:
            while asked_so_far < REQUESTS:
                asked = [_draw(chance, sides[0]) for _ in range(chance.choice((1,) * 12 + (2, 3)))]
                asked_so_far += len(asked)
                cut = chance.getrandbits(64)
                direct = await _ask(sides[0], one, asked, random.Random(cut))
                ordinary = await _ask(sides[1], other, asked, random.Random(cut))
                assert direct == ordinary, asked
                if direct[-1] == "closed" or "connection: close" in "".join(direct):
                    break
    assert len(sides[0].holds) > REQUESTS / 20
    assert len(sides[0].bookings) > REQUESTS / 100
    application = sides[0].application
    assert isinstance(application, _Counting)
    assert application.begun["POST"] > REQUESTS / 8
    assert sides[0].reservations
    assert application.begun["GET"] > REQUESTS / 40


def test_every_direct_route_is_tried() -> None:
    chance, side = random.Random(0), _Side(0, _Undirect.__new__(_Undirect))
    side.holds.append(("hold", "token"))
    side.reservations.append("reservation")
    drawn = [_draw(chance, side) for _ in range(4_000)]
    paths = {(one.method, one.path.partition("?")[0]) for one in drawn}
    untried = [
        f"{one.method} {one.path}"
        for one in all_endpoints()
        if one.direct
        and not any(
            method == one.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.path), path)
            for method, path in paths
        )
    ]
    assert untried == []
