"""Ports: what the parts of this server need of each other, so that no module has to import the one that uses it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from holdfast.http.server.limits import ConnectionLimits
    from holdfast.http.server.load import Load
    from holdfast.http.server.writing import Writer

__all__ = ["OpenConnection", "OpenCycle", "ServedConnection", "Serving", "Turns"]


class OpenCycle(Protocol):
    """A request that is being answered, as its connection and its response see it."""

    is_over: bool
    response_started: bool
    response_complete: bool
    keeps_alive: bool
    expects_continue: bool
    method: str
    version: str
    scope: MutableMapping[str, Any]

    @property
    def connection(self) -> OpenConnection: ...

    def wake(self) -> None: ...

    async def drained(self) -> None: ...

    async def receive(self) -> MutableMapping[str, Any]: ...

    async def send(self, message: MutableMapping[str, Any]) -> None: ...


class OpenConnection(Protocol):
    """A connection, as the request that is open on it sees it."""

    client: tuple[str, int] | None
    server: tuple[str, int] | None
    scheme: str
    writer: Writer

    @property
    def service(self) -> Serving: ...

    def write(self, data: bytes, body: bytes = b"") -> None: ...

    def stream(self) -> None: ...

    def closes_after(self, request: OpenCycle) -> bool: ...

    def end_answer(self, *, closes: bool) -> None: ...

    def break_off(self) -> None: ...

    def pause_body(self) -> None: ...

    def resume_body(self) -> None: ...


class ServedConnection(Protocol):
    """A connection, as the service sees it that ends late ones and stops all."""

    deadline: float

    def overdue(self) -> None: ...

    def stop(self) -> None: ...

    def break_off(self) -> None: ...

    def read_next(self) -> None: ...


class Turns(Protocol):
    """Where connections with a pipelined request wait."""

    def add(self, connection: ServedConnection) -> None: ...


class Serving(Protocol):
    """What all connections of a worker share."""

    limits: ConnectionLimits
    load: Load
    loop: asyncio.AbstractEventLoop
    seconds: tuple[float, ...]
    connections: set[ServedConnection]
    is_stopping: bool
    date_line: bytes

    @property
    def pipelined(self) -> Turns: ...

    @property
    def is_full(self) -> bool: ...

    def forget(self, connection: ServedConnection) -> None: ...

    def note_full(self) -> None: ...

    def start(self, request: OpenCycle) -> None: ...
