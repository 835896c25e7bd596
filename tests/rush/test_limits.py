"""The machine's limits: raised as far as they go, divided among the processes, and never passed."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from holdfast.rush.limits import raise_limits

HERE, THERE = "http://127.0.0.1:8000", "https://tickets.example"


@pytest.fixture(autouse=True)
def few_descriptors() -> Iterator[None]:
    """As a shell gives them, with room above."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_file_descriptors_are_raised_for_the_processes_to_inherit() -> None:
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
    ("buyers", "processes", "connections", "most"),
    [(10, 1, None, 10), (10, 4, None, 8), (10_000, 3, 100, 99), (10_000, 3, 1, 3), (2, 4, None, 4)],
)
def test_each_process_has_its_share_of_the_connections_and_at_least_one(
    buyers: int, processes: int, connections: int | None, most: int
) -> None:
    limits = raise_limits(HERE, buyers=buyers, processes=processes, connections=connections)
    assert limits.connections == most
    assert limits.connections % limits.processes == 0


def test_ports_are_a_limit_too() -> None:
    limits = raise_limits(HERE, buyers=10**7, processes=64, connections=None)
    assert limits.connections <= limits.ports
