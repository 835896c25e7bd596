"""Ports: the protocols by which the parts of this server use each other, without a ring of imports."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from holdfast.http.server.head import Head
    from holdfast.http.server.limits import ConnectionLimits
    from holdfast.http.server.load import Load
    from holdfast.http.server.target import Target
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
    head: Head
    target: Target

    @property
    def connection(self) -> OpenConnection: ...

    @property
    def version(self) -> str: ...

    @property
    def headers(self) -> dict[bytes, bytes] | None: ...

    @property
    def scope(self) -> MutableMapping[str, Any]: ...

    def wake(self) -> None: ...

    async def drained(self) -> None: ...

    async def receive(self) -> MutableMapping[str, Any]: ...

    async def send(self, message: MutableMapping[str, Any]) -> None: ...


class OpenConnection(Protocol):
    """A connection, as the request that is open on it sees it."""

    ends: dict[str, Any]
    writer: Writer
    peer_refusal: str | None

    @property
    def service(self) -> Serving: ...

    def write(self, data: bytes, body: bytes = b"") -> None: ...

    def stream(self) -> None: ...

    def closes_after(self, request: OpenCycle) -> bool: ...

    def end_answer(self, *, closes: bool) -> None: ...

    def abort(self) -> None: ...

    def pause_body(self) -> None: ...

    def resume_body(self) -> None: ...


class ServedConnection(Protocol):
    """A connection, as the service sees it, which ends late connections and stops all."""

    deadline: float

    def overdue(self) -> None: ...

    def stop(self) -> None: ...

    def abort(self) -> None: ...

    def read_next(self) -> None: ...


class Turns(Protocol):
    """Where connections with a pipelined request wait."""

    def add(self, connection: ServedConnection) -> None: ...


class Serving(Protocol):
    """The state that all connections of a worker share."""

    limits: ConnectionLimits
    load: Load
    loop: asyncio.AbstractEventLoop
    seconds: tuple[float, ...]
    connections: set[ServedConnection]
    is_leaving: bool
    is_stopping: bool
    date_line: bytes

    @property
    def pipelined(self) -> Turns: ...

    @property
    def is_full(self) -> bool: ...

    def forget(self, connection: ServedConnection) -> None: ...

    def report_full(self) -> None: ...

    def problem_pages(self, path: bytes | None) -> str: ...

    def start(self, request: OpenCycle, *, is_last: bool) -> None: ...
