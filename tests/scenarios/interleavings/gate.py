"""Gate: a proxy between an engine and PostgreSQL, where each statement of the engine waits for its turn.

The engine sends the statements of a batch together. The gate passes them on one by one, with a Flush after each. That
is legal and more hostile, because anything may happen between two statements. The product itself is unchanged: its
connection string names another socket folder.
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
    """The path of one engine to the database."""

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
    """One connection of the engine, and its connection to the server."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.floor = gate.floor
        self.number = gate.next_number()
        self.pid = 0
        self.is_started = False
        """True once the server was ready. Until then everything goes through."""
        self.is_blocked = False
        """True while the server is known to wait for a lock."""
        self.loses_answer = False
        """If true, the connection breaks after the server has run the next statement."""
        self.is_lost = False
        self._queue: deque[Step] = deque()
        self._awaited = b""
        """The message that ends the step at the server; see Step.ends_with."""
        self._skips = False
        """True after an error: the server ignores everything up to the Sync."""
        self._steps = Steps()
        self._from_client = bytearray()
        self._from_server = bytearray()
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None

    # -- the floor's side ----------------------------------------------------------------------------------------------

    @property
    def who(self) -> str:
        return self.gate.who

    @property
    def waiting(self) -> Step | None:
        """The statement that waits at the gate, or None."""
        if self._awaited or not self._queue or not self.is_started or self.is_lost:
            return None
        return self._queue[0] if self._queue[0].name is not None else None

    @property
    def is_with_server(self) -> bool:
        """Whether the server still owes an answer."""
        return not self.is_lost and (not self.is_started or bool(self._awaited))

    def let_through(self) -> None:
        """Send the waiting statement to the server."""
        assert self.waiting is not None
        self._send(self._queue.popleft())
        self.floor.note()

    def lose(self) -> None:
        """Break the connection at both ends."""
        if self.is_lost:
            return
        self.is_lost = True
        for transport in (self._client, self._server):
            if transport is not None:
                transport.abort()
        self.floor.session_closed(self)

    # -- the client's side ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client = cast("asyncio.Transport", transport)
        self.floor.session_opened(self)
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
        for kind, message in wire.messages(self._from_client):
            step = self._steps.take(kind, message)
            if step is not None:
                self._queue.append(step)
        self._send_free_steps()

    def connection_lost(self, error: Exception | None) -> None:
        self.lose()

    # -- the server's side ---------------------------------------------------------------------------------------------

    def server_sent(self, data: bytes) -> None:
        self.floor.note()
        if self._client is not None and not self.loses_answer:
            self._client.write(data)
        self._from_server += data
        for kind, message in wire.messages(self._from_server):
            if kind == wire.BACKEND_KEY:
                self.pid = int.from_bytes(message[5:9], "big")
            elif kind == wire.READY:
                self.is_started, self._skips = True, False
                if message[5:6] == b"I":
                    self.floor.transaction_ended()
                self._answered(wire.READY)
            elif kind == wire.ERROR:
                self._skips = self._awaited == wire.EXECUTE
                self._answered(wire.EXECUTE)
            elif kind in wire.COMPLETE:
                self._answered(wire.EXECUTE)
        if not self.is_lost:
            self._send_free_steps()

    def _answered(self, what: bytes) -> None:
        if self._awaited != what:
            return
        self._awaited = b""
        self.is_blocked = False
        if self.loses_answer:
            self.lose()

    def _send_free_steps(self) -> None:
        """Send the steps that need no turn. While the floor is open, that is all of them."""
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
            self._session.server_sent(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._session.lose()
