"""Rate table: one count for all workers of a server, in memory that cannot grow."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.limits.rate_table import RateTable


def test_a_full_row_gives_up_the_entry_that_ends_first():
    """The table cannot grow, whatever addresses a stranger uses. The busiest callers stay limited."""
    table = RateTable()
    busy = 1
    for _ in range(5):
        assert table.take(busy, 6.0, 5, 1_000.0)[0] == 0.0
    for number in range(2_000):
        table.take(65_536 * (number + 1) + 1, 6.0, 5, 1_000.0)
    assert table.take(busy, 6.0, 5, 1_000.0)[0] == pytest.approx(6.0)


QUANTITY, PROCESSES = 40, 4
TAKE = """
import sys, time
from pathlib import Path
from holdfast.limits.rate_table import RateTable
table = RateTable(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(sum(table.take(77, 3600.0, int(sys.argv[2]), time.monotonic())[0] == 0.0 for _ in range(100)))
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE, str(tmp_path), str(QUANTITY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    yield started
    for one in started:
        one.kill()
        one.communicate()


def passed(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def wait_until_ready(processes: list[subprocess.Popen[str]]) -> None:
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"


def test_all_workers_of_a_server_share_a_rate(processes: list[subprocess.Popen[str]]):
    """Each process sends 100 requests when the one before it has sent its own: the first uses the rate up."""
    wait_until_ready(processes)
    counts = []
    for one in processes:
        start(one)
        counts.append(passed(one))
    assert counts == [QUANTITY, 0, 0, 0]


def test_workers_that_meet_in_one_entry_share_it_too(processes: list[subprocess.Popen[str]]):
    """Without a lock they can pass more than the rate, since the system may interrupt each of them at any place.

    A table that nobody shares would pass the whole rate in each process.
    """
    wait_until_ready(processes)
    for one in processes:
        start(one)
    assert QUANTITY <= sum(passed(one) for one in processes) < PROCESSES * QUANTITY


def test_a_table_without_a_folder_is_of_its_process(tmp_path: Path):
    shared, same, alone = RateTable(tmp_path), RateTable(tmp_path), RateTable()
    for table in (shared, same, alone):
        waits = [math.ceil(table.take(5, 10.0, 1, 50.0)[0])]
        assert waits == [{id(shared): 0, id(same): 10, id(alone): 0}[id(table)]]
