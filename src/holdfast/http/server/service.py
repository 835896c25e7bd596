"""Service: the state that all connections of a worker share, and the tick that checks their deadlines."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import structlog

from holdfast.errors import Unavailable
from holdfast.failures import traced
from holdfast.http.metrics import CONNECTIONS, CONNECTIONS_REFUSED, UNREAD_BYTES, UNSENT_BYTES
from holdfast.http.references import problem_pages
from holdfast.http.server.connection import Connection, State
from holdfast.http.server.load import Load
from holdfast.http.server.pipelined import Pipelined
from holdfast.http.server.refusal import refusal
from holdfast.http.server.tls import TlsArrival

if TYPE_CHECKING:
    import ssl

    from holdfast.http.server.limits import ConnectionLimits
    from holdfast.http.server.ports import OpenCycle, ServedConnection

__all__ = ["Application", "Service"]

Application = Callable[..., Awaitable[None]]

_SECONDS_BETWEEN_COMPLAINTS = 10.0
_LATE_A_TURN = 8

log = structlog.get_logger("holdfast.http")


class Service:
    """Serves one ASGI application over any number of connections. Made inside a running loop.

    An application with a `serve` method of ASGI's form promises to answer every request, so its calls are not guarded.
    A complete request with nothing behind it is first offered to its `begin`, which may begin it at once.
    """

    def __init__(
        self, application: Application, limits: ConnectionLimits, tls: ssl.SSLContext | None = None
    ) -> None:
        self.limits = limits
        self.load = Load(limits)
        self.loop = asyncio.get_running_loop()
        self.seconds = _seconds_of_states(limits)
        self.connections: set[ServedConnection] = set()
        self.pipelined = Pipelined(self.loop)
        self.is_leaving = False
        """The next answer of each connection is its last."""
        self.is_stopping = False
        self.date_line = b""
        self._public_url: str = getattr(application, "public_url", "")
        self._serve: Callable[..., Any] | None = getattr(application, "serve", None)
        self._begin: Callable[..., bool] = getattr(application, "begin", None) or _never
        self._application = application
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.TimerHandle | None = None
        self._emptied = asyncio.Event()
        self._complained_at = float("-inf")
        self._refused = 0
        self._has_ended = False
        self._tick()

    def connect(self) -> Connection | TlsArrival:
        """Return the protocol of a new connection."""
        if self._tls is None:
            return Connection(self)
        return TlsArrival(self, self._tls, lambda: Connection(self))

    def forget(self, connection: ServedConnection) -> None:
        """Remove a connection that has ended."""
        self.connections.discard(connection)
        if self.is_stopping and not self.connections:
            self._emptied.set()

    @property
    def is_full(self) -> bool:
        return len(self.connections) > self.limits.connections

    def report_full(self) -> None:
        """Count a refusal for lack of room, and log it at intervals."""
        CONNECTIONS_REFUSED.inc()
        self._refused += 1
        now = self.loop.time()
        if now - self._complained_at >= _SECONDS_BETWEEN_COMPLAINTS:
            log.warning(
                "server_full",
                refused=self._refused,
                connections=len(self.connections),
                unread_bytes=self.load.unread_bytes,
            )
            self._complained_at, self._refused = now, 0

    def problem_pages(self, path: bytes | None) -> str:
        """Return where the pages of problems are for a request to this path; None: the path is not known."""
        return problem_pages(self._public_url, path)

    def start(self, request: OpenCycle, *, is_last: bool) -> None:
        """Start the application on a request. `is_last`: no byte has arrived behind it."""
        if is_last and self._begin(request):
            return
        if self._serve is not None:
            work = self._serve(request.scope, request.receive, request.send)
        else:
            work = self._run(request)
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, request: OpenCycle) -> None:
        """Run an application that may fail. An open answer is completed with an error, or cut off."""
        try:
            await self._application(request.scope, request.receive, request.send)
        except Exception as error:  # noqa: BLE001 - the application may raise anything
            if not request.is_over:  # a failed write to a client that left is not an error
                log.error("application_failed", path=request.target.path[:200], exception=traced(error))
        if request.response_complete or request.is_over:
            return
        if request.response_started:
            request.connection.abort()
        else:
            request.response_started = request.response_complete = True
            pages = self.problem_pages(request.target.raw_path)
            refused = refusal(Unavailable(Unavailable.NO_ANSWER), self.date_line, pages=pages)
            request.connection.write(refused)
            request.connection.end_answer(closes=True)

    async def stop(self, seconds: float) -> None:
        """Wait up to `seconds` for open requests; then end every connection."""
        self.is_leaving = self.is_stopping = True
        for connection in tuple(self.connections):
            connection.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if self.connections:
                    await self._emptied.wait()
                if self._tasks:
                    await asyncio.wait(tuple(self._tasks))
        for task in tuple(self._tasks):
            task.cancel()
        for connection in tuple(self.connections):
            connection.abort()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=1.0)
        self._has_ended = True
        if self._ticking is not None:
            self._ticking.cancel()

    def _end_late(self, late: list[ServedConnection]) -> None:
        """End a few in each turn of the loop, so that hundreds of them delay no request."""
        now = self.loop.time()
        for connection in late[:_LATE_A_TURN]:
            if connection.deadline <= now:
                connection.overdue()
        if len(late) > _LATE_A_TURN and not self._has_ended:
            self.loop.call_soon(self._end_late, late[_LATE_A_TURN:])

    def _tick(self) -> None:
        self._ticking = self.loop.call_later(self.limits.tick_seconds, self._tick)
        self.date_line = b"date: " + formatdate(time.time(), usegmt=True).encode("ascii") + b"\r\n"
        now = self.loop.time()
        self._end_late([one for one in self.connections if one.deadline <= now])
        CONNECTIONS.set(len(self.connections))
        UNSENT_BYTES.set(self.load.unsent_bytes)
        UNREAD_BYTES.set(self.load.unread_bytes)


def _never(_request: object) -> bool:
    return False


def _seconds_of_states(limits: ConnectionLimits) -> tuple[float, ...]:
    """Return the time limit of each state in seconds, by the state's number."""
    seconds = {
        State.IDLE: limits.keep_alive_seconds,
        State.HEAD: limits.head_seconds,
        State.BODY: limits.body_seconds,
        State.ANSWERING: limits.answer_seconds,
        State.STREAMING: float("inf"),  # a slow reader has its own deadline
        State.REST: limits.rest_seconds,
        State.CLOSING: limits.closing_seconds,
    }
    return tuple(seconds[state] for state in State)
