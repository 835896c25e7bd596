"""Relay: one TCP connection through a route, byte for byte, with the faults that need to know no protocol.

The one word it knows is PostgreSQL's COMMIT, because losing the answer to that is the fault with the most to it.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct
from contextlib import suppress
from typing import Literal

from proof.proxy.rules import Counts, Rules

COMMIT = b"COMMIT\0"
CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST
_QUEUED_CHUNKS = 64

Direction = Literal["forth", "back"]


class Cut(Exception):
    """This connection ends here, on purpose."""


class Relay:
    """Both directions of a connection; each is a reader and a writer with the chunks on their way between them."""

    def __init__(
        self, rules: Rules, counts: Counts, chance: random.Random, open_gate: asyncio.Event, *, commits: bool
    ) -> None:
        self._rules = rules
        self._counts = counts
        self._chance = chance
        self._open_gate = open_gate
        self._commits = commits
        self._tail = b""
        self._deaf = False
        """What the server says is dropped: the answer to a COMMIT has to get lost."""
        self._spoke = asyncio.Event()
        self._allowance: dict[Direction, int | None] = {"forth": None, "back": None}

    async def run(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Until one side ends, or the connection is cut."""
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
            await self._open_gate.wait()
            if not data:  # the other side ends when it has got all that was on its way
                raise ConnectionError(direction)
            if direction == "back" and self._deaf:
                self._spoke.set()
                continue
            self._counts.bytes[direction] += len(data)
            data = self._cut_short(direction, data, writer)
            if direction == "forth" and self._commits and self._is_chosen_commit(data):
                await self._lose_commit(data, writer)
            writer.write(data)
            await writer.drain()

    def _cut_short(self, direction: Direction, data: bytes, writer: asyncio.StreamWriter) -> bytes:
        """All of it, or, where the rule's bytes are used up, Cut after the part that still passes."""
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

    def _is_chosen_commit(self, data: bytes) -> bool:
        seen = COMMIT in self._tail + data
        self._tail = data[-(len(COMMIT) - 1) :]
        rules = self._rules
        if not seen or rules.commits is None or rules.commit_times <= 0:
            return False
        return rules.commit_share >= 1.0 or self._chance.random() < rules.commit_share

    async def _lose_commit(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        self._rules.commit_times -= 1
        self._counts.commits_cut += 1
        if self._rules.commits == "after":
            self._deaf = True
            writer.write(data)
            await writer.drain()
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await self._spoke.wait()  # the server has answered, so it has done it
        raise Cut


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, and drop what was not sent yet."""
    with (
        suppress(OSError, AttributeError, ValueError),
        # The loop's own view of its socket cannot be set: a second handle of the same one can.
        socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as handle,
    ):
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
