"""Leaving: a server that is stopped ends its readiness first, and loses no request behind a proxy."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
from pathlib import Path

import pytest

from scenarios.wire.proxies import DOCUMENTED, Proxy, Setup, program, replaced
from support.fixtures import open_folder
from support.serving import Serving

__all__ = ["open_folder"]

BUYERS = 4
JSON = {"Content-Type": "application/json"}


def connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def ask(connection: http.client.HTTPConnection, method: str, path: str, **body: object) -> tuple[int, bool]:
    """Return the status, and whether the answer ends the connection."""
    connection.request(method, path, json.dumps(body) if body else None, JSON if body else {})
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.will_close


def until_unready(port: int) -> None:
    for _ in range(100_000):
        connection = connect(port)
        status, _ = ask(connection, "GET", "/readyz")
        connection.close()
        if status == 503:
            return
    raise AssertionError("the server stayed ready")


def test_a_stopped_server_is_unready_first_and_still_serves(open_folder: Path):
    """An idle connection belongs to a proxy that has not noticed. Its next request is answered, and is the last."""
    with Serving(open_folder / "data", drain_seconds="5") as server:
        kept = connect(server.port)
        assert ask(kept, "POST", "/v1/events", name="Concert", capacity=10) == (201, False)
        os.kill(server.pid, signal.SIGTERM)
        until_unready(server.port)
        assert ask(kept, "POST", "/v1/holds", event=1, lines=[{"quantity": 1}]) == (201, True)
        late = connect(server.port)
        assert ask(late, "GET", "/v1/events/1") == (200, True)
        late.close()
        assert server.wait() == 0


def test_a_second_signal_ends_the_wait(open_folder: Path):
    with Serving(open_folder / "data", drain_seconds="300") as server:
        os.kill(server.pid, signal.SIGTERM)
        until_unready(server.port)
        assert server.signal(signal.SIGTERM) == 0


def quick_nginx(port: int, server: int) -> str:
    """Return the documented setup, with idle connections that end before the server's wait does."""
    text = DOCUMENTED["nginx, documented"].blocks(port, server)
    return replaced(text, r"keepalive_timeout 20s;", "keepalive_timeout 1s;")


class Buyer(threading.Thread):
    """Places holds through the proxy, each on the same kept connection, until it is stopped."""

    def __init__(self, port: int, stopping: threading.Event) -> None:
        super().__init__()
        self._port, self._stopping = port, stopping
        self.statuses: list[int | str] = []

    def run(self) -> None:
        connection = connect(self._port)
        while not self._stopping.is_set():
            try:
                status, closes = ask(connection, "POST", "/v1/holds", event=1, lines=[{"quantity": 1}])
            except (http.client.HTTPException, OSError) as error:
                self.statuses.append(repr(error))
                return
            self.statuses.append(status)
            if closes:
                connection.close()
        connection.close()


def test_no_request_is_lost_behind_nginx_while_workers_are_replaced(open_folder: Path):
    """nginx sends no POST twice, so a connection that closes under one loses it."""
    if program("nginx") is None:
        pytest.skip("nginx is not installed")
    setup = Setup(program="nginx", blocks=quick_nginx, keeps_ids=False)
    with Serving(open_folder / "data", workers="2", drain_seconds="3") as server:
        connection = connect(server.port)
        assert ask(connection, "POST", "/v1/events", name="Concert", capacity=1_000_000)[0] == 201
        connection.close()
        with Proxy(setup, server.port) as proxy:
            stopping = threading.Event()
            buyers = [Buyer(proxy.port, stopping) for _ in range(BUYERS)]
            for buyer in buyers:
                buyer.start()
            try:
                for worker in server.workers:
                    os.kill(worker, signal.SIGTERM)
                    server.wait_until_it_says(r"Worker \d serves again")
            finally:
                stopping.set()
                for buyer in buyers:
                    buyer.join()
    statuses = [status for buyer in buyers for status in buyer.statuses]
    assert set(statuses) == {201}
    assert len(statuses) > 10 * BUYERS
