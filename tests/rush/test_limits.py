"""The machine's limits: raised as far as possible, divided among the processes, and never exceeded."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from holdfast.rush.limits import raise_limits

HERE, THERE = "http://127.0.0.1:8000", "https://tickets.example"


@pytest.fixture(autouse=True)
def few_descriptors() -> Iterator[None]:
    """Set the soft limit of a usual shell."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_raise_limits_raises_the_limit_of_file_descriptors() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limits = raise_limits(HERE, buyers=100_000, processes=1, connections=None)
    assert limits.descriptors_before <= 1024
    assert limits.descriptors == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 1024 or hard <= 1024
    assert limits.connections <= limits.descriptors - 64


def test_a_server_on_this_machine_keeps_half_of_the_processors() -> None:
    here = raise_limits(HERE, buyers=10**6, processes=None, connections=None)
    there = raise_limits(THERE, buyers=10**6, processes=None, connections=None)
    assert (here.processes, there.processes) == (max(1, here.cpus // 2), there.cpus)


def test_a_few_buyers_need_no_second_process() -> None:
    assert raise_limits(THERE, buyers=400, processes=None, connections=None).processes == 1


@pytest.mark.parametrize(
    ("buyers", "processes", "connections", "allowed"),
    [(10, 1, None, 10), (10, 4, None, 8), (10_000, 3, 100, 99), (10_000, 3, 1, 3), (2, 4, None, 4)],
)
def test_each_process_gets_a_share_of_the_connections(
    buyers: int, processes: int, connections: int | None, allowed: int
) -> None:
    limits = raise_limits(HERE, buyers=buyers, processes=processes, connections=connections)
    assert limits.connections == allowed
    assert limits.connections % limits.processes == 0


def test_the_connections_are_limited_by_the_ports() -> None:
    limits = raise_limits(HERE, buyers=10**7, processes=64, connections=None)
    assert limits.connections <= limits.ports
