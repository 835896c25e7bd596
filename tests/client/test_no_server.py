"""Without a server: the first call fails at once, and says where it looked and what to start.

Members of the kind: a refused port, a name that does not exist, a port that does not speak TLS, and a stream. Each is
tried with both clients. A server that has answered once is retried, because it is probably restarting.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx2
import pytest

from holdfast_client import AsyncClient, Client, Retries, errors
from holdfast_client.failures import error_in_place_of

NEVER = Retries(total_seconds=30, random=lambda: pytest.fail("a pause was chosen"))
"""Retries that fail the test when one begins."""

EVENT = b"""{"id": "00000000-0001-8000-8000-000000000000", "number": 1, "name": "Concert", "status": "published",
  "capacity": 5, "created_at": "2026-11-05T18:30:00Z"}"""


@pytest.fixture
def port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def plain_port() -> Iterator[int]:
    """A port that answers everything in plain text, so that TLS fails."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with closing(listening.accept()[0]) as one:
                one.recv(1024)
                one.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def one_answer(port: int, answers: int) -> threading.Thread:
    """Answer `answers` requests on the port, each on a connection of its own, then close it."""
    listening = socket.create_server(("127.0.0.1", port), reuse_port=True)

    def answer() -> None:
        with listening:
            for _ in range(answers):
                with closing(listening.accept()[0]) as one:
                    one.recv(65536)
                    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(EVENT)
                    one.sendall(head + EVENT)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def test_a_refused_port_fails_at_once_with_the_address_and_what_to_start(port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    with Client(url, retries=NEVER) as client, pytest.raises(errors.NoServer) as raised:
        client.create_event("Concert", capacity=3)
    assert raised.value.detail == (
        f"Cannot connect to {url}: Connection refused. "
        "Start a server there (`holdfast serve`), or name another one with HOLDFAST_URL or `url`."
    )
    assert isinstance(raised.value, errors.Unreachable)
    assert isinstance(raised.value.__cause__, ConnectionRefusedError)


async def test_the_async_client_says_the_same(port: int) -> None:
    async with AsyncClient(f"http://127.0.0.1:{port}", retries=NEVER) as client:
        with pytest.raises(errors.NoServer, match=r"Connection refused\. Start a server there"):
            await client.get_event(7)
        with pytest.raises(errors.NoServer):
            await anext(client.stream(7))


def test_a_stream_fails_at_once(port: int) -> None:
    with Client(f"http://127.0.0.1:{port}", retries=NEVER) as client, pytest.raises(errors.NoServer):
        next(client.stream(7))


def test_an_unknown_name_is_said_so() -> None:
    with Client("http://tickets.invalid", retries=NEVER) as client, pytest.raises(errors.NoServer) as raised:
        client.get_event(7)
    assert raised.value.detail.startswith("Cannot connect to http://tickets.invalid: ")
    assert raised.value.detail.endswith(
        "Check the address (HOLDFAST_URL or `url`), and that the server runs."
    )


def test_a_port_without_tls_is_said_so(plain_port: int) -> None:
    with (
        Client(f"https://127.0.0.1:{plain_port}", retries=NEVER) as client,
        pytest.raises(errors.NoServer, match=r"TLS failed \("),
    ):
        client.get_event(7)


def test_an_address_that_never_connects_is_given_up_after_one_attempt() -> None:
    """Packets that a firewall drops: `timeout_seconds` is long enough for one connection."""
    slow = httpx2.ConnectTimeout("")
    error = error_in_place_of(slow, "http://10.0.0.1", was_reached=False, is_local=False)
    assert isinstance(error, errors.NoServer)
    assert error.detail.startswith(
        "Cannot connect to http://10.0.0.1: connecting took too long. Check the address"
    )
    known = error_in_place_of(slow, "http://10.0.0.1", was_reached=True, is_local=False)
    assert type(known) is errors.Unreachable


def test_a_server_that_has_answered_is_retried(port: int) -> None:
    """It is probably restarting: the second call finds the port closed at first."""
    restarted: list[threading.Thread] = []

    def restart() -> float:
        if not restarted:
            restarted.append(one_answer(port, 1))
        return 0.0

    first = one_answer(port, 1)
    retries = Retries(first_pause_seconds=0.001, random=restart)
    with Client(f"http://127.0.0.1:{port}", retries=retries) as client:
        assert client.get_event(1).number == 1
        first.join()
        assert client.get_event(1).number == 1
    assert len(restarted) == 1
    restarted[0].join()


def test_a_program_may_wait_for_its_server(port: int) -> None:
    started: list[threading.Thread] = []

    def start() -> float:
        if not started:
            started.append(one_answer(port, 1))
        return 0.0

    retries = Retries(first_pause_seconds=0.001, wait_for_server=True, random=start)
    with Client(f"http://127.0.0.1:{port}", retries=retries) as client:
        assert client.get_event(1).number == 1
    started[0].join()


@pytest.mark.parametrize("ask", [Client.get_health, Client.get_readiness])
def test_health_without_a_server_says_where(port: int, ask: Callable[[Client], object]) -> None:
    with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(errors.NoServer, match=str(port)):
        ask(client)
