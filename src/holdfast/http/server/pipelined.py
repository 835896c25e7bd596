"""Pipelined: connections whose next request arrived before the last answer. They take turns at a limited rate."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.http.server.ports import ServedConnection

__all__ = ["Pipelined"]

_PAUSE_SECONDS = 0.01


class Pipelined:
    """A queue of one worker's connections.

    Browsers and proxies send one request and wait for its answer. Clients that pipeline thousands are served, but with
    max 100 answers a second in total. Other clients wait for at most one of those requests.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[ServedConnection] = deque()
        self._is_planned = False

    def add(self, connection: ServedConnection) -> None:
        """Call the connection's `read_next` in its turn."""
        self._waiting.append(connection)
        if not self._is_planned:
            self._is_planned = True
            self._loop.call_soon(self._serve)

    def _serve(self) -> None:
        if not self._waiting:
            self._is_planned = False
            return
        self._loop.call_later(_PAUSE_SECONDS, self._serve)
        self._waiting.popleft().read_next()
