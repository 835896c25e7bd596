"""A worker's start: nobody may connect before it can serve, and one port has one server.

The kind is "a server that accepts what it cannot answer yet": a proxy would send it requests, although another server
is there. Its end is tested with nginx (`tests/scenarios/wire`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from psycopg.conninfo import conninfo_to_dict

from holdfast.process.children import WorkerProcess
from support.cutting_proxy import cutting_proxy
from support.http_serving import until
from support.serving import environment

SECRET = "the secret key of one worker, 32 long"


@asynccontextmanager
async def begun(listening: socket.socket, database_url: str) -> AsyncIterator[WorkerProcess]:
    """Start a worker on a bound socket."""
    worker = WorkerProcess(1)
    life, alive = os.pipe()
    settings = environment(database_url=database_url, secret_key=SECRET)
    worker.start(listening=listening.fileno(), life=life, environment=settings, now=time.monotonic())
    try:
        yield worker
    finally:
        for descriptor in (life, alive):  # its end ends the worker
            os.close(descriptor)
        assert await asyncio.to_thread(worker.wait, 30)


def bound(port: int = 0) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made


async def test_a_worker_listens_when_it_has_a_connection_to_the_database(database_url: str):
    """A database that does not answer yet is a slow connect, a slow failover, or a machine under load."""
    with bound() as listening:
        address = listening.getsockname()
        async with cutting_proxy(database_url) as proxy:
            proxy.silent = True
            of = conninfo_to_dict(database_url)
            url = f"postgresql://{of['user']}@127.0.0.1:{proxy.port}/{of['dbname']}?sslmode=disable"
            async with begun(listening, url) as worker:
                await until(lambda: len(proxy.running) > 1 or worker.poll() is not None)
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(address).close()
                proxy.speak()
                await until(lambda: worker.poll() is not None or worker.is_ready)
                async with httpx2.AsyncClient() as client:
                    answer = await client.get(f"http://127.0.0.1:{address[1]}/readyz")
                assert answer.status_code == 200, answer.text


async def test_the_second_server_of_a_port_is_refused_in_one_line(
    database_url: str, capfd: pytest.CaptureFixture[str]
):
    """Two servers that start at once are both bound, because a bound socket is no conflict until one listens."""
    with bound() as mine, bound(mine.getsockname()[1]) as others:
        others.listen()
        async with begun(mine, database_url) as worker:
            assert await asyncio.to_thread(worker.wait, 30)
    (line,) = capfd.readouterr().err.splitlines()
    assert "Cannot listen on 127.0.0.1:" in line
    assert "address already in use. Stop the program that uses it, or set HOLDFAST_PORT." in line
