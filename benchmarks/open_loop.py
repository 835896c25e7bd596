"""Open loop: requests that come when they come, however slow the answers are.

A closed loop waits for its answers, and so asks less the slower they get: what it says of latency is too good. Here all
arrivals are drawn beforehand, and a latency counts from the moment at which its request was meant to come, whether a
connection was free for it or not. How late this program itself was is told with it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httptools
import uvloop

from benchmarks.quantiles import quantile

__all__ = ["Arrival", "Told", "arrivals", "come", "request_bytes"]

_CONNECTIONS = 256
_MOST_CONNECTIONS = 4_096
_PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Arrival:
    due: float
    """Seconds after the beginning."""
    request: bytes
    of: str
    """To which group its latency belongs."""


@dataclass(slots=True)
class Told:
    """What came of it."""

    latencies: dict[str, list[float]] = field(default_factory=dict)
    """Seconds from the intended moment to the whole answer, in order of size; of successes only."""
    statuses: Counter[int] = field(default_factory=Counter)
    lags: list[float] = field(default_factory=list)
    unanswered: int = 0
    cores: float = 0.0

    @property
    def unexpected(self) -> int:
        return self.unanswered + sum(
            count for status, count in self.statuses.items() if status not in (200, 201)
        )

    def figures(self, of: str) -> dict[str, float]:
        """As a row has them."""
        took = self.latencies[of]
        return {
            "p50_ms": quantile(took, 0.5) * 1000,
            "p99_ms": quantile(took, 0.99) * 1000,
            "p999_ms": quantile(took, 0.999) * 1000,
            "lag_p99_ms": quantile(self.lags, 0.99) * 1000,
            "load_cores": self.cores,
        }


def arrivals(
    per_second: float, seconds: float, draw: Callable[[random.Random], tuple[bytes, str]], seed: int
) -> list[Arrival]:
    """At random, so many a second on average; `draw` makes a request and says of which group it is."""
    chance = random.Random(seed)  # noqa: S311 - drawn from a seed, so that a run can be repeated
    found, due = [], 0.0
    while (due := due + chance.expovariate(per_second)) < seconds:
        found.append(Arrival(due, *draw(chance)))
    return found


def request_bytes(port: int, method: str, path: str, body: str | None = None) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if body is None:
        return f"{head}\r\n".encode()
    content = body.encode()
    return (
        f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    )


def come(port: int, planned: Sequence[Arrival], *, patience: float = _PATIENCE_SECONDS) -> Told:
    """All of them, and wait so many seconds more for their answers."""
    used, began = time.process_time(), time.perf_counter()
    told = uvloop.run(_Loop(port, planned).run(patience))
    told.cores = (time.process_time() - used) / (time.perf_counter() - began)
    for took in told.latencies.values():
        took.sort()
    told.lags.sort()
    return told


class _Loop:
    """All connections, and the requests that wait for one."""

    def __init__(self, port: int, planned: Sequence[Arrival]) -> None:
        self.port = port
        self.planned = planned
        self.told = Told()
        self.connections: set[_Connection] = set()
        self.idle: list[_Connection] = []
        self.waiting: deque[Arrival] = deque()
        self.left = len(planned)
        self._opened = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._next = 0

    async def run(self, patience: float) -> Told:
        self.loop = asyncio.get_running_loop()
        self.done = asyncio.Event()
        await asyncio.gather(*(self._open() for _ in range(_CONNECTIONS)))
        self.began = self.loop.time()
        self._send_due()
        last = self.planned[-1].due if self.planned else 0.0
        try:
            async with asyncio.timeout(last + patience):
                await self.done.wait()
        except TimeoutError:
            self.told.unanswered = self.left
            self.done.set()
        for connection in list(self.connections):
            connection.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return self.told

    def free(self, connection: _Connection) -> None:
        """It can take the next request."""
        if self.done.is_set():
            connection.transport.abort()
        elif self.waiting:
            connection.send(self.waiting.popleft())
        else:
            self.idle.append(connection)

    def lost(self, connection: _Connection) -> None:
        self._opened -= 1
        self.connections.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        if not self.done.is_set():
            self._open_more()

    def answered(self, arrival: Arrival, status: int) -> None:
        self.told.statuses[status] += 1
        if status in (200, 201):
            self.told.latencies.setdefault(arrival.of, []).append(self.loop.time() - self.began - arrival.due)
        self.left -= 1
        if self.left == 0:
            self.done.set()

    def _send_due(self) -> None:
        """Everything whose moment has come; then again at the next one's."""
        planned, now = self.planned, self.loop.time() - self.began
        while self._next < len(planned) and planned[self._next].due <= now:
            arrival = planned[self._next]
            self._next += 1
            self.told.lags.append(now - arrival.due)
            if self.idle:
                self.idle.pop().send(arrival)
            else:
                self.waiting.append(arrival)
                self._open_more()
        if self._next < len(planned):
            self.loop.call_at(self.began + planned[self._next].due, self._send_due)

    def _open_more(self) -> None:
        if self._opened < _MOST_CONNECTIONS:
            task = self.loop.create_task(self._open())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        self._opened += 1
        await self.loop.create_connection(lambda: _Connection(self), "127.0.0.1", self.port)


class _Connection(asyncio.Protocol):
    """One request at a time."""

    transport: asyncio.Transport

    def __init__(self, loop: _Loop) -> None:
        self._loop = loop
        self._parser = httptools.HttpResponseParser(self)
        self._arrival: Arrival | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # always one here
        self.transport = transport
        self._loop.connections.add(self)
        self._loop.free(self)

    def send(self, arrival: Arrival) -> None:
        self._arrival = arrival
        self.transport.write(arrival.request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        arrival, self._arrival = self._arrival, None
        assert arrival is not None
        self._loop.answered(arrival, self._parser.get_status_code())
        if self._parser.should_keep_alive():
            self._parser = httptools.HttpResponseParser(self)
            self._loop.free(self)
        else:
            self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None and not self._loop.done.is_set():
            self._loop.answered(arrival, 0)
        self._loop.lost(self)
