"""The nemesis: what the seed says it does, in its order, and it leaves the deployment as it found it."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

import pytest

from proof.nemesis import FAMILIES, FAULTS, KILLS, Fault, Nemesis
from proof.processes import is_running
from proof.system import Deployment


def order(seed: int, count: int) -> list[str]:
    nemesis = Nemesis(Deployment("external"), list(FAULTS.values()), seed=seed)
    return [kind.name for kind in islice(nemesis._kinds(), count)]


def test_the_seed_says_the_order_and_each_comes_once_a_round() -> None:
    suiting = [name for name, fault in FAULTS.items() if fault.suits(Deployment("external"))]
    found = order(7, 2 * len(suiting))
    assert found == order(7, 2 * len(suiting))
    assert found != order(8, 2 * len(suiting))
    assert sorted(found[: len(suiting)]) == sorted(found[len(suiting) :]) == sorted(suiting)


def test_a_deployment_gets_no_fault_that_it_cannot_have() -> None:
    """An embedded PostgreSQL has no proxy, and clocks are real unless settable ones were requested."""
    names = {fault.name for fault in Nemesis(Deployment("embedded"), list(FAULTS.values()), seed=1).faults}
    assert "kill-postgres" in names
    assert not names & {"commit-cut", "migrate", "rolling-restart", "database-clock-forward", "app-clock"}


def test_families_name_faults_that_there_are_and_together_all_of_them() -> None:
    named = {name for family in FAMILIES.values() for name in family}
    assert named == set(FAULTS)
    assert set(FAULTS) >= KILLS >= {"kill-app", "kill-postgres", "kill-backend"}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_says_what_it_is_and_a_short_run_has_shorter_ones(fault: type[Fault]) -> None:
    assert fault.__doc__
    lengths = [fault.length(random.Random(seed), short=False) for seed in range(50)]
    short = [fault.length(random.Random(seed), short=True) for seed in range(50)]
    assert max(short) <= max(lengths) <= 30
    assert sum(short) <= sum(lengths)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_deployment_lives_through_kills_and_lost_commits_and_leaves_nothing(tmp_path: Path) -> None:
    """Each is told to the log with its window, what it did and how soon selling went on; nobody runs on afterwards."""
    names = ["kill-app", "kill-postgres", "commit-cut", "lose-messages"]
    log = tmp_path / "nemesis.jsonl"
    with Deployment("external", servers=2, workers=1, seed=3) as deployment:
        started = [server.pid for server in deployment.servers] + deployment.cluster.processes()
        with Nemesis(deployment, [FAULTS[name] for name in names], seed=3, log=log, short=True) as nemesis:
            nemesis.start(count=len(names))
            assert nemesis.wait(240), (nemesis.count, nemesis.violations, nemesis.prober.answers)
        # How soon is for the proof to judge, on a machine that does nothing else.
        assert [one for one in nemesis.violations if one["rule"] != "recovery"] == []
        assert deployment.is_ready()
        assert nemesis.prober.answers["ok"] > 0
        started += [server.pid for server in deployment.servers] + deployment.cluster.processes()
        folder = deployment.folder
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(line["name"] for line in lines) == sorted(names)
    for line in lines:
        assert line["e"] == "fault"
        assert line["t0"] < line["t1"]
        assert line["detail"]["seconds"] is not None
    assert next(line for line in lines if line["name"] == "commit-cut")["detail"]["did"]["commits_cut"] > 0
    assert not any(is_running(pid) for pid in started if pid is not None)
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_embedded_deployment_leaves_nothing_though_its_server_was_killed_at_the_end() -> None:
    """Its PostgreSQL is nobody's child then."""
    with Deployment("embedded", workers=2, seed=3) as deployment:
        assert deployment.cluster.backends()
        started = [*deployment.servers[0].workers(), *deployment.cluster.processes()]
        started += deployment.servers[0].kill()
        folder = deployment.folder
    assert not any(is_running(pid) for pid in started)
    assert not folder.exists()


@pytest.mark.slow
def test_a_deployment_that_cannot_start_leaves_nothing(tmp_path: Path) -> None:
    """Here the product that it was given is none; PostgreSQL runs by then."""
    (tmp_path / "holdfast").mkdir()
    (tmp_path / "holdfast" / "__init__.py").touch()
    deployment = Deployment("external", source=tmp_path)
    with pytest.raises(RuntimeError, match="db upgrade"):
        deployment.start()
    assert deployment.cluster.processes() == []
    assert not deployment.folder.exists()
