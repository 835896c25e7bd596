"""Server: one process that serves an ASGI application on listening sockets until a signal.

starting -> serving -> leaving -> draining -> stopped
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
from collections.abc import Callable, Sequence
from socket import socket
from typing import Any

import structlog

from holdfast.failures import traced
from holdfast.http.server.limits import ConnectionLimits
from holdfast.http.server.service import Application, Service
from holdfast.http.server.writing import bound_kernel

__all__ = ["Server"]

log = structlog.get_logger("holdfast.http")


class Server:
    """`run` returns after a signal. `is_started` then says whether it ever served."""

    def __init__(
        self,
        application: Application,
        limits: ConnectionLimits,
        *,
        shutdown_seconds: float,
        backlog: int,
        leave_seconds: float = 0.0,
        tls: ssl.SSLContext | None = None,
        ready: Callable[[], None] = lambda: None,
        leaving: Callable[[], None] = lambda: None,
        draining: Callable[[], None] = lambda: None,
    ) -> None:
        """`ready` is called once connections are accepted, and `leaving` at a signal.

        For `leave_seconds` requests are still accepted, until proxies have noticed. `draining` is called before the
        wait for open requests.
        """
        self._application = application
        self._limits = limits
        self._shutdown_seconds = shutdown_seconds
        self._backlog = backlog
        self._leave_seconds = leave_seconds
        self._tls = tls
        self._ready = ready
        self._leaving = leaving
        self._draining = draining
        self.is_started = False

    def run(self, sockets: Sequence[socket]) -> None:
        """Serve on a new event loop."""
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self.serve(sockets))

    async def serve(self, sockets: Sequence[socket], *, signals: bool = True) -> None:
        """Serve on the running loop until a signal or `stop`. Raises OSError for a port that another server has."""
        loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._forced = asyncio.Event()
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
        lifespan = _Lifespan(self._application)
        if not await lifespan.start():
            return
        service = Service(self._application, self._limits, self._tls)
        try:
            for each in sockets:
                bound_kernel(each, self._limits.untaken_seconds)
                each.listen(self._backlog)  # uvloop raises nothing if it cannot
        except OSError:
            await lifespan.stop()
            raise
        servers = [
            await loop.create_server(service.connect, sock=each, backlog=self._backlog) for each in sockets
        ]
        self.is_started = True
        self._ready()
        await self._stopping.wait()
        self._leaving()
        await self._leave(service)
        listening = [each.dup() for each in sockets]
        for server in servers:
            server.close()
        await self._accept_last(service, listening)
        self._draining()
        await self._drain(service)
        await lifespan.stop()

    def stop(self) -> None:
        """End after the open requests; a second call ends at once."""
        if self._stopping.is_set():
            self._forced.set()
        self._stopping.set()

    async def _leave(self, service: Service) -> None:
        """Serve on, and end each connection with its answer. So its client sends the next request elsewhere."""
        service.is_leaving = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._leave_seconds):
                await self._forced.wait()

    async def _accept_last(self, service: Service, listening: Sequence[socket]) -> None:
        """Serve what waits to be accepted, too: the close of a listening socket resets it."""
        accepted: list[socket] = []
        for each in listening:
            with contextlib.suppress(OSError):  # nothing waits any more, or there is no descriptor left
                while True:
                    accepted.append(each.accept()[0])
            each.close()
        loop = asyncio.get_running_loop()
        for connection in accepted:
            connection.setblocking(False)
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(service.connect, connection)

    async def _drain(self, service: Service) -> None:
        draining = asyncio.ensure_future(service.stop(self._shutdown_seconds))
        forced = asyncio.ensure_future(self._forced.wait())
        await asyncio.wait({draining, forced}, return_when=asyncio.FIRST_COMPLETED)
        forced.cancel()
        if not draining.done():
            draining.cancel()
            await service.stop(0.0)


class _Lifespan:
    """ASGI's lifespan. An application without it is served too."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._to_application: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_application: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> bool:
        """Return False if the application reports or raises a failure to start."""
        self._task = asyncio.ensure_future(self._run())
        answer = await self._ask("lifespan.startup")
        return answer is None or answer["type"] == "lifespan.startup.complete"

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            await self._ask("lifespan.shutdown")
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        try:
            await self._application(scope, self._to_application.get, self._from_application.put)
        except Exception as error:  # noqa: BLE001 - the application may raise anything
            log.error("application_cannot_start_or_stop", exception=traced(error))
            await self._from_application.put({"type": "lifespan.startup.failed"})

    async def _ask(self, kind: str) -> dict[str, Any] | None:
        """Return the application's answer; None if it ended without one."""
        assert self._task is not None
        await self._to_application.put({"type": kind})
        answering = asyncio.ensure_future(self._from_application.get())
        await asyncio.wait({answering, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done() or not self._from_application.empty():
            return await answering
        answering.cancel()
        return None
