"""Many who come at once: none of them is let in only after all that others ask for meanwhile."""

from __future__ import annotations

import asyncio
import socket

import uvloop

from holdfast.app.worker import listening_sockets

COMERS = 64
TURNS = 12
"""Of the loop, until all of them are in: four would do; with one a turn it takes sixty-four."""


def test_newcomers_are_let_in_many_a_turn_of_the_loop() -> None:
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
