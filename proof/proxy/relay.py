"""Relay: one TCP connection through a route, byte for byte, with the faults that need no protocol.

It knows two words, PostgreSQL's BEGIN and COMMIT. The most severe faults lose the answer to a COMMIT, or kill
a process at that moment.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct
from contextlib import suppress
from typing import Literal

from proof.proxy.rules import Counts, Gates, Rules

WORDS = {"begin": b"BEGIN\0", "commit": b"COMMIT\0"}
MAX = max(map(len, WORDS.values()))
CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST
_QUEUED_CHUNKS = 64
_ANSWER_SECONDS = 5.0

Direction = Literal["forth", "back"]


class Cut(Exception):
    """This connection is cut on purpose."""


class Relay:
    """Both directions of a connection; each has a reader, a writer, and a queue of chunks between them."""

    def __init__(
        self, rules: Rules, counts: Counts, chance: random.Random, gates: Gates, *, words: bool
    ) -> None:
        """`words` enables the search for PostgreSQL's BEGIN and COMMIT."""
        self._rules = rules
        self._counts = counts
        self._chance = chance
        self._gates = gates
        self._words = words
        self._port = 0
        self._tail = b""
        self._drops_answers = False
        """True while the server's output is dropped, because an answer must be lost."""
        self._answered = asyncio.Event()
        self._allowance: dict[Direction, int | None] = {"forth": None, "back": None}

    async def run(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Relay until one side ends or the connection is cut."""
        self._port = port_of(client[1])
        queues: dict[Direction, asyncio.Queue[tuple[float, bytes]]] = {
            "forth": asyncio.Queue(_QUEUED_CHUNKS),
            "back": asyncio.Queue(_QUEUED_CHUNKS),
        }
        tasks = [
            asyncio.create_task(self._read(client[0], queues["forth"])),
            asyncio.create_task(self._write("forth", queues["forth"], server[1])),
            asyncio.create_task(self._read(server[0], queues["back"])),
            asyncio.create_task(self._write("back", queues["back"], client[1])),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            if any(isinstance(task.exception(), Cut) for task in done if not task.cancelled()):
                reset(client[1])
                reset(server[1])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for writer in (client[1], server[1]):
                writer.close()

    async def _read(self, reader: asyncio.StreamReader, queue: asyncio.Queue[tuple[float, bytes]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            while data := await reader.read(CHUNK):
                await queue.put((loop.time() + self._rules.delay_seconds(self._chance), data))
        except OSError:
            pass
        await queue.put((0.0, b""))

    async def _write(
        self, direction: Direction, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            if (pause := due - loop.time()) > 0:
                await asyncio.sleep(pause)
            await self._gates.passage.wait()
            if not data:  # the other side ends after it received all queued data
                raise ConnectionError(direction)
            if direction == "back" and self._drops_answers:
                self._answered.set()
                continue
            self._counts.bytes[direction] += len(data)
            data = self._cut_short(direction, data, writer)
            if direction == "forth" and self._words:
                await self._listen(data, writer)
            writer.write(data)
            await writer.drain()

    def _cut_short(self, direction: Direction, data: bytes, writer: asyncio.StreamWriter) -> bytes:
        """Return all data, or pass on the part that the rule allows and raise Cut."""
        rules = self._rules
        limit = rules.cut_forth if direction == "forth" else rules.cut_back
        if limit is None or rules.cut_times <= 0:
            self._allowance[direction] = None
            return data
        left = self._allowance[direction]
        left = limit if left is None else left
        if len(data) <= left:
            self._allowance[direction] = left - len(data)
            return data
        rules.cut_times -= 1
        self._counts.cuts += 1
        with suppress(OSError):
            writer.write(data[:left])
        raise Cut

    async def _listen(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Raise Cut if the data contain a word that a rule waits for."""
        seen, self._tail = self._tail + data, data[-(MAX - 1) :]
        rules = self._rules
        if rules.trap is not None and WORDS.get(rules.trap.partition("-")[0], b"-") in seen:
            await self._spring(data, writer, rules.trap)
        if rules.commits is None or rules.commit_times <= 0 or WORDS["commit"] not in seen:
            return
        if rules.commit_share < 1.0 and self._chance.random() >= rules.commit_share:
            return
        rules.commit_times -= 1
        self._counts.commits_cut += 1
        if rules.commits == "after":
            await self._deliver(data, writer)
        raise Cut

    async def _spring(self, data: bytes, writer: asyncio.StreamWriter, trap: str) -> None:
        """Hold the connection, before or after delivery to the server, until the trap is released."""
        delivers, self._rules.trap = self._rules.trap_delivers, None
        if trap.endswith("-done"):
            await self._deliver(data, writer)
        self._counts.trapped.append(self._port)
        await self._gates.release.wait()
        if delivers and not trap.endswith("-done"):
            await self._deliver(data, writer)
        raise Cut

    async def _deliver(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Deliver the data and wait until the server has answered; drop the answer."""
        self._drops_answers = True
        with suppress(TimeoutError, OSError):
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._answered.wait()


def port_of(client: asyncio.StreamWriter) -> int:
    """Return the client's own port."""
    peer = client.get_extra_info("peername")
    return int(peer[1]) if peer else 0


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, and drop unsent data."""
    with (
        suppress(OSError, AttributeError, ValueError),
        # The loop's own socket object rejects options; a second handle of the same socket accepts them.
        socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as handle,
    ):
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
