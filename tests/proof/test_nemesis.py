"""The nemesis: it follows its seed, and leaves nothing behind."""

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


def test_a_seed_orders_faults_each_once_per_round() -> None:
    suiting = [name for name, fault in FAULTS.items() if fault.suits(Deployment("external"))]
    found = order(7, 2 * len(suiting))
    assert found == order(7, 2 * len(suiting))
    assert found != order(8, 2 * len(suiting))
    assert sorted(found[: len(suiting)]) == sorted(found[len(suiting) :]) == sorted(suiting)


def test_a_deployment_gets_only_suitable_faults() -> None:
    """An embedded PostgreSQL has no proxy, and clocks are real unless settable ones were requested."""
    names = {fault.name for fault in Nemesis(Deployment("embedded"), list(FAULTS.values()), seed=1).faults}
    assert "kill-postgres" in names
    assert not names & {"commit-cut", "migrate", "rolling-restart", "database-clock-forward", "app-clock"}


def test_families_name_exactly_the_existing_faults() -> None:
    named = {name for family in FAMILIES.values() for name in family}
    assert named == set(FAULTS)
    assert set(FAULTS) >= KILLS >= {"kill-app", "kill-postgres", "kill-backend"}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_has_a_docstring_and_shorter_short_runs(fault: type[Fault]) -> None:
    assert fault.__doc__
    lengths = [fault.length(random.Random(seed), short=False) for seed in range(50)]
    short = [fault.length(random.Random(seed), short=True) for seed in range(50)]
    assert max(short) <= max(lengths) <= 30
    assert sum(short) <= sum(lengths)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_deployment_survives_faults_and_leaves_nothing(tmp_path: Path) -> None:
    """The log has each fault's window, its details, and the time until sales resumed. No process survives."""
    names = ["kill-app", "kill-postgres", "commit-cut", "lose-messages"]
    log = tmp_path / "nemesis.jsonl"
    with Deployment("external", servers=2, workers=1, seed=3) as deployment:
        started = [server.pid for server in deployment.servers] + deployment.cluster.processes()
        with Nemesis(deployment, [FAULTS[name] for name in names], seed=3, log=log, short=True) as nemesis:
            nemesis.start(count=len(names))
            assert nemesis.wait(240), (nemesis.count, nemesis.violations, nemesis.prober.answers)
        # The proof judges the time, on a machine that does nothing else.
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
def test_an_embedded_deployment_with_a_killed_server_leaves_nothing() -> None:
    """Its PostgreSQL has no parent then."""
    with Deployment("embedded", workers=2, seed=3) as deployment:
        assert deployment.cluster.backends()
        started = [*deployment.servers[0].workers(), *deployment.cluster.processes()]
        started += deployment.servers[0].kill()
        folder = deployment.folder
    assert not any(is_running(pid) for pid in started)
    assert not folder.exists()


@pytest.mark.slow
def test_a_failed_start_leaves_nothing(tmp_path: Path) -> None:
    """PostgreSQL already runs when the invalid product fails to start."""
    (tmp_path / "holdfast").mkdir()
    (tmp_path / "holdfast" / "__init__.py").touch()
    deployment = Deployment("external", source=tmp_path)
    with pytest.raises(RuntimeError, match="db upgrade"):
        deployment.start()
    assert deployment.cluster.processes() == []
    assert not deployment.folder.exists()
