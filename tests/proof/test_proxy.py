"""The proxy: without rules it loses nothing, and each rule loses exactly what it says."""

from __future__ import annotations

import http.client
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest

from proof.processes import owner_of, wait_until_gone
from proof.proxy import Door, Proxy
from support.started import started

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy(seed=1) as found:
        yield found


@contextmanager
def echo() -> Iterator[str]:
    """A server that echoes all data, and ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection:
                try:
                    while data := connection.recv(65_536):
                        connection.sendall(data)
                except OSError:
                    pass

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def desk() -> Iterator[tuple[str, queue.SimpleQueue[str]]]:
    """An HTTP server, and the bodies of the requests that reached it."""
    arrived: queue.SimpleQueue[str] = queue.SimpleQueue()

    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.put(body.decode())
            reply = b"done: " + body
            self.send_response(201)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

        def log_message(self, *_arguments: object) -> None:
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Desk) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", arrived
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def connected(door: Door) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE_SECONDS) as connection:
        yield connection


def read(connection: socket.socket, size: int) -> bytes:
    """Return `size` bytes; fewer if the peer closes or resets."""
    found = b""
    try:
        while len(found) < size and (data := connection.recv(size - len(found))):
            found += data
    except ConnectionResetError:
        pass
    return found


def post(door: Door, body: str, *, seconds: float = PATIENCE_SECONDS) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=seconds)
    try:
        connection.request("POST", "/", body)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_a_proxy_without_rules_passes_all_data(proxy: Proxy) -> None:
    sent = os.urandom(1_000_000)
    with echo() as target, connected(proxy.open("plain", target)) as connection:
        threading.Thread(target=connection.sendall, args=(sent,)).start()
        assert read(connection, len(sent)) == sent


def test_delayed_data_arrive_complete_and_in_order(proxy: Proxy) -> None:
    sent = os.urandom(300_000)
    with echo() as target:
        door = proxy.open("late", target)
        door.set(latency_ms=2, jitter_ms=5)
        with connected(door) as connection:
            threading.Thread(target=connection.sendall, args=(sent,)).start()
            assert read(connection, len(sent)) == sent


def test_only_the_next_connection_is_cut_after_its_bytes(proxy: Proxy) -> None:
    with echo() as target:
        door = proxy.open("cut", target)
        door.set(cut_back=10, cut_times=1)
        with connected(door) as connection:
            connection.sendall(b"x" * 100)
            assert len(read(connection, 100)) <= 10
        with connected(door) as connection:
            connection.sendall(b"y" * 100)
            assert read(connection, 100) == b"y" * 100
        assert door.counts()["cuts"] == 1


def test_data_sent_into_a_black_hole_arrive_when_it_ends(proxy: Proxy) -> None:
    with echo() as target:
        door = proxy.open("hole", target)
        with connected(door) as connection:
            connection.sendall(b"before")
            assert read(connection, 6) == b"before"
            door.set(black_hole=True)
            connection.sendall(b"meanwhile")
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            door.calm()
            connection.settimeout(PATIENCE_SECONDS)
            assert read(connection, 9) == b"meanwhile"


def test_a_reset_sends_rst(proxy: Proxy) -> None:
    """RST, not an orderly end: the client must see that the outcome is unknown."""
    with echo() as target:
        door = proxy.open("reset", target)
        with connected(door) as connection:
            connection.sendall(b"x")
            assert read(connection, 1) == b"x"
            assert door.reset() == 1
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        door.set(refuse=True)
        with pytest.raises(ConnectionResetError), connected(door) as connection:
            connection.recv(1)  # unless the connect was reset already


def test_a_route_can_lead_elsewhere(proxy: Proxy) -> None:
    with desk() as (one, _), echo() as other:
        door = proxy.open("turn", other)
        door.lead_to(one)
        assert post(door, "hello") == b"done: hello"


@pytest.mark.parametrize(("moment", "found"), [("after", 1), ("before", 0)])
def test_a_cut_commit_is_lost_with_or_without_effect(
    proxy: Proxy, database_url: str, moment: str, found: int
) -> None:
    """After: it is executed, without an answer. Before: it is not executed, also without an answer."""
    known = psycopg.conninfo.conninfo_to_dict(database_url)
    with psycopg.connect(database_url) as direct:
        direct.execute("CREATE TABLE sent (word text)")
    door = proxy.open(f"commit {moment}", f"unix:{known['host']}/.s.PGSQL.{known['port']}", "postgres")
    door.set(commits=moment, commit_times=1)
    through = psycopg.conninfo.make_conninfo(
        **{**known, "host": "127.0.0.1", "port": door.port, "sslmode": "disable"}
    )
    connection = psycopg.connect(through)
    with connection:
        connection.execute("INSERT INTO sent VALUES ('x')")
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
    with psycopg.connect(database_url) as direct:
        assert direct.execute("SELECT count(*) FROM sent").fetchone() == (found,)
    assert door.counts()["commits_cut"] == 1


@pytest.mark.parametrize(
    ("point", "delivers", "found"),
    [("begin", False, 0), ("commit", False, 0), ("commit", True, 1), ("commit-done", False, 1)],
)
def test_a_trap_holds_a_transaction_at_its_point(
    proxy: Proxy, database_url: str, point: str, delivers: bool, found: int
) -> None:
    """It stays there until the trap is removed, and its client never gets an answer."""
    known = psycopg.conninfo.conninfo_to_dict(database_url)
    with psycopg.connect(database_url) as direct:
        direct.execute("CREATE TABLE sent (word text)")
    door = proxy.open(f"{point} {delivers}", f"unix:{known['host']}/.s.PGSQL.{known['port']}", "postgres")
    through = psycopg.conninfo.make_conninfo(
        **{**known, "host": "127.0.0.1", "port": door.port, "sslmode": "disable"}
    )
    with psycopg.connect(through, prepare_threshold=None) as connection:
        with socket.socket(fileno=os.dup(connection.fileno())) as own:
            port = own.getsockname()[1]
        door.set(trap=point, trap_delivers=delivers)

        def sell() -> str:
            try:
                connection.execute("INSERT INTO sent VALUES ('x')")
                connection.commit()
            except psycopg.OperationalError:
                return "lost"
            return "done"

        with ThreadPoolExecutor(1) as pool:
            selling = pool.submit(sell)
            while not door.counts()["trapped"]:
                assert not selling.done()
            assert door.counts()["trapped"] == [port]
            assert owner_of(port, [os.getppid(), os.getpid()]) == os.getpid()
            assert not selling.done()
            door.set(trap=None)
            assert selling.result(PATIENCE_SECONDS) == "lost"
    with psycopg.connect(database_url) as direct:
        assert direct.execute("SELECT count(*) FROM sent").fetchone() == (found,)


def test_the_http_relay_reuses_one_connection(proxy: Proxy) -> None:
    with desk() as (target, arrived):
        door = proxy.open("http", target, "http")
        connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE_SECONDS)
        for body in ("one", "two"):
            connection.request("POST", "/", body)
            assert connection.getresponse().read() == f"done: {body}".encode()
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"abcde"
        connection.close()
        assert (arrived.get(), arrived.get()) == ("one", "two")
        assert door.counts()["connections"] == 1


def test_a_held_request_arrives_after_its_client_gave_up(proxy: Proxy) -> None:
    with desk() as (target, arrived):
        door = proxy.open("held", target, "http")
        door.set(hold_share=1.0, hold_from_s=0.5, hold_to_s=0.6)
        with pytest.raises(TimeoutError):
            post(door, "late", seconds=0.1)
        assert arrived.get(timeout=PATIENCE_SECONDS) == "late"
        assert door.counts()["held"] == 1


def test_a_request_arrives_twice(proxy: Proxy) -> None:
    with desk() as (target, arrived):
        door = proxy.open("twice", target, "http")
        door.set(duplicate_share=1.0)
        assert post(door, "again") == b"done: again"
        assert [arrived.get(timeout=PATIENCE_SECONDS) for _ in range(2)] == ["again", "again"]


def test_a_lost_request_never_arrives(proxy: Proxy) -> None:
    with desk() as (target, arrived):
        door = proxy.open("lost", target, "http")
        door.set(lose_request_share=1.0)
        with pytest.raises(ConnectionResetError):
            post(door, "unheard")
        door.calm()
        assert post(door, "heard") == b"done: heard"
        assert arrived.get() == "heard"


def test_a_lost_answer_follows_execution(proxy: Proxy) -> None:
    with desk() as (target, arrived):
        door = proxy.open("unanswered", target, "http")
        door.set(lose_answer_share=1.0)
        with pytest.raises(ConnectionResetError):
            post(door, "done")
        assert arrived.get(timeout=PATIENCE_SECONDS) == "done"


def test_a_half_answer_breaks_off_after_execution(proxy: Proxy) -> None:
    with desk() as (target, arrived), connected(door := proxy.open("half", target, "http")) as connection:
        request = b"POST / HTTP/1.1\r\nHost: desk\r\nContent-Length: 4\r\n\r\ndone"
        connection.sendall(request)
        whole = b""
        while not whole.endswith(b"done: done"):
            whole += connection.recv(1)
        door.set(half_answer_share=1.0)
        connection.sendall(request)
        assert 0 < len(read(connection, len(whole))) < len(whole)
        assert [arrived.get(timeout=PATIENCE_SECONDS) for _ in range(2)] == ["done", "done"]


def test_an_unknown_proxy_rule_is_refused(proxy: Proxy) -> None:
    with echo() as target:
        door = proxy.open("wrong", target)
        with pytest.raises(RuntimeError, match="latency"):
            door.set(latency=5)
        assert door.counts()["connections"] == 0


def test_the_proxy_ends_with_its_killed_parent() -> None:
    program = (
        "import signal; from proof.proxy import Proxy; proxy = Proxy(seed=1); proxy.start();"
        "print(proxy._kept.pid, flush=True); signal.pause()"
    )
    with started([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    assert wait_until_gone([pid]) == []
