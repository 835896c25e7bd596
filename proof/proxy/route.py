"""Route: a port of this machine that leads to a target, under rules that can change during use."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from proof.proxy.http import HttpRelay
from proof.proxy.relay import Relay, reset
from proof.proxy.rules import Counts, Gates, Rules

_BACKLOG = 1024


async def connect(target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to `unix:PATH` or `HOST:PORT`."""
    if target.startswith("unix:"):
        return await asyncio.open_unix_connection(target.removeprefix("unix:"))
    host, _, port = target.rpartition(":")
    return await asyncio.open_connection(host, int(port))


class Route:
    """Listens on loopback, and passes each connection on to its target."""

    def __init__(self, target: str, protocol: str, *, seed: int) -> None:
        """`protocol`: tcp, postgres (knows COMMIT) or http (knows requests)."""
        self.target = target
        self.protocol = protocol
        self.port = 0
        self.rules = Rules()
        self.counts = Counts()
        self._chance = random.Random(seed)
        self._gates = Gates()
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def open(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port, backlog=_BACKLOG)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.reset()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def set(self, changes: dict[str, Any]) -> None:
        self.rules.set(changes)
        _turn(self._gates.passage, on=not self.rules.black_hole)
        if "trap" in changes:
            _turn(self._gates.release, on=changes["trap"] is None)

    def calm(self) -> None:
        """Remove all rules; connections stay open."""
        self.set(asdict(Rules()))

    def reset(self) -> int:
        """Reset every connection now, and return their number."""
        found = list(self._connections.items())
        for task, writer in found:
            reset(writer)
            task.cancel()
        self.counts.resets += len(found)
        return len(found)

    def counted(self) -> dict[str, Any]:
        return {**asdict(self.counts), "open": len(self._connections)}

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        self.counts.connections += 1
        try:
            await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            reset(writer)
        finally:
            self._connections.pop(task, None)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.rules.refuse:
            self.counts.refused += 1
            reset(writer)
            return
        await self._gates.passage.wait()
        if self.protocol == "http":
            http = HttpRelay(
                self.rules,
                self.counts,
                self._chance,
                self._gates,
                lambda: connect(self.target),
                target=self.target,
            )
            await http.run(reader, writer)
            return
        server = await connect(self.target)
        relay = Relay(self.rules, self.counts, self._chance, self._gates, words=self.protocol == "postgres")
        with suppress(ConnectionError):
            await relay.run((reader, writer), server)


def _turn(event: asyncio.Event, *, on: bool) -> None:
    event.set() if on else event.clear()
