"""Many new connections: none is accepted only after all requests of the others."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
import uvloop

from holdfast.app.worker_process import listening_sockets

COMERS = 64
TURNS = 12
"""Turns of the loop until all are accepted. Four would do; with one per turn it takes 64."""


def test_many_connections_are_accepted_per_loop_turn() -> None:
    async def turns_until_all_are_in() -> int:
        came: list[asyncio.BaseTransport] = []

        class Newcomer(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                came.append(transport)

        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0), backlog=COMERS) as inherited:
            address = inherited.getsockname()
            clients = [socket.create_connection(address) for _ in range(COMERS)]
            sockets = listening_sockets(inherited.detach())
        servers = [await loop.create_server(Newcomer, sock=one) for one in sockets]
        turns = 0
        while len(came) < COMERS and turns < 10 * COMERS:
            await asyncio.sleep(0)
            turns += 1
        for server in servers:
            server.close()
        for one in (*came, *clients):
            one.close()
        await asyncio.gather(*(server.wait_closed() for server in servers))
        return turns

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(turns_until_all_are_in()) <= TURNS


def test_a_starting_worker_leaves_the_shared_socket_nonblocking() -> None:
    """All workers share one file description of the listening socket, and so whether it blocks.

    A blocking worker would wait in `accept` as soon as another worker took the connection first.
    """
    with socket.create_server(("127.0.0.1", 0)) as inherited:
        inherited.setblocking(False)
        other_worker = os.dup(inherited.fileno())
        for one in listening_sockets(os.dup(inherited.fileno())):
            assert not os.get_blocking(other_worker)
            one.close()
        os.close(other_worker)


def test_no_step_of_a_start_makes_the_shared_socket_blocking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked after each copy: half a second of blocking was enough to lose a request."""
    with socket.create_server(("127.0.0.1", 0)) as inherited:
        inherited.setblocking(False)
        seen = []
        copy = socket.socket.dup

        def watched(self: socket.socket) -> socket.socket:
            made = copy(self)
            seen.append(os.get_blocking(inherited.fileno()))
            return made

        monkeypatch.setattr(socket.socket, "dup", watched)
        for one in listening_sockets(os.dup(inherited.fileno())):
            one.close()
        assert len(seen) > 1
        assert not any(seen)
