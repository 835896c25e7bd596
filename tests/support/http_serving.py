"""A server in the test's own process: any application on a free port, with limits of the test's choice."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from holdfast.http.server.connection import Connection
from holdfast.http.server.limits import ConnectionLimits
from holdfast.http.server.service import Service
from holdfast.http.server.writing import keep_little_in_kernel

MAX_SECONDS = 30.0
QUICK = ConnectionLimits(tick_seconds=0.01)
"""Deadlines are checked at once when they pass."""


async def until(condition: Callable[[], Any]) -> None:
    """Return once something that no event announces is so; a test that waits in vain fails."""
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
    """The port and the service. Its lifespan is the caller's."""
    service = Service(application, limits)
    listening = socket.create_server(("127.0.0.1", 0))
    keep_little_in_kernel(listening)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: connect(service), sock=listening)
    try:
        yield listening.getsockname()[1], service
    finally:
        server.close()
        await service.stop(0.0)
