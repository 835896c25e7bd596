"""A small slice of the proof: it passes on the current product, and fails on damaged data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import psycopg
import pytest

from proof.caller import make_event
from proof.result import Result
from proof.system import Deployment
from proof.trial import Trial
from proof.verdict import judge_deployment, judge_history


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Return the folder of a run without faults, and its result."""
    run = tmp_path_factory.mktemp("trial") / "run"
    playing = Trial(family="calm", seed=3, run=run, processes=1, clients=8)
    return run, playing.play(operations=300, kills=0, short=True)


def test_a_slice_sells_and_is_checked(trial: tuple[Path, Result]) -> None:
    run, result = trial
    assert result.violations == []
    assert result.passed, result.missed_floors
    assert result.tried["operations"] >= 300
    assert {"P2", "P19", "P22"}.isdisjoint(result.promises), "nothing was killed, and no clock jumped"
    assert sorted(path.name for path in (run.parent / "logs").iterdir()) == [
        "postgresql.log",
        "proxy.log",
        "server-1.log",
        "server-2.log",
    ]


def test_a_missing_booking_is_accused(trial: tuple[Path, Result], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trial[0], run)
    dump = json.loads((run / "dump.json").read_text())
    for source in ("api", "sql"):
        dump[source]["bookings"] = dump[source]["bookings"][1:]
    (run / "dump.json").write_text(json.dumps(dump))
    result = Result(part="sale")
    judge_history(run, result)
    assert "C4" in {violation["rule"] for violation in result.violations}
    assert not result.judge()


def test_inconsistent_rows_are_accused() -> None:
    with Deployment(servers=1, proxies=False) as deployment:
        make_event(deployment.servers[0].port, {"name": "Concert", "capacity": 10})
        result = Result(part="sale")
        judge_deployment(deployment, result)
        assert result.judge(), result.violations
        assert result.tried["journal_entries"] == 1
        with psycopg.connect(deployment.sql_url) as connection:
            connection.execute("UPDATE areas SET held = 3")
        judge_deployment(deployment, result)
    assert {violation["rule"] for violation in result.violations} == {"holdfast check"}
