"""Verdict: what is looked at in a deployment after every run, whatever was done to it."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

from proof.checker import Verdict, check
from proof.result import Result
from proof.system import Deployment
from proof.system.server import answer_of

__all__ = ["judge_deployment", "judge_history", "keep_logs"]


def judge_deployment(deployment: Deployment, result: Result) -> None:
    """Adds to the result what PostgreSQL counted, what `holdfast check` derives, and what the servers complain of."""
    deadlocks = _deadlocks(deployment)
    result.tried["looks_for_deadlocks"] = result.tried.get("looks_for_deadlocks", 0) + 1
    if deadlocks:
        _accuse(result, "deadlocks", f"PostgreSQL counts {deadlocks} deadlocks")
    for name, times in _alarms(deployment).items():
        _accuse(result, name, f"a server counts {name}: {times:.0f}")
    report = _holdfast_check(deployment)
    result.tried["journal_entries"] = _count(deployment, "SELECT count(*) FROM journal")
    for each in report["disagreements"]:
        _accuse(result, "holdfast check", json.dumps(each))


def judge_history(run: Path, result: Result) -> Verdict:
    """Adds what the checker has against the logs and the final state in this folder; floors are the caller's matter."""
    verdict = check(run)
    result.violations += [asdict(one) for one in verdict.violations]
    result.notes += [f"{rule} was violated {times} times" for rule, times in verdict.violation_count.items()]
    return verdict


def keep_logs(deployment: Deployment, folder: Path) -> None:
    """What servers, proxy and PostgreSQL said, for whoever looks into a run; the deployment's own folder goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for log in (*(deployment.folder / "logs").glob("*.log"), *deployment.folder.glob("postgres/*.log")):
        shutil.copy(log, folder)


def _accuse(result: Result, rule: str, detail: str) -> None:
    result.violations.append({"rule": rule, "event": "", "detail": detail, "lines": []})


def _deadlocks(deployment: Deployment) -> int:
    return _count(deployment, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def _alarms(deployment: Deployment) -> dict[str, float]:
    """Counters that stay at nothing while no bug was met; of the servers that run now."""
    found: dict[str, float] = {}
    for server in deployment.servers:
        status, totals = answer_of(server.url, "/metrics")
        if status != 200:
            continue
        for name in ("holdfast_invariant_violations_total", "holdfast_unexpected_errors_total"):
            times = _number(totals.get("metrics", {}).get(name))
            if times:
                found[name] = found.get(name, 0.0) + times
    return found


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _holdfast_check(deployment: Deployment) -> dict[str, Any]:
    """It exits with 1 where something disagrees, and still says what."""
    try:
        said = deployment.holdfast("check", "--json")
    except RuntimeError as error:
        said = str(error)
    start = said.find("{")
    if start < 0:
        return {"disagreements": [{"detail": said}]}
    try:
        report: dict[str, Any] = json.loads(said[start:])
    except ValueError:
        return {"disagreements": [{"detail": said}]}
    return report


def _count(deployment: Deployment, statement: str) -> int:
    with psycopg.connect(deployment.cluster.url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return int(row[0]) if row else 0
