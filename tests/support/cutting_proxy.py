"""A proxy between an engine and PostgreSQL that breaks connections where a test wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg


class CuttingProxy:
    """Passes everything on, until a message of the client contains `before` or `after`.

    `before`: the server does not get the message. `after`: the server gets it, and its answer is lost.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.before: bytes | None = None
        self.after: bytes | None = None
        self.times = 1
        """How many times to break the connection."""
        self.silent = False
        """If true, the proxy passes nothing on, and keeps connections open."""
        self.cuts = 0
        self.turns = 0
        """The number of round trips: how many times a client sent after the server had sent."""
        self.servers_turn = True
        self.port = 0
        self.running: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return psycopg.conninfo.make_conninfo(
            self.upstream, host="127.0.0.1", port=self.port, sslmode="disable"
        )

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.running.add(task)
        try:
            await self._pass(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()
            self.running.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = psycopg.conninfo.conninfo_to_dict(self.upstream)
        host, port = str(upstream["host"]), str(upstream.get("port", 5432))
        if host.startswith("/"):
            up_reader, up_writer = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            up_reader, up_writer = await asyncio.open_connection(host, int(port))
        back = asyncio.ensure_future(self._back(up_reader, writer))
        try:
            with suppress(OSError):
                await self._forth(reader, up_writer, up_reader, back)
        finally:
            back.cancel()
            up_writer.transport.abort()

    async def _forth(
        self,
        reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        back: asyncio.Future[None],
    ) -> None:
        while data := await reader.read(65_536):
            self.turns += self.servers_turn
            self.servers_turn = False
            if self.silent:
                continue
            if self.before is not None and self.before in data:
                self._count("before")
                return
            if self.after is not None and self.after in data:
                self._count("after")
                back.cancel()
                up_writer.write(data)
                await up_writer.drain()
                await up_reader.read(1)  # the answer proves that the server has done it
                return
            up_writer.write(data)
            await up_writer.drain()

    def speak(self) -> None:
        """End the silence: close the existing connections, and serve new ones."""
        self.silent = False
        for task in self.running:
            task.cancel()

    def _count(self, which: str) -> None:
        self.cuts += 1
        self.times -= 1
        if self.times <= 0:
            setattr(self, which, None)
            self.times = 1

    async def _back(self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while data := await up_reader.read(65_536):
                self.servers_turn = True
                if not self.silent:
                    writer.write(data)
                    await writer.drain()
            writer.close()


@asynccontextmanager
async def cutting_proxy(upstream: str) -> AsyncIterator[CuttingProxy]:
    proxy = CuttingProxy(upstream)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in list(proxy.running):
            task.cancel()
        await asyncio.gather(*proxy.running, return_exceptions=True)
        await asyncio.sleep(0)  # lets the transports close
