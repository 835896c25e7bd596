"""A server in the process of the test: any application on a free port, with chosen limits."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from holdfast.http.server.connection import Connection
from holdfast.http.server.limits import ConnectionLimits
from holdfast.http.server.service import Service
from holdfast.http.server.writing import bound_kernel

MAX_SECONDS = 30.0
QUICK = ConnectionLimits(tick_seconds=0.01)
"""An interval so short that the server notices a deadline at once."""


async def until(condition: Callable[[], Any]) -> None:
    """Return when a condition is true that no event announces. Raises TimeoutError if it stays false."""
    async with asyncio.timeout(MAX_SECONDS):
        while not condition():  # noqa: ASYNC110 - the state of a part under test has no event
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(
    application: Callable[..., Any],
    limits: ConnectionLimits = QUICK,
    *,
    connect: Callable[[Service], Connection] = Connection,
) -> AsyncIterator[tuple[int, Service]]:
    """Yield the port and the service. The caller runs the lifespan of the application."""
    service = Service(application, limits)
    listening = socket.create_server(("127.0.0.1", 0))
    bound_kernel(listening, limits.untaken_seconds)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: connect(service), sock=listening)
    try:
        yield listening.getsockname()[1], service
    finally:
        server.close()
        await service.stop(0.0)
