"""TLS of the server: each connection counts from its first byte, and a handshake has a deadline."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Self

import pytest

from holdfast.access.permissions import Permission
from holdfast.http.metrics import _OVERDUE
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from holdfast.http.server.connection import Connection
from holdfast.http.server.limits import ConnectionLimits
from holdfast.http.server.service import Service
from holdfast.http.server.tls import load_tls
from holdfast.http.server.writing import bound_kernel
from support.certificates import ServerChain, server_chain
from support.http_serving import QUICK, until
from support.http_surface import layer_of

routes = Routes(tag="tests")


@routes.post("/echo", policy=Permission.PUBLIC)
async def echo(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return body


LAYER = layer_of(routes, access_log=False)
REQUEST = b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> ServerChain:
    return server_chain(tmp_path_factory.mktemp("chain"))


class Serving:
    """A service with TLS on a free port."""

    def __init__(self, chain: ServerChain, limits: ConnectionLimits) -> None:
        self.chain = chain
        self.service = Service(LAYER, limits, load_tls(chain.certfile, chain.keyfile))
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        listening = socket.create_server(("127.0.0.1", 0))
        bound_kernel(listening, self.service.limits.untaken_seconds)
        self._server = await loop.create_server(self.service.connect, sock=listening)
        self.port = listening.getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        await self.service.stop(0.0)

    def open_connections(self) -> list[Connection]:
        """Return the connections whose handshake is done."""
        return [one for one in self.service.connections if isinstance(one, Connection)]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect with a kernel that keeps little for a client that does not read."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.port))
        context = self.chain.client_context()
        return await asyncio.open_connection(sock=client, ssl=context, server_hostname="localhost")

    async def connect_plainly(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture
async def server(chain: ServerChain) -> AsyncIterator[Serving]:
    async with Serving(chain, QUICK) as server:
        yield server


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head, await reader.readexactly(int(length.partition(b":")[2]))


async def test_a_connection_serves_requests_one_after_the_other(server: Serving) -> None:
    reader, writer = await server.connect()
    for body in (b'{"a":1}', b'{"a":"' + b"x" * 60_000 + b'"}', b'{"a":2}'):
        writer.write(REQUEST % len(body) + body)
        head, answer = await _answer(reader)
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"strict-transport-security: " in head
        assert answer == body
    assert len(server.service.connections) == 1
    writer.close()
    await until(lambda: not server.service.connections)


async def test_a_client_hello_in_many_pieces_is_one_handshake(server: Serving) -> None:
    """The first bytes are read before the layer of TLS exists."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    layer = server.chain.client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    reader, writer = await server.connect_plainly()
    while True:
        try:
            layer.do_handshake()
            break
        except ssl.SSLWantReadError:
            for byte in outgoing.read():
                writer.write(bytes([byte]))
                await writer.drain()
            incoming.write(await reader.read(65_536))
    layer.write(REQUEST % 2 + b"{}")
    writer.write(outgoing.read())
    answer = b""
    while not answer.endswith(b"{}"):
        incoming.write(await reader.read(65_536))
        with_more = True
        while with_more:
            try:
                answer += layer.read(65_536)
            except ssl.SSLWantReadError:
                with_more = False
    assert answer.startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_request_without_tls_gets_a_reason_and_a_close(server: Serving) -> None:
    reader, writer = await server.connect_plainly()
    writer.write(REQUEST % 2 + b"{}")
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"https://" in answer
    await until(lambda: not server.service.connections)
    writer.close()


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01"])
async def test_a_handshake_that_does_not_end_is_cut(chain: ServerChain, sent: bytes) -> None:
    before = _OVERDUE.labels("handshake")._value.get()
    async with Serving(chain, replace(QUICK, head_seconds=0.05)) as server:
        reader, writer = await server.connect_plainly()
        writer.write(sent)
        assert await _rest(reader) == b""
        await until(lambda: not server.service.connections)
        writer.close()
    assert _OVERDUE.labels("handshake")._value.get() == before + 1


async def test_a_failed_handshake_leaves_no_connection(server: Serving) -> None:
    """A client that does not trust the certificate leaves in the middle."""
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", server.port, ssl=ssl.create_default_context())
    _, writer = await server.connect_plainly()
    writer.write(b"\x16\x03\x01\x00\x05hello")
    await until(lambda: not server.service.connections)
    writer.close()


async def test_unfinished_handshakes_count_as_connections(chain: ServerChain) -> None:
    async with Serving(chain, replace(QUICK, connections=2)) as server:
        waiting = [await server.connect_plainly() for _ in range(2)]
        await until(lambda: len(server.service.connections) == 2)
        with pytest.raises(OSError, match=r".*"):
            await server.connect()
        for _, writer in waiting:
            writer.close()
        await until(lambda: not server.service.connections)
        _, writer = await server.connect()
        writer.close()


async def test_a_slow_reader_is_noticed_and_gets_its_whole_answer(server: Serving) -> None:
    """Waiting bytes of TLS have a deadline, too, and are counted once they wait."""
    body = b'{"a":"' + b"x" * 60_000 + b'"}'
    reader, writer = await server.connect()
    for _ in range(60):
        writer.write(REQUEST % len(body) + body)
    await until(lambda: any(one.writer.is_paused for one in server.open_connections()))
    for _ in range(60):
        assert (await _answer(reader))[1] == body
    writer.close()


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
