"""Run: a deployment with one server, a campaign against it, and the checks after all clients hung up."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import time
from pathlib import Path
from typing import Any

import psycopg
import uvloop

from proof.fuzz.campaign import Campaign, Find, literal
from proof.fuzz.scripts import CANARY
from proof.processes import descriptors_of
from proof.result import Result
from proof.system import Deployment
from proof.verdict import judge_deployment, keep_logs

__all__ = ["run"]

SETTINGS = {"body_timeout_seconds": "3", "keep_alive_seconds": "3"}
MAX_GROWTH_BYTES = 50 * 1024 * 1024
MAX_MORE_DESCRIPTORS = 10
"""The pool of database connections may grow; no client connection may remain."""
_WARM_UP_SCRIPTS = 150
_QUIET_SECONDS = 20.0
_CAPACITY = 1_000_000


def run(
    *, seed: int, seconds: float, out: Path, first: int = 0, max_finds: int = 3, source: Path | None = None
) -> Result:
    """Run `seconds` of traffic; the start, the repeats and the end take additional time."""
    result = Result(part="fuzz", promises=["P20"], seeds=[seed])
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    with Deployment(
        "embedded", workers=1, proxies=False, settings=SETTINGS, seed=seed, source=source
    ) as deployment:
        server = deployment.servers[0]
        [worker] = server.workers()
        made, _ = _ask(server.port, "POST", "/v1/events", {"name": "fuzz", "capacity": _CAPACITY})
        _expect(result, made == 201, "sells", f"the first event: {made}")
        campaign = Campaign(seed=seed, port=server.port, max_finds=max_finds)
        uvloop.run(campaign.warm_up(_WARM_UP_SCRIPTS))
        descriptors = descriptors_of(worker)
        _forget_peak(worker)
        resident = _memory_of(worker, "VmRSS")
        started = time.monotonic()
        uvloop.run(campaign.run(seconds=seconds, first=first))
        took = time.monotonic() - started
        uvloop.run(campaign.repeat_suspects())
        for find in campaign.finds:
            _keep(find, server.port, out, result)
        _expect(result, server.workers() == [worker], "worker", "the worker died or was restarted")
        left = _wait_for_descriptors(worker, descriptors)
        _expect(
            result, left <= descriptors + MAX_MORE_DESCRIPTORS, "descriptors", f"{descriptors}, then {left}"
        )
        grown = _memory_of(worker, "VmHWM") - resident
        _expect(result, grown <= MAX_GROWTH_BYTES, "memory", f"it grew by {grown / 2**20:.0f} MiB")
        hold = {"event": 1, "lines": [{"quantity": 1}]}
        sold, answer = _ask(server.port, "POST", "/v1/holds", hold)
        _expect(result, sold == 201, "sells", f"a hold at the end: {sold} {answer[:200]!r}")
        born = _canaries(deployment) - campaign.excused
        _expect(result, not born, "canary", f"events that no request created: {sorted(born)[:5]}")
        log = server.log.read_text(errors="replace")
        _expect(result, "Traceback" not in log, "log", log[log.find("Traceback") :][:2000])
        judge_deployment(deployment, result)
        keep_logs(deployment, out / "logs")
    result.notes += [f"broken once, but in none of five repeats: {one}" for one in campaign.unsure]
    result.tried |= {"wire_scripts": campaign.scripts, "wire_connections": 2 * campaign.scripts}
    result.coverage |= {
        "wire_scripts_without_a_fault": [campaign.faults["none"], int(seconds)],
        "wire_kinds_of_faults": [len(campaign.faults), 10],
        "wire_statuses": [len(campaign.statuses), 8],
    }
    result.figures |= {
        "wire_scripts_per_second": round(campaign.scripts / took, 1),
        "wire_memory_growth_mib": round(grown / 2**20, 1),
    }
    result.notes.append(f"answers: {dict(sorted(campaign.statuses.items()))}")
    result.seconds = time.monotonic() - began
    result.judge()
    return result


def _keep(find: Find, port: int, out: Path, result: Result) -> None:
    """Write the find as a file, and add a violation."""
    text = (
        f"# {find.violation.rule}: {find.violation.detail}\n"
        f"# seed {find.seed}, script {find.script.number}, end {find.small.end}, "
        f"{find.repeats} of 5 repeats; {len(find.script.data)} bytes became {len(find.small.data)}.\n"
        f"PIECES = {literal(find.small, port)}\n"
    )
    path = out / f"find-{find.violation.rule}-{find.seed}-{find.script.number}.py"
    path.write_text(text)
    print(text, flush=True)
    detail = f"seed {find.seed}, script {find.script.number}: {find.violation.detail}; {path.name}"
    _expect(result, False, find.violation.rule, detail)


def _expect(result: Result, holds: bool, rule: str, detail: str) -> None:
    if not holds:
        result.violations.append({"rule": f"wire: {rule}", "event": "", "detail": detail, "lines": []})


def _ask(port: int, method: str, path: str, body: Any) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def _canaries(deployment: Deployment) -> set[str]:
    """Return the names of all events that begin like a canary's."""
    with psycopg.connect(deployment.cluster.url, autocommit=True) as connection:
        rows = connection.execute("SELECT name FROM events WHERE name LIKE %s", [f"{CANARY}%"]).fetchall()
        return {str(row[0]) for row in rows}


def _wait_for_descriptors(worker: int, before: int) -> int:
    deadline = time.monotonic() + _QUIET_SECONDS
    while (now := descriptors_of(worker)) > before + MAX_MORE_DESCRIPTORS and time.monotonic() < deadline:
        time.sleep(0.05)
    return now


def _memory_of(pid: int, name: str) -> int:
    """Return bytes; `VmHWM` is the maximum since `_forget_peak`."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _forget_peak(pid: int) -> None:
    """Reset the peak. If the kernel refuses, the peak counts from the start, which is no less strict."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
