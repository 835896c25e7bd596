"""Verdict: the checks of a deployment after every run, whatever faults it had."""

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
    """Add PostgreSQL's deadlocks, the findings of `holdfast check`, and the servers' alarms to the result."""
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
    """Add the checker's findings about this folder to the result. The caller judges the floors."""
    verdict = check(run)
    result.violations += [asdict(one) for one in verdict.violations]
    result.notes += [f"{rule} was violated {times} times" for rule, times in verdict.violation_count.items()]
    return verdict


def keep_logs(deployment: Deployment, folder: Path) -> None:
    """Copy the logs of servers, proxy and PostgreSQL, because the deployment's own folder is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for log in (*(deployment.folder / "logs").glob("*.log"), *deployment.folder.glob("postgres/*.log")):
        shutil.copy(log, folder)


def _accuse(result: Result, rule: str, detail: str) -> None:
    result.violations.append({"rule": rule, "event": "", "detail": detail, "lines": []})


def _deadlocks(deployment: Deployment) -> int:
    return _count(deployment, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def _alarms(deployment: Deployment) -> dict[str, float]:
    """Return the counters of the running servers that stay at zero without a bug."""
    found: dict[str, float] = {}
    for server in deployment.servers:
        status, totals = answer_of(server.url, "/metrics", key=deployment.staff_key)
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
    """Return the report. The command exits with 1 for disagreements, but still prints them."""
    try:
        output = deployment.holdfast("check", "--json")
    except RuntimeError as error:
        output = str(error)
    start = output.find("{")
    if start < 0:
        return {"disagreements": [{"detail": output}]}
    try:
        report: dict[str, Any] = json.loads(output[start:])
    except ValueError:
        return {"disagreements": [{"detail": output}]}
    return report


def _count(deployment: Deployment, statement: str) -> int:
    with psycopg.connect(deployment.cluster.url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return int(row[0]) if row else 0
