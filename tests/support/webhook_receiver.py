"""A receiver of webhooks for tests, which answers by a script, hangs, or breaks off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

OK = "HTTP/1.1 204 No Content\r\n\r\n"
HANG = "hang"
CUT = "cut"


def answer(status: int, body: str = "", **headers: str) -> str:
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    return f"HTTP/1.1 {status} Said\r\ncontent-length: {len(body)}\r\n{''.join(lines)}\r\n{body}"


@dataclass(frozen=True)
class Got:
    """A request that arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def notice(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


@dataclass
class Receiver:
    """`script` has the answers of the next requests; then `always` is the answer."""

    script: list[str] = field(default_factory=list)
    always: str = OK
    got: list[Got] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.got.append(Got(line, headers, body))
            said = self.script.pop(0) if self.script else self.always
            if said == HANG:
                await reader.read()  # until the sender gives up
            elif said != CUT:
                writer.write(said.encode())
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of this machine."""
    receiver = receiver or Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?a=1"
    try:
        yield receiver
    finally:
        server.close()
