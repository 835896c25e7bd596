"""A raw client: sends bytes as they are, and reads answers as RFC 9112 delimits them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

__all__ = ["Answer", "RawConnection", "exchange", "split"]

MAX_SECONDS = 30.0
"""A test that waits longer for the server fails. This is no measure of speed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `headers` has each field line, with lower-case names; `is_whole` is false if its end is missing."""

    version: bytes
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    is_whole: bool = True

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key == name]

    def header(self, name: bytes) -> bytes | None:
        """Return the only field of this name, or None."""
        found = self.all(name)
        assert len(found) < 2, f"{name!r} came {len(found)} times"
        return found[0] if found else None


class RawConnection:
    """A connection to 127.0.0.1. `async with` closes it."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._address = host, port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(*self._address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def send(self, *pieces: bytes) -> None:
        """Send each piece in its own write. A closed connection is no error."""
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                self.writer.write(piece)
                await self.writer.drain()
                await asyncio.sleep(0)

    def stop_sending(self) -> None:
        """End our side; answers can still come."""
        self.writer.write_eof()

    async def answer(self, method: bytes = b"GET") -> Answer | None:
        """Return the next answer, which may be an interim one, or None if the connection ends first."""
        async with asyncio.timeout(MAX_SECONDS):
            try:
                status_line = await self.reader.readline()
            except ConnectionError:
                return None
            if not status_line:
                return None
            return await self._answer(status_line, method)

    async def _answer(self, status_line: bytes, method: bytes) -> Answer:
        version, status, _ = status_line.split(b" ", 2)
        headers: list[tuple[bytes, bytes]] = []
        while (line := await self.reader.readline()) not in (b"\r\n", b""):
            assert line.endswith(b"\r\n"), line
            name, _, value = line[:-2].partition(b":")
            headers.append((name.lower(), value.strip(b" \t")))
        made = Answer(version=version, status=int(status), headers=tuple(headers), body=b"")
        body, is_whole = await self._body(made, method)
        return Answer(version=version, status=made.status, headers=made.headers, body=body, is_whole=is_whole)

    async def _body(self, made: Answer, method: bytes) -> tuple[bytes, bool]:
        if method == b"HEAD" or made.status < 200 or made.status in (204, 304):
            return b"", True
        try:
            if made.all(b"transfer-encoding"):
                return await self._chunks(), True
            length = made.header(b"content-length")
            if length is not None:
                return await self.reader.readexactly(int(length)), True
            return await self.reader.read(), True
        except asyncio.IncompleteReadError as cut:
            return cut.partial, False
        except ConnectionError:
            return b"", False

    async def _chunks(self) -> bytes:
        parts = []
        while size := int(await self.reader.readline(), 16):
            parts.append(await self.reader.readexactly(size))
            assert await self.reader.readexactly(2) == b"\r\n"
        while await self.reader.readline() not in (b"\r\n", b""):
            pass
        return b"".join(parts)

    async def is_closed(self) -> bool:
        """Wait until the server sends a byte or closes the connection. Return whether it closed."""
        async with asyncio.timeout(MAX_SECONDS):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True


async def exchange(
    port: int, pieces: Iterable[bytes], *, methods: Sequence[bytes] = (), half_close: bool = False
) -> list[Answer]:
    """Send everything, then return all answers until the server ends the connection, which it must.

    `methods` are those of the requests in order; missing ones are GET. An answer to HEAD has no body.
    """
    async with RawConnection(port) as connection:
        await connection.send(*pieces)
        if half_close and not connection.writer.is_closing():
            with contextlib.suppress(OSError):
                connection.writer.write_eof()
        found: list[Answer] = []
        finals = 0
        while True:
            method = methods[finals] if finals < len(methods) else b"GET"
            answer = await connection.answer(method)
            if answer is None:
                return found
            found.append(answer)
            finals += answer.status >= 200


def split(data: bytes) -> list[bytes]:
    """Split into single bytes."""
    return [data[at : at + 1] for at in range(len(data))]
