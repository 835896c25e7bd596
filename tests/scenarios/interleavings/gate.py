"""Gate: between an engine and PostgreSQL; each statement that the engine sends waits there for its turn.

The engine sends a batch's statements in one go. Here they reach the server one by one, with a Flush after each: that is
legal, and more hostile, since anything may happen between any two of them. The product is not touched: it is told
another socket's folder.
"""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, cast

import psycopg

from scenarios.interleavings import wire
from scenarios.interleavings.wire import Step, Steps

if TYPE_CHECKING:
    from scenarios.interleavings.floor import Floor

PORT = 5432


class Gate:
    """One engine's way to the database."""

    def __init__(self, floor: Floor, who: str, upstream: str) -> None:
        self.floor = floor
        self.who = who
        self._url = upstream
        server = psycopg.conninfo.conninfo_to_dict(upstream)
        self.server_path = f"{server['host']}/.s.PGSQL.{server.get('port', PORT)}"
        self._server: asyncio.Server | None = None
        self._numbers = 0
        self._folder: Path | None = None

    @property
    def url(self) -> str:
        return psycopg.conninfo.make_conninfo(self._url, host=str(self._folder), port=PORT)

    async def open(self, folder: Path) -> None:
        self._folder = folder
        path = str(folder / f".s.PGSQL.{PORT}")
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: Session(self), path)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers


class Session(asyncio.Protocol):
    """One connection of the engine, and the one to the server that belongs to it."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.floor = gate.floor
        self.number = gate.next_number()
        self.pid = 0
        self.is_started = False
        """Whether the server was ready once: until then everything goes through."""
        self.is_blocked = False
        """Whether the server was seen to wait for a lock."""
        self.loses_answer = False
        """The connection is lost when the server has carried out the next statement."""
        self.is_lost = False
        self._queue: deque[Step] = deque()
        self._awaited = b""
        """What ends that which the server has now; see Step.ends_with."""
        self._skips = False
        """After an error the server ignores everything up to the Sync."""
        self._steps = Steps()
        self._from_client = bytearray()
        self._from_server = bytearray()
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None

    # -- what the floor asks, and tells ------------------------------------------------------------------------------

    @property
    def who(self) -> str:
        return self.gate.who

    @property
    def waiting(self) -> Step | None:
        """The statement that stands at the gate."""
        if self._awaited or not self._queue or not self.is_started or self.is_lost:
            return None
        return self._queue[0] if self._queue[0].name is not None else None

    @property
    def is_with_server(self) -> bool:
        """Whether the server owes it something."""
        return not self.is_lost and (not self.is_started or bool(self._awaited))

    def let_through(self) -> None:
        """The statement at the gate goes to the server."""
        assert self.waiting is not None
        self._send(self._queue.popleft())
        self.floor.note()

    def lose(self) -> None:
        """The connection breaks, for both of its ends."""
        if self.is_lost:
            return
        self.is_lost = True
        for transport in (self._client, self._server):
            if transport is not None:
                transport.abort()
        self.floor.left(self)

    # -- the client's side -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client = cast("asyncio.Transport", transport)
        self.floor.came(self)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            made = await asyncio.get_running_loop().create_unix_connection(
                lambda: _ServerSide(self), self.gate.server_path
            )
        except OSError:
            self.lose()
            return
        self._server = made[0]
        if self._from_client:
            self._server.write(bytes(self._from_client))
            self._from_client.clear()

    def data_received(self, data: bytes) -> None:
        self.floor.note()
        if self.is_lost:
            return
        if not self.is_started:
            if self._server is None:
                self._from_client += data
            else:
                self._server.write(data)
            return
        self._from_client += data
        for kind, whole in wire.messages(self._from_client):
            step = self._steps.take(kind, whole)
            if step is not None:
                self._queue.append(step)
        self._go_on()

    def connection_lost(self, error: Exception | None) -> None:
        self.lose()

    # -- the server's side -------------------------------------------------------------------------------------------

    def server_said(self, data: bytes) -> None:
        self.floor.note()
        if self._client is not None and not self.loses_answer:
            self._client.write(data)
        self._from_server += data
        for kind, whole in wire.messages(self._from_server):
            if kind == wire.BACKEND_KEY:
                self.pid = int.from_bytes(whole[5:9], "big")
            elif kind == wire.READY:
                self.is_started, self._skips = True, False
                if whole[5:6] == b"I":
                    self.floor.transaction_ended()
                self._answered(wire.READY)
            elif kind == wire.ERROR:
                self._skips = self._awaited == wire.EXECUTE
                self._answered(wire.EXECUTE)
            elif kind in wire.COMPLETE:
                self._answered(wire.EXECUTE)
        if not self.is_lost:
            self._go_on()

    def _answered(self, what: bytes) -> None:
        if self._awaited != what:
            return
        self._awaited = b""
        self.is_blocked = False
        if self.loses_answer:
            self.lose()

    def _go_on(self) -> None:
        """Sends what needs no turn: everything, while the gate stands open."""
        while self._queue and not self._awaited and not self.is_lost:
            if self._queue[0].name is not None and not self._skips and not self.floor.is_open:
                return
            self._send(self._queue.popleft())

    def _send(self, step: Step) -> None:
        assert self._server is not None
        self._server.write(step.data)
        self._awaited = b"" if self._skips and step.ends_with == wire.EXECUTE else step.ends_with


class _ServerSide(asyncio.Protocol):
    def __init__(self, session: Session) -> None:
        self._session = session

    def data_received(self, data: bytes) -> None:
        if not self._session.is_lost:
            self._session.server_said(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._session.lose()
