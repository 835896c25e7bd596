"""Replay: record the messages of a session to PostgreSQL, and send them again to a copy of the database.

This measures the database alone. The same statements with the same parameters write the same rows, and the replay only
waits for answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

__all__ = ["Recording", "recorded", "replay"]

_SOCKET = ".s.PGSQL.5432"
_ENDS_A_TURN = (b"S", b"Q")  # after Sync and Query the server reports that it is ready
_READY, _ERROR = b"Z", b"E"
_READ_BYTES = 1 << 18
_PROTOCOL_3 = struct.pack("!I", 196_608)


class Recording:
    """One session: its startup message, and its turns. Each turn gets its answer before the next."""

    def __init__(self) -> None:
        self.introduction: dict[bytes, bytes] = {}
        self.turns: list[bytes] = []
        self._rest = b""
        self._turn = b""

    def receive(self, data: bytes) -> None:
        """Record bytes from the client."""
        self._rest += data
        if not self.introduction:
            if len(self._rest) < 4 or len(self._rest) < (size := _size(self._rest)):
                return
            words = self._rest[8:size].split(b"\0")
            self.introduction = dict(zip(words[::2], words[1::2], strict=False))
            self._rest = self._rest[size:]
        at = 0
        while len(self._rest) - at >= 5:
            end = at + 1 + _size(self._rest[at + 1 :])
            if end > len(self._rest):
                break
            self._turn += self._rest[at:end]
            if self._rest[at : at + 1] in _ENDS_A_TURN:
                self.turns.append(self._turn)
                self._turn = b""
            at = end
        self._rest = self._rest[at:]


def _size(data: bytes) -> int:
    return int(struct.unpack_from("!I", data)[0])


@asynccontextmanager
async def recorded(url: str) -> AsyncIterator[tuple[str, list[Recording]]]:
    """Yield a connection string that leads to the same database through a recording socket."""
    sessions: list[Recording] = []
    links: set[asyncio.Task[Any]] = set()
    real = str(Path(str(conninfo_to_dict(url)["host"])) / _SOCKET)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recording = Recording()
        sessions.append(recording)
        task = asyncio.current_task()
        assert task is not None
        links.add(task)
        to_server = await asyncio.open_unix_connection(real)
        both = [
            asyncio.create_task(_pass_on(reader, to_server[1], recording)),
            asyncio.create_task(_pass_on(to_server[0], writer, None)),
        ]
        links.update(both)
        await asyncio.wait(both)

    with tempfile.TemporaryDirectory(prefix="holdfast-", dir="/tmp") as folder:
        server = await asyncio.start_unix_server(serve, str(Path(folder) / _SOCKET))
        try:
            yield make_conninfo(url, host=folder), sessions
        finally:
            server.close()
            await asyncio.gather(*links)  # they end with their sessions


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recording: Recording | None
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_READ_BYTES):
            if recording is not None:
                recording.receive(data)
            writer.write(data)
            await writer.drain()
    writer.close()


def replay(url: str, recording: Recording, *, database: str, turns: Sequence[bytes] | None = None) -> float:
    """Replay the session, and return the seconds. Raises RuntimeError if the database refuses anything."""
    path = str(Path(str(conninfo_to_dict(url)["host"])) / _SOCKET)
    words = recording.introduction | {b"database": database.encode()}
    body = _PROTOCOL_3 + b"".join(name + b"\0" + value + b"\0" for name, value in words.items() if name)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(struct.pack("!I", len(body) + 5) + body + b"\0")
        _until_ready(connection)
        began = time.perf_counter()
        for turn in recording.turns if turns is None else turns:
            connection.sendall(turn)
            _until_ready(connection)
        return time.perf_counter() - began


def _until_ready(connection: socket.socket) -> None:
    data = b""
    while True:
        at = 0
        while len(data) - at >= 5:
            end = at + 1 + _size(data[at + 1 :])
            if end > len(data):
                break
            kind = data[at : at + 1]
            if kind == _ERROR:
                raise RuntimeError(f"PostgreSQL said no: {data[at + 5 : end]!r}")
            if kind == _READY:
                return
            at = end
        data = data[at:]
        more = connection.recv(_READ_BYTES)
        if not more:
            raise RuntimeError("PostgreSQL hung up")
        data += more
