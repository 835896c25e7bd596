"""A workload on a real deployment: the clients' logs agree with the final state."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from proof.checker import check
from proof.history import History, read_history
from proof.log import LogFile
from proof.system import Deployment
from proof.workload import Settings, Workload, run, write_dump

pytestmark = pytest.mark.slow

OPERATIONS = 600


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    with Deployment("external", servers=2, workers=1, proxies=False) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def sale(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A small sale with a dump of its final state."""
    out = tmp_path_factory.mktemp("sale")
    counts = run(settings(deployment, out / "run", operations=OPERATIONS))
    write_dump(deployment.urls, deployment.sql_url, out / "run")
    return out / "run", counts


def settings(deployment: Deployment, out: Path, *, operations: int) -> Settings:
    return Settings(
        urls=deployment.urls, out=out, seed=11, operations=operations, processes=2, clients=8, window=6
    )


def test_a_workload_does_the_requested_operations(sale: tuple[Path, dict[str, int]]) -> None:
    out, counts = sale
    attempts = [attempt for path in out.glob("client-*.jsonl") for attempt in LogFile(path).attempts()]
    assert counts["operations"] == OPERATIONS
    assert counts["requests"] == len(attempts)
    assert all(attempt.ret is not None for attempt in attempts)


def test_every_format_takes_part(sale: tuple[Path, dict[str, int]]) -> None:
    history = read_history(sale[0])
    assert {op.via for op in history.changing() if op.st == "ok"} >= {
        *("v1", "pages", "box_office", "arena", "instant"),
    }
    assert {f for f, ops in history.ops.items() if any(op.st == "ok" for op in ops)} >= {
        "hold",
        "book",
        "cancel",
    }


def test_an_uncertain_client_continues_under_another_name(sale: tuple[Path, dict[str, int]]) -> None:
    for path in sale[0].glob("client-*.jsonl"):
        uncertain_since: dict[str, int] = {}
        attempts = sorted(LogFile(path).attempts(), key=lambda attempt: attempt.line["t"])
        for attempt in attempts:
            end = attempt.ret["t"] if attempt.ret else 0
            assert attempt.line["t"] <= uncertain_since.get(attempt.line["proc"], end)
            if attempt.res == "info":
                uncertain_since[attempt.line["proc"]] = end


def test_the_dump_has_all_acknowledged_bookings(sale: tuple[Path, dict[str, int]]) -> None:
    history = read_history(sale[0])
    assert history.dump is not None
    sql, api = history.dump["sql"], history.dump["api"]
    rows = {row["id"]: row for row in sql["bookings"]}
    done = [op for op in history.ops["book"] if op.st == "ok" and op.out["booking"]]
    assert done
    assert {op.out["booking"] for op in done} <= rows.keys()
    assert rows.keys() == {row["id"] for row in api["bookings"]}
    assert all(sorted(row["seats"]) == sorted(rows[row["id"]]["seats"]) for row in api["bookings"])
    assert {row["event"] for row in sql["journal"]} == history.halls.keys()
    assert all(row["areas"].keys() <= history.halls[row["event"]].areas.keys() for row in sql["holds"])


def test_the_checker_accepts_the_workload(sale: tuple[Path, dict[str, int]]) -> None:
    assert check(sale[0], floors=False).violations == []


def test_a_stopped_workload_leaves_no_pending_operation(deployment: Deployment, tmp_path: Path) -> None:
    with Workload(settings(deployment, tmp_path / "run", operations=0)) as workload:
        wait_for_operations(workload, 20)
        counts = workload.stop()
    assert not workload.is_running
    assert counts["operations"] == workload.operations
    history: History = read_history(tmp_path / "run")
    assert sum(len(ops) for ops in history.ops.values()) > 0


def test_a_killed_client_leaves_its_log_and_is_replaced(deployment: Deployment, tmp_path: Path) -> None:
    counts = run(replace(settings(deployment, tmp_path / "run", operations=240), operations_per_kill=60))
    assert counts["client processes killed"] > 0
    assert counts["operations"] == 240
    files = sorted((tmp_path / "run").glob("client-*.jsonl"))
    assert len(files) > 2
    assert any(
        LogFile(path).attempts() for path in files
    )  # a pending attempt at a kill is a matter of chance
    write_dump(deployment.urls, deployment.sql_url, tmp_path / "run")
    assert check(tmp_path / "run", floors=False).violations == []


def test_a_workload_refuses_a_used_folder(deployment: Deployment, tmp_path: Path) -> None:
    """The logs of two runs in one folder would be a history that never happened."""
    (tmp_path / "setup.jsonl").touch()
    with pytest.raises(FileExistsError):
        Workload(settings(deployment, tmp_path, operations=1)).start()


def wait_for_operations(workload: Workload, count: int) -> None:
    pause = threading.Event()
    while workload.is_running and workload.operations < count:
        pause.wait(0.02)
