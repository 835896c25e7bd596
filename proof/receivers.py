"""Receivers of webhooks for the proof: they answer, refuse, hang, break off, or are gone for a while."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from proof.checker.notices import Receipt

__all__ = ["Receiver", "Say"]

Say = Callable[[int], str]
"""The answer to the request of this number: a status, `hang` or `cut`."""


@dataclass
class Receiver:
    """One endpoint on a port of this machine, with everything that arrived whole.

    `before` and `after` are called around each answer, which may kill the sender at exactly this step.
    """

    name: str
    say: Say
    before: Callable[[int], None] = lambda _number: None
    after: Callable[[int], None] = lambda _number: None
    receipts: list[Receipt] = field(default_factory=list)
    arrived_at: list[float] = field(default_factory=list)
    url: str = ""
    _requests: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/{self.name}"

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def kinds(self) -> int:
        """How many different notices arrived."""
        return len({receipt.id for receipt in self.receipts})

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            fields = dict(line.lower().split(": ", 1) for line in head.strip().split("\r\n")[1:])
            body = await reader.readexactly(int(fields["content-length"]))
            self._requests += 1
            number = self._requests
            said = self.say(number)
            self.before(number)
            if said == "hang":
                await reader.read()  # until the sender gives up
            elif said != "cut":
                if said.startswith("2"):
                    self._keep(fields["webhook-id"], body)
                writer.write(f"HTTP/1.1 {said} Said\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
                self.after(number)
        writer.close()

    def _keep(self, id: str, body: bytes) -> None:
        """Keep a delivery, of which the receiver answers that it has it."""
        data = json.loads(body)["data"]
        place = data["event_number"], data["version"], data["index"]
        self.receipts.append(Receipt(receiver=self.name, id=id, place=place, content=body))
        self.arrived_at.append(time.monotonic())


def steady(_number: int) -> str:
    return "204"


def failing(chance: random.Random) -> Say:
    """A third of the requests fail, each in another way."""
    return lambda _number: chance.choice(
        (*("204", "200", "201") * 4, "500", "503", "429", "302", "cut", "cut")
    )


def gone(at: int) -> Say:
    """One request learns that the receiver is gone. Then the endpoint is disabled until a person enables it."""
    return lambda number: "410" if number == at else "204"
