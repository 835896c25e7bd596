"""Two servers of one database, as processes: behind nginx, and with one Redis.

nginx is Debian's, with `deploy/nginx.conf` and its second server. The kind is "a request that meets a server which
leaves or comes": on a kept connection, on a new one, and while it waits in the kernel to be accepted.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from holdfast.limits import classes
from scenarios.wire.proxies import NGINX, Proxy, Setup, documented_nginx, free_port, program, replaced
from support.fixtures import open_folder
from support.house_of import fetch
from support.redis_server import RedisServer, redis_server
from support.serving import Serving

__all__ = ["open_folder", "redis_server"]

pytestmark = pytest.mark.slow

BUYERS = 6
SECRET = "the secret key of two servers, 32 long"
WORKERS = 2
GUEST = "203.0.113.7"
JSON = {"Content-Type": "application/json"}


@contextmanager
def two_servers(folder: Path, url: str, **settings: str) -> Iterator[list[Serving]]:
    """Yield two servers of a database, with two workers each. They start at the same time."""
    shared = {
        "database_url": url,
        "secret_key": SECRET,
        "workers": str(WORKERS),
        "pool_size": "4",
        **settings,
    }
    with ExitStack() as stack:
        begun = [Serving(folder / str(n), port=free_port(), **shared) for n in range(2)]
        yield [stack.enter_context(each) for each in begun]


def post(port: int, path: str, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
    """Send a request on a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, json.dumps(body), JSON | headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def make_event(port: int) -> int:
    status, event = post(port, "/v1/events", {"name": "Concert", "capacity": 1_000_000})
    assert status == 201, event
    number: int = event["number"]
    return number


def upstream_of(ports: list[int]) -> Setup:
    """Return the documented setup with both of its servers.

    Idle connections end before a server's wait does: in the documents 20 and 25 seconds, here 1 and 2.
    """

    def blocks(port: int, server: int) -> str:
        assert "# server 127.0.0.1:8001" in NGINX.read_text()
        text = replaced(documented_nginx(port, server), r"keepalive_timeout 20s;", "keepalive_timeout 1s;")
        return replaced(text, r"# server 127\.0\.0\.1:8001", f"server 127.0.0.1:{ports[1]}")

    return Setup(program="nginx", blocks=blocks, keeps_ids=False)


class Buyer(threading.Thread):
    """Places holds through the proxy, each with a key of its own, until it is stopped."""

    def __init__(self, port: int, event: int, stopping: threading.Event) -> None:
        super().__init__()
        self._port, self._event, self._stopping = port, event, stopping
        self.outcomes: Counter[int | str] = Counter()
        self.holds: list[str] = []

    def run(self) -> None:
        body = json.dumps({"event": self._event, "lines": [{"quantity": 1}]})
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while not self._stopping.is_set():
            try:
                connection.request("POST", "/v1/holds", body, JSON | {"Idempotency-Key": str(uuid4())})
                answer = connection.getresponse()
                found = json.loads(answer.read())
            except (http.client.HTTPException, OSError) as error:
                self.outcomes[repr(error)] += 1
                connection.close()
                continue
            if answer.status == 201:
                self.outcomes[201] += 1
                self.holds.append(found["id"])
            else:
                self.outcomes[f"{answer.status} {found['code']}: {found['detail']}"] += 1
        connection.close()


@pytest.mark.skipif(program("nginx") is None, reason="nginx is not installed")
def test_no_request_is_lost_while_each_server_is_restarted(open_folder: Path, database_url: str):
    """The buyers see 201 and nothing else, and each answer is one hold of the database."""
    with two_servers(open_folder, database_url, drain_seconds="2") as servers, ExitStack() as stack:
        ports = [server.port for server in servers]
        event = make_event(ports[0])
        proxy = stack.enter_context(Proxy(upstream_of(ports), ports[0]))
        stopping = threading.Event()
        buyers = [Buyer(proxy.port, event, stopping) for _ in range(BUYERS)]
        for buyer in buyers:
            buyer.start()
        try:
            for server, port in zip(servers, ports, strict=True):
                os.kill(server.pid, signal.SIGTERM)
                assert server.wait() == 0
                again = Serving(server.data_dir, port=port, **server.settings)
                stack.enter_context(again)
                before = sum(len(buyer.holds) for buyer in buyers)
                while sum(len(buyer.holds) for buyer in buyers) < before + 50 * BUYERS:
                    buyers[0].join(0.1)
                    assert all(buyer.is_alive() for buyer in buyers)
        finally:
            stopping.set()
            for buyer in buyers:
                buyer.join()
    outcomes = sum((buyer.outcomes for buyer in buyers), Counter[int | str]())
    assert set(outcomes) == {201}, outcomes
    answered = [hold for buyer in buyers for hold in buyer.holds]
    assert len(set(answered)) == len(answered)
    kept = {str(id) for (id,) in fetch(database_url, "SELECT id FROM holds")}
    assert kept == set(answered)


def at_once(ports: list[int], count: int, event: int, guest: str, **more: Any) -> Counter[int]:
    """Send holds of a guest at once, in turn to each server, and count the statuses."""
    body = {"event": event, "lines": [{"quantity": 1}], **more}

    def ask(n: int) -> int:
        return post(ports[n % len(ports)], "/v1/holds", body, **{"X-Forwarded-For": guest})[0]

    with ThreadPoolExecutor(count) as together:
        return Counter(together.map(ask, range(count)))


def limited(redis: RedisServer, **limits: str) -> dict[str, str]:
    settings = {"trusted_proxies": "127.0.0.1", "rate_limit_url": redis.url, "limits": "true"}
    return settings | {"limit_unbooked_holds": "0"} | limits


def test_a_hundred_requests_at_once_pass_the_rate_and_one_for_each_process(
    open_folder: Path, database_url: str, redis_server: RedisServer
):
    settings = limited(redis_server, limit_live_admissions="0")
    with two_servers(open_folder, database_url, **settings) as servers:
        ports = [server.port for server in servers]
        found = at_once(ports, 100, make_event(ports[0]), GUEST)
    burst = classes.HOLDS.rate().burst
    assert set(found) == {201, 429}
    assert burst <= found[201] <= burst + 2 * WORKERS, found


def test_a_cap_on_live_holds_is_one_over_both_servers_until_redis_dies(
    open_folder: Path, database_url: str, redis_server: RedisServer
):
    """Then each server counts alone, and goes on selling. The kill comes in the middle of a guest's requests."""
    settings = limited(redis_server, limit_holds_per_minute="0")
    cap = classes.LIVE_ADMISSIONS.quantity
    alone = 2 * (cap + WORKERS)
    with two_servers(open_folder, database_url, **settings) as servers:
        ports = [server.port for server in servers]
        event = make_event(ports[0])

        def place(count: int, guest: str) -> Counter[int]:
            found = at_once(ports, count, event, guest, ttl_seconds=600)
            assert set(found) == {201, 429}, found
            return found

        first = place(100, GUEST)
        assert first[201] == cap
        killing = threading.Timer(0.05, redis_server.kill)
        killing.start()
        second = place(200, "203.0.113.8")
        killing.join()
        assert cap <= second[201] <= alone
        third = place(100, "203.0.113.9")
        assert cap <= third[201] <= alone
        more = place(100, GUEST)
        assert cap + more[201] <= alone
        redis_server.start()
    held = fetch(database_url, "SELECT count(*) FROM holds")
    assert held == [(cap + second[201] + third[201] + more[201],)]
