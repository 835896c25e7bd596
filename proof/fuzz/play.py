"""Play: sends a script over one connection in its pieces, and keeps all received bytes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from proof.fuzz.scripts import Cut, Script

__all__ = ["Played", "play"]

QUIET_SECONDS = 15.0
"""Longer than all the server's deadlines without a byte together. A connection that is still open then was
never closed."""
_SHORT_SECONDS = 0.004
_ANSWER_SECONDS = 0.2
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """`has_ended`: the server closed the connection, orderly or not."""

    data: bytes
    has_ended: bool


async def play(port: int, script: Script, *, in_one_write: bool) -> Played:
    """Play a script; `in_one_write` ignores its cuts."""
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        inbox = _Inbox(connection)
        reading = asyncio.create_task(inbox.fill())
        writing = asyncio.create_task(_send(connection, script, () if in_one_write else script.cuts, inbox))
        try:
            await writing if script.end == "reset" else await _until_quiet(inbox)
        finally:
            # A task that waits for a socket must end before the socket is closed.
            for task in (reading, writing):
                task.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
        if script.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return Played(data=bytes(inbox.data), has_ended=inbox.has_ended)


async def _until_quiet(inbox: _Inbox) -> None:
    """Wait until the connection ends, or stays silent for long."""
    before = -1
    while not inbox.has_ended and len(inbox.data) > before:
        before = len(inbox.data)
        await inbox.wait(QUIET_SECONDS)


class _Inbox:
    def __init__(self, connection: socket.socket) -> None:
        self.data = bytearray()
        self.has_ended = False
        self._connection = connection
        self._changed = asyncio.Event()

    async def fill(self) -> None:
        """Read until the connection ends. Data that arrived before a reset are still read."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while piece := await loop.sock_recv(self._connection, 65_536):
                self.data += piece
                self._changed.set()
        self.has_ended = True
        self._changed.set()

    async def wait(self, seconds: float) -> None:
        """Wait until more data arrive or the connection ends."""
        self._changed.clear()
        if self.has_ended:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()


async def _send(connection: socket.socket, script: Script, cuts: tuple[Cut, ...], inbox: _Inbox) -> None:
    """Send the pieces. A server that no longer reads is no error."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        for start, end, pause in _writes(script.data, cuts):
            if pause == "short":
                await asyncio.sleep(_SHORT_SECONDS)
            elif pause == "answer":
                await inbox.wait(_ANSWER_SECONDS)
            else:
                await asyncio.sleep(0)
            await loop.sock_sendall(connection, script.data[start:end])
        if script.end == "half-close":
            connection.shutdown(socket.SHUT_WR)


def _writes(data: bytes, cuts: tuple[Cut, ...]) -> Iterator[tuple[int, int, str]]:
    places = [Cut(0), *cuts, Cut(len(data))]
    for before, after in itertools.pairwise(places):
        if before.at < after.at:
            yield before.at, after.at, before.pause
