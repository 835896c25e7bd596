"""Evidence: one file for a run of a plan, with the trials and the result of each promise."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proof.machine import Source, without_paths
from proof.promises import NOT_TRIED, PROMISES, Promise, bound
from proof.result import Result
from proof.runner import shown_command

__all__ = ["FORMAT", "evidence_of", "write_evidence"]

FORMAT = 1
_KEPT = ("tried", "coverage", "summed", "controls", "violations", "seeds", "left_out", "notes")


def evidence_of(
    *,
    plan: str,
    seed: int,
    source: Source,
    planned: Sequence[str],
    done: Sequence[dict[str, Any]],
    machine: dict[str, Any],
    settings: dict[str, Any],
    now: datetime,
    findings: str,
) -> dict[str, Any]:
    """Return the evidence. `planned` has the names of all parts, `done` the runner's records of those that ran."""
    missing = [name for name in planned if name not in {one["part"]["name"] for one in done}]
    results = {one["part"]["name"]: Result(**one["result"]) for one in done if one["result"]}
    left_out = {name: result.left_out for name, result in results.items() if result.left_out}
    failed = [
        one["part"]["name"] for one in done if not one["passed"] and one["part"]["name"] not in left_out
    ]
    summed = _added(result.summed for result in results.values())
    uncovered = [name for name, (count, floor) in summed.items() if count < floor]
    evidence = {
        "format": FORMAT,
        "plan": plan,
        "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "commit": source.commit,
        "clean": source.is_clean,
        "seed": seed,
        "settings": settings,
        "machine": machine,
        "seconds": round(sum(one["seconds"] for one in done), 1),
        "passed": not failed and not missing and not uncovered,
        "failed": [*failed, *(f"too few {name}" for name in uncovered)],
        "promises": [_verdict(promise, results, failed) for promise in PROMISES],
        "coverage": _added([*(result.coverage for result in results.values()), summed]),
        "figures": _figures(results.values()),
        "controls": [
            {"part": name, "name": one.get("name"), "caught_by": one.get("caught_by")}
            for name, result in results.items()
            for one in result.controls
        ],
        "gaps": [
            *(f"{name}: not run." for name in missing),
            *(f"{name}: left out, {why}." for name, why in left_out.items()),
            *(f"{promise}: {why}" for promise, why in NOT_TRIED.items()),
        ],
        "findings": findings,
        "parts": [_part(one) for one in done],
    }
    clean: dict[str, Any] = without_paths(evidence)
    return clean


def write_evidence(evidence: dict[str, Any], folder: Path, *, page: str) -> tuple[Path, Path]:
    """Write `<date>-<commit>.json` and its page. Another run's evidence is never overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{evidence['made_at'][:10]}-{evidence['commit'][:12]}"
    number = 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        path = folder / f"{name}.json"
        if not path.exists() or _is_same_run(json.loads(path.read_text()), evidence):
            break
        number += 1
    path.write_text(json.dumps(evidence, indent=1, ensure_ascii=False) + "\n")
    (folder / f"{name}.md").write_text(page)
    return path, folder / f"{name}.md"


def _is_same_run(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(name) == other[name] for name in ("plan", "commit", "clean", "seed", "settings"))


def _verdict(promise: Promise, results: dict[str, Result], failed: Sequence[str]) -> dict[str, Any]:
    """Return a promise's verdict: held, broken, open (a part failed for another reason) or not tried."""
    mine = {name: result for name, result in results.items() if promise.id in result.promises}
    trials = {count: sum(result.tried.get(count, 0) for result in mine.values()) for count in promise.trials}
    violations = [
        {"part": name, **one}
        for name, result in mine.items()
        for one in result.violations
        if _accuses(one, promise)
    ]
    if violations:
        verdict = "broken"
    elif not any(trials.values()):
        verdict = "not tried"
    elif any(name in failed for name in mine):
        verdict = "open"
    else:
        verdict = "held"
    return {
        "id": promise.id,
        "title": promise.title,
        "says": promise.says,
        "verdict": verdict,
        "parts": sorted(mine),
        "trials": [
            {"what": promise.trials[count], "times": times, "less_often_than": bound(times)}
            for count, times in trials.items()
            if times
        ],
        "violations": violations,
    }


def _accuses(violation: dict[str, Any], promise: Promise) -> bool:
    """A rule that belongs to no promise accuses every promise of its part."""
    rule = str(violation.get("rule", ""))
    owned = {known for each in PROMISES for known in each.rules}
    return rule in promise.rules or rule not in owned


def _added(covered: Iterable[dict[str, list[int]]]) -> dict[str, list[int]]:
    """Return the sums of counts and floors; for a share, the minimum."""
    together: dict[str, list[int]] = {}
    for one in covered:
        for name, (count, floor) in one.items():
            before = together.get(name)
            if before is None:
                together[name] = [count, floor]
            elif name.startswith("least_"):
                together[name] = min(before, [count, floor])
            else:
                together[name] = [before[0] + count, before[1] + floor]
    return dict(sorted(together.items()))


def _figures(results: Iterable[Result]) -> dict[str, dict[str, float]]:
    """Return all measurements by name."""
    samples: dict[str, list[float]] = {}
    for result in results:
        for name, measured in result.figures.items():
            samples.setdefault(name, []).extend(measured if isinstance(measured, list) else [measured])
    return {name: _spread(measured) for name, measured in sorted(samples.items()) if measured}


def _spread(measured: list[float]) -> dict[str, float]:
    """Return minimum, median, maximum and count."""
    return {
        "min": round(min(measured), 4),
        "median": round(statistics.median(measured), 4),
        "max": round(max(measured), 4),
        "times": len(measured),
    }


def _part(done: dict[str, Any]) -> dict[str, Any]:
    result = done["result"] or {}
    return {
        "name": done["part"]["name"],
        "command": shown_command(done["part"].get("path", ""), done["command"]),
        "seed": done["part"]["seed"],
        "passed": done["passed"],
        "complaint": done["complaint"],
        "seconds": done["seconds"],
        "figures": {
            name: _spread(measured) if isinstance(measured, list) and measured else measured
            for name, measured in result.get("figures", {}).items()
        },
        **{name: result.get(name) for name in _KEPT},
    }
