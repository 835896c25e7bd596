"""HTTP through a route: whole requests and whole answers, so that one can be late, lost or duplicated."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

from proof.proxy.relay import CHUNK, port_of, reset
from proof.proxy.rules import Counts, Gates, Rules

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_STREAM = re.compile(rb"\r\ncontent-type:[ \t]*text/event-stream", re.IGNORECASE)
_HOST = re.compile(rb"(\r\nhost:[ \t]*)[^\r\n]*", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_HEAD_LIMIT = 65_536
_WITHOUT_BODY = (b"204", b"304")

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


class HttpRelay:
    """One client's connection: its requests one after the other, each under the current rules."""

    def __init__(
        self,
        rules: Rules,
        counts: Counts,
        chance: random.Random,
        gates: Gates,
        connect: Connect,
        *,
        target: str,
    ) -> None:
        """`target` is the server's host and port: requests name it, as if no proxy existed."""
        self._rules = rules
        self._counts = counts
        self._chance = chance
        self._gates = gates
        self._connect = connect
        self._host = rb"\g<1>" + target.encode("ascii")
        self._server: Streams | None = None

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay until the client leaves, the server closes, or a rule ends the connection."""
        try:
            while (request := await _read_message(reader)) is not None:
                self._counts.requests += 1
                if not await self._serve(_HOST.sub(self._host, request, count=1), reader, writer):
                    break
        finally:
            if self._server is not None:
                self._server[1].close()
            writer.close()

    async def _serve(
        self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Relay a request. Return True if the connection stays open."""
        rules, counts = self._rules, self._counts
        await self._pass_time()
        if self._happens(rules.lose_request_share):
            counts.lost_requests += 1
            reset(writer)
            return False
        if self._happens(rules.hold_share):
            return await self._hold(request, reader, writer)
        if self._happens(rules.duplicate_share):
            counts.duplicated += 1
            _ = keep(asyncio.create_task(self._deliver_alone(request, self._chance.uniform(0, 0.05))))
        loses = self._happens(rules.lose_answer_share)
        halves = self._happens(rules.half_answer_share)
        cuts = rules.cut_times > 0 and (rules.cut_forth is not None or rules.cut_back is not None)
        if cuts and rules.cut_forth is not None:
            return await self._cut_forth(request, writer)
        answer = await self._exchange(request, writer)
        if answer is None:
            return False
        if rules.trap == "reply":
            rules.trap = None
            counts.trapped.append(port_of(writer))
            await self._gates.release.wait()
            reset(writer)
            return False
        await self._pass_time()
        if loses or halves or cuts:
            if loses:
                counts.lost_answers += 1
                answer = b""
            elif halves:
                counts.half_answers += 1
                answer = answer[: self._chance.randrange(1, len(answer))]
            else:
                rules.cut_times -= 1
                counts.cuts += 1
                answer = answer[: rules.cut_back]
            await _send(writer, answer)
            writer.transport.close() if answer else reset(writer)
            return False
        counts.bytes["forth"] += len(request)
        counts.bytes["back"] += len(answer)
        await _send(writer, answer)
        return not (_CLOSE.search(_head_of(answer)) or _CLOSE.search(_head_of(request)))

    async def _pass_time(self) -> None:
        if (pause := self._rules.delay_seconds(self._chance)) > 0:
            await asyncio.sleep(pause)
        await self._gates.passage.wait()

    def _happens(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share

    async def _hold(self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Delay a request, and deliver it even if its client gave up."""
        self._counts.held += 1
        pause = self._chance.uniform(self._rules.hold_from_s, self._rules.hold_to_s)
        delivery = keep(asyncio.create_task(self._deliver_alone(request, pause)))
        answer = await asyncio.shield(delivery)
        if writer.is_closing() or reader.at_eof() or not answer:
            self._counts.abandoned += 1
            reset(writer)
            return False
        await _send(writer, answer)
        return not (_CLOSE.search(_head_of(answer)) or _CLOSE.search(_head_of(request)))

    async def _deliver_alone(self, request: bytes, pause_seconds: float) -> bytes:
        """Deliver a request whatever happens to its client. Return the answer, or empty bytes."""
        await asyncio.sleep(pause_seconds)
        await self._gates.passage.wait()
        with suppress(OSError, asyncio.IncompleteReadError):
            server = await self._connect()
            try:
                server[1].write(request)
                await server[1].drain()
                return await _read_answer(server[0], request) or b""
            finally:
                server[1].close()
        return b""

    async def _cut_forth(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """Deliver a part of the request, then reset both connections."""
        self._rules.cut_times -= 1
        self._counts.cuts += 1
        server = self._server or await self._connect()
        self._server = None
        await _send(server[1], request[: self._rules.cut_forth])
        reset(server[1])
        reset(writer)
        return False

    async def _exchange(self, request: bytes, writer: asyncio.StreamWriter) -> bytes | None:
        """Return the whole answer; None without one, or after a stream was passed on."""
        for last in (False, True):
            fresh = self._server is None
            server = self._server = self._server or await self._connect()
            server[1].write(request)
            await server[1].drain()
            answer = await _read_answer(server[0], request, stream=writer)
            if answer is not None:
                if not answer or _CLOSE.search(_head_of(answer)):
                    server[1].close()
                    self._server = None
                return answer or None
            server[1].close()
            self._server = None
            if fresh or last or not request.startswith(b"GET "):
                break  # retry only a request that cannot have been executed: a read on a connection that had been idle
        reset(writer)
        return None


_TASKS: set[asyncio.Task[bytes]] = set()


def keep(task: asyncio.Task[bytes]) -> asyncio.Task[bytes]:
    """Hold a reference, because the loop keeps only a weak one."""
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
    return task


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    with suppress(OSError):
        writer.write(data)
        await writer.drain()


def _head_of(message: bytes) -> bytes:
    return message[: message.find(b"\r\n\r\n") + 2]


async def _read_head(reader: asyncio.StreamReader) -> bytes | None:
    """Return None if the peer left between two messages."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None


async def _read_message(reader: asyncio.StreamReader) -> bytes | None:
    head = await _read_head(reader)
    if head is None:
        return None
    if found := _LENGTH.search(head):
        return head + await reader.readexactly(int(found[1]))
    if _CHUNKED.search(head):
        return head + await _read_chunks(reader)
    return head


async def _read_answer(
    reader: asyncio.StreamReader, request: bytes, *, stream: asyncio.StreamWriter | None = None
) -> bytes | None:
    """Return None without an answer, and empty bytes after a stream, which is passed on as it arrives."""
    head = await _read_head(reader)
    if head is None:
        return None
    if head.split(b" ", 2)[1] == b"100":
        return await _read_answer(reader, request, stream=stream)
    if request.startswith(b"HEAD ") or head.split(b" ", 2)[1] in _WITHOUT_BODY:
        return head
    if stream is not None and _STREAM.search(head):
        await _send(stream, head)
        while (data := await reader.read(CHUNK)) and not stream.is_closing():
            await _send(stream, data)
        return b""
    if found := _LENGTH.search(head):
        return head + await reader.readexactly(int(found[1]))
    if _CHUNKED.search(head):
        return head + await _read_chunks(reader)
    return head + await reader.read()


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """Return the chunks as received, including trailers."""
    parts = []
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        parts += [line, await reader.readexactly(size + 2) if size else b""]
        if not size:
            while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
                parts.append(line)
            return b"".join([*parts, b"\r\n"])
