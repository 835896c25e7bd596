"""The kernel's word: which user has the other end of a connection."""

from __future__ import annotations

import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from holdfast.access import peers
from holdfast.access.peers import Address, can_ask_kernel, owner_of, ready_to_ask

FAMILIES = [
    ("127.0.0.1", "127.0.0.1"),
    ("::1", "::1"),
    ("::", "127.0.0.1"),
    ("::", "::ffff:127.0.0.1"),
]
"""What the server listens on, and what a client connects to."""

OTHER_USER = 1


class Joined:
    """A connection to ourselves: both ends, and the addresses as the server sees them."""

    def __init__(self, listen: str, connect: str) -> None:
        with ExitStack() as stack:
            family = socket.AF_INET6 if ":" in listen else socket.AF_INET
            self.listening = socket.create_server(
                (listen, 0), family=family, dualstack_ipv6=listen == "::" and socket.has_dualstack_ipv6()
            )
            stack.callback(self.listening.close)
            client = socket.socket(socket.AF_INET6 if ":" in connect else socket.AF_INET)
            stack.callback(client.close)
            client.settimeout(10)
            client.connect((connect, self.listening.getsockname()[1]))
            self.client = client
            self.accepted = self.listening.accept()[0]
            stack.pop_all()

    @property
    def addresses(self) -> tuple[Address, Address]:
        return self.accepted.getpeername()[:2], self.accepted.getsockname()[:2]

    def close(self) -> None:
        for one in (self.client, self.accepted, self.listening):
            one.close()


@pytest.fixture(autouse=True)
def _own_questions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(peers, "_OF_THREAD", threading.local())
    with ready_to_ask():
        yield


@pytest.fixture(params=["netlink", "tables"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask in both ways. A sandbox may have only the tables, which are the slower way."""
    if request.param == "tables":
        peers._stop_asking()
        monkeypatch.setattr(socket, "AF_NETLINK", -1)
    else:
        monkeypatch.setattr(peers, "_read_tables", lambda *_: None)


@pytest.fixture(params=FAMILIES, ids=" from ".join)
def joined(request: pytest.FixtureRequest) -> Iterator[Joined]:
    try:
        made = Joined(*request.param)
    except OSError as error:
        pytest.skip(f"no such address here: {error}")
    with closing(made):
        yield made


@pytest.mark.usefixtures("_way")
def test_a_program_of_ours_is_known(joined: Joined):
    assert owner_of(*joined.addresses) == os.geteuid()


@pytest.mark.usefixtures("_way")
def test_a_client_that_has_sent_everything_is_still_known(joined: Joined):
    joined.client.shutdown(socket.SHUT_WR)
    assert owner_of(*joined.addresses) == os.geteuid()


@pytest.mark.usefixtures("_way")
def test_a_closed_socket_has_no_owner(joined: Joined):
    """The kernel shows such a socket as root's. A proxy could close on purpose, right behind its request."""
    addresses = joined.addresses
    joined.client.close()
    assert owner_of(*addresses) is None
    joined.accepted.close()
    assert owner_of(*addresses) is None


def test_a_process_without_free_descriptors_still_asks():
    """A storm of connections takes the last descriptor. Each accepted connection has a peer to ask about."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with closing(Joined("127.0.0.1", "127.0.0.1")) as joined:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                socket.socket()
            assert owner_of(*joined.addresses) == os.geteuid()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_socket_that_broke_is_opened_again():
    peers._OF_THREAD.asking.close()
    with closing(Joined("127.0.0.1", "127.0.0.1")) as joined:
        owner_of(*joined.addresses)
        assert peers._ask_netlink(*[(peers._plain(host), port) for host, port in joined.addresses])


@pytest.mark.usefixtures("_way")
def test_a_socket_that_listens_on_the_clients_port_is_not_the_client():
    with closing(Joined("127.0.0.1", "127.0.0.1")) as joined:
        other = joined.listening.getsockname()[:2]
        assert owner_of(other, ("127.0.0.1", 9)) is None


@pytest.mark.usefixtures("_way")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_program_of_another_user_is_known_as_such():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        os.seteuid(OTHER_USER)
        try:
            client = socket.socket()
        finally:
            os.seteuid(0)
        with client:
            client.connect(listening.getsockname())
            with closing(listening.accept()[0]) as accepted:
                assert owner_of(accepted.getpeername(), accepted.getsockname()) == OTHER_USER


@pytest.mark.usefixtures("_way")
def test_a_user_whom_this_container_does_not_know_has_no_id(monkeypatch: pytest.MonkeyPatch):
    """All users outside of a user namespace share one id, which may be the server's own."""
    monkeypatch.setattr(peers, "_user_of_all_unknown", os.geteuid)
    with closing(Joined("127.0.0.1", "127.0.0.1")) as joined:
        assert owner_of(*joined.addresses) is None


@pytest.mark.parametrize(
    "client", [("localhost", 1), ("", 0), ("127.0.0.1", None), ("testclient", 50_000)], ids=str
)
def test_a_caller_without_a_socket_has_no_owner(client: Address):
    assert owner_of(client, ("127.0.0.1", 8000)) is None
    assert owner_of(("127.0.0.1", 1), client) is None


def test_a_kernel_that_answers_can_be_asked():
    assert can_ask_kernel()


def test_a_kernel_that_does_not_answer_cannot_be_asked(monkeypatch: pytest.MonkeyPatch):
    peers._stop_asking()
    monkeypatch.setattr(socket, "AF_NETLINK", -1)
    monkeypatch.setattr(peers, "_PROC", peers.Path("/nonexistent"))
    assert not can_ask_kernel()
