"""Open files: Holdfast raises the limit, reports it at the start, and keeps some from streams."""

from __future__ import annotations

import re
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from holdfast.process.descriptors import connections_within, raise_descriptor_limit, streams_within
from support.serving import Serving


@pytest.fixture
def few_descriptors() -> Iterator[int]:
    """Set the limit of a usual login shell. Yields the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, soft), hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_server_raises_its_limit_and_reports_it(few_descriptors: int, open_folder: Path) -> None:
    with Serving(open_folder / "data", stream_limit="100000") as server:
        line = server.wait_until_it_says(" Limits: ")
        raised = min(few_descriptors, 65_536)
        for pid in server.workers:
            assert resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] == raised
    found = re.search(r" Limits: ([\d,]+) open files a worker, ([\d,]+) of them streams\. ", line)
    assert found is not None, line
    reported = [int(group.replace(",", "")) for group in found.groups()]
    assert reported == [raised, int(raised * 0.75)]


def test_raise_descriptor_limit_keeps_a_sufficient_limit(few_descriptors: int) -> None:
    raised = raise_descriptor_limit()
    assert raised == min(few_descriptors, 65_536)
    assert raise_descriptor_limit() == raised


@pytest.mark.parametrize(
    ("descriptors", "wanted", "granted"), [(1024, 20_000, 768), (65_536, 20_000, 20_000), (1, 20_000, 1)]
)
def test_streams_within_leaves_room_for_buyers(descriptors: int, wanted: int, granted: int) -> None:
    assert streams_within(descriptors, wanted) == granted


def test_connections_within_leaves_descriptors_for_other_files() -> None:
    assert connections_within(300, 50_000) == 200
    assert connections_within(20_000, 50_000) == 18_000
    assert connections_within(20_000, 10) == 10
    assert connections_within(64, 50_000) == 1


def test_every_connection_is_answered_with_few_descriptors(open_folder: Path) -> None:
    """The server accepts or refuses each of 290 connections. 300 open files leave room for 200."""
    with Serving(open_folder / "data", connection_limit="200") as server, ExitStack() as stack:
        (worker,) = server.workers
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (300, 300))

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))

        clients = [connect() for _ in range(200)]
        assert {connect().recv(12) for _ in range(90)} == {b"HTTP/1.1 503"}
        for client in clients:
            client.close()
        # The server must first notice that they closed; each try opens a new connection.
        assert 200 in (server.get("/healthz") for _ in range(1_000))
