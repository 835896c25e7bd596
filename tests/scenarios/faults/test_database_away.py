"""The database is away: the server reports it, sells nothing, and recovers by itself."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from holdfast.postgres.schema import upgrade
from holdfast.process.postgres_server import PostgresServer
from holdfast.process.processes import processes_in
from holdfast_client import Client, Quantity, Retries, errors
from scenarios.faults.verdict import judge
from support.serving import Serving

ONCE = Retries(total_seconds=0)
STUBBORN = Retries(
    total_seconds=30, first_pause_seconds=0.02, longest_pause_seconds=0.1, wait_for_server=True
)


@contextmanager
def stopped(postgres: PostgresServer) -> Iterator[None]:
    """Shut the database down, and start it again at the end."""
    postgres.stop()
    yield
    postgres.start()


@contextmanager
def frozen(postgres: PostgresServer) -> Iterator[None]:
    """Freeze the database (SIGSTOP): it accepts and keeps connections, but answers nothing."""
    cluster = postgres.log_path.parent / "cluster"
    processes = processes_in(cluster, name="postgres")
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("away", [stopped, frozen])
def test_a_server_without_its_database_refuses_and_recovers(
    open_folder: Path, away: Callable[[PostgresServer], Iterator[None]]
) -> None:
    postgres = PostgresServer(open_folder / "postgres")
    with postgres:
        upgrade(postgres.url)
        settings = {"database_url": postgres.url, "secret_key": "k" * 40}
        with Serving(open_folder / "data", **settings) as server:
            url = f"http://127.0.0.1:{server.port}"
            with (
                Client(url, retries=ONCE, timeout_seconds=30) as client,
                Client(url, retries=STUBBORN) as stubborn,
            ):
                event = client.create_event("Concert", capacity=10)
                hold = client.place_hold(event, Quantity(2))
                with away(postgres):
                    assert client.get_health().ready
                    assert not client.get_readiness().ready
                    assert_unavailable(server, "GET", "/readyz")
                    assert_unavailable(
                        server, "POST", "/v1/holds", b'{"event": 1, "lines": [{"quantity": 1}]}'
                    )
                    with pytest.raises(errors.TryAgain) as refused:
                        client.confirm_hold(hold)
                booking = stubborn.confirm_hold(hold, idempotency_key=refused.value.idempotency_key)
                assert client.get_readiness().ready
                assert client.get_availability(event).booked == 2
            asyncio.run(judge(url, postgres.url, event, [booking.id]))


def assert_unavailable(server: Serving, method: str, path: str, body: bytes | None = None) -> None:
    """Assert a 503 with a Retry-After of at least one second."""
    headers = {} if body is None else {"Content-Type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        assert answer.status == 503, answer.read()
        assert int(answer.headers["Retry-After"]) >= 1
