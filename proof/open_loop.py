"""Open loop: buyers who come when they come, however slow the answers are, each with a hold and its confirmation.

A closed loop waits for its answers, and so offers less the slower the server gets: what it measures is never overload.
Here the arrivals are drawn beforehand. Every request is in the clients' log, so that the checker judges this run too.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from proof.log import ClientLog

__all__ = ["Loop", "Request"]

_PATIENCE_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 1.0
_TTL_SECONDS = 60
AREA = "general"


@dataclass(frozen=True, slots=True)
class Request:
    """One that was answered: what it was, when it was sent, how long it took (seconds), and the answer's code."""

    f: str
    sent: float
    took: float
    status: int | None
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    f: str
    buyer: str
    key: str
    path: str
    body: dict[str, Any]
    logged: dict[str, Any]


@dataclass(slots=True)
class Loop:
    """Clients of one event on one server; `requests` has all that ended."""

    port: int
    event: str
    log: ClientLog
    seed: int
    requests: list[Request] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    """How much later than drawn each buyer came: the harness's own slowness, not the server's."""
    booked: int = 0
    _idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=deque)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def closed(self, clients: int, seconds: float) -> None:
        """So many buyers at once, the next one when one has ended."""
        until = time.monotonic() + seconds

        async def one(number: int) -> None:
            while time.monotonic() < until:
                await self._buy(f"closed-{number}-{next(self._numbers)}", random.Random(number))

        await asyncio.gather(*(one(number) for number in range(clients)))
        self._hang_up()

    async def open(self, buyers_per_second: float, seconds: float) -> None:
        """Buyers at random, so many a second on average, and none of them waits for another."""
        chance = random.Random(self.seed)
        running: set[asyncio.Task[None]] = set()
        began = time.monotonic()
        due = 0.0
        while (due := due + chance.expovariate(buyers_per_second)) < seconds:
            if (early := began + due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            self.lags.append(max(0.0, time.monotonic() - began - due))
            buyer = f"open-{next(self._numbers)}"
            task = asyncio.create_task(self._buy(buyer, random.Random(f"{self.seed}/{buyer}")))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        self._hang_up()

    def codes(self, f: str | None = None) -> Counter[str]:
        return Counter(one.code or str(one.status) for one in self.requests if f in (None, one.f))

    async def _buy(self, buyer: str, chance: random.Random) -> None:
        """A hold; whoever gets one confirms it, and asks again where that was refused for being busy."""
        status, held = await self._ask(self._hold(buyer, chance), attempt=1)
        if status != 201:
            return
        wanted = self._booking(buyer, held, chance)
        until = time.monotonic() + _PATIENCE_SECONDS
        for attempt in itertools.count(1):
            status, _ = await self._ask(wanted, attempt)
            if status in (200, 201):
                self.booked += 1
            if status != 503 or time.monotonic() > until:
                return
            await asyncio.sleep(chance.uniform(0.5, 1.0) * _LONGEST_PAUSE_SECONDS)

    def _hold(self, buyer: str, chance: random.Random) -> _Wanted:
        return _Wanted(
            f="hold",
            buyer=buyer,
            key=f"{buyer}-hold-{chance.getrandbits(64):x}",
            path="/v1/holds",
            body={"event": self.event, "lines": [{"quantity": 1}], "ttl_seconds": _TTL_SECONDS},
            logged={
                "event": self.event,
                "lines": [{"area": AREA, "quantity": 1}],
                "ttl": _TTL_SECONDS,
                "partial": False,
                "buyer": None,
            },
        )

    def _booking(self, buyer: str, held: dict[str, Any], chance: random.Random) -> _Wanted:
        return _Wanted(
            f="book",
            buyer=buyer,
            key=f"{buyer}-book-{chance.getrandbits(64):x}",
            path="/v1/bookings",
            body={"hold": held["id"], "hold_token": held["hold_token"]},
            logged={"hold": held["id"], "event": self.event},
        )

    async def _ask(self, wanted: _Wanted, attempt: int) -> tuple[int | None, dict[str, Any]]:
        number = self.log.invoke(
            proc=wanted.buyer,
            user=wanted.buyer,
            f=wanted.f,
            key=wanted.key,
            attempt=attempt,
            via="v1",
            given=wanted.logged,
        )
        sent = time.monotonic()
        status: int | None = None
        answer: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status, answer = await self._exchange(wanted)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            answer = {"code": type(error).__name__}
        took = time.monotonic() - sent
        code = answer.get("code")
        self.requests.append(Request(wanted.f, sent, took, status, code))
        self.log.settle(
            number,
            res=_class_of(status, code),
            status=status,
            code=code,
            out=_told(wanted.f, answer) if status in (200, 201) else None,
        )
        return status, answer

    async def _exchange(self, wanted: _Wanted) -> tuple[int, dict[str, Any]]:
        content = json.dumps(wanted.body).encode()
        head = (
            f"POST {wanted.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {wanted.key}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        reader, writer = self._idle.pop() if self._idle else await self._connect()
        try:
            writer.write(head.encode() + content)
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            answer = json.loads(await reader.readexactly(int(headers["content-length"])))
        except BaseException:
            writer.close()
            raise
        if headers.get("connection", "").lower() == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(first.split()[1]), answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    def _hang_up(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()


def _class_of(status: int | None, code: str | None) -> str:
    if status in (200, 201):
        return "ok"
    sure = status is not None and (status < 500 or code in ("busy", "unavailable"))
    return "fail" if sure else "info"


def _told(f: str, answer: dict[str, Any]) -> dict[str, Any]:
    areas = {line["area"]: line["quantity"] for line in answer["lines"] if "area" in line}
    told = {"event": answer["event"], "seats": [], "areas": areas}
    if f == "hold":
        times = {name: microseconds(answer[name]) for name in ("placed_at", "expires_at", "server_time")}
        return {"hold": answer["id"], **told, **times}
    return {
        "booking": answer["id"],
        "hold": answer["hold"],
        **told,
        "confirmed_at": microseconds(answer["confirmed_at"]),
    }


def microseconds(text: str) -> int:
    """Of a time of the API, since the epoch."""
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
