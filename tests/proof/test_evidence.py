"""The evidence of a run: no more than was tried, and nothing left out."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from proof.evidence import evidence_of, write_evidence
from proof.machine import Source, without_paths
from proof.page import page_of
from proof.promises import NOT_TRIED, PROMISES, bound
from proof.result import Result

SOURCE = Source("0123456789abcdef0123", "")
MACHINE = {
    "kernel": "6.1",
    "processors": 2,
    "processor": "Some CPU",
    "memory_gib": 8.0,
    "file_system": "ext4",
    "python": "3.11.4",
    "postgresql": "18.1",
}


def done(name: str, *, passed: bool = True, complaint: str | None = None, **result: Any) -> dict[str, Any]:
    """A part's record, as the runner keeps it."""
    return {
        "part": {"name": name, "seed": 5},
        "command": ["-m", "proof.trial", "--seed", "5"],
        "passed": passed,
        "complaint": complaint,
        "seconds": 12.5,
        "result": asdict(Result(part=name, passed=passed, **result)),
    }


def evidence_about(
    *parts: dict[str, Any], planned: list[str] | None = None, source: Source = SOURCE
) -> dict[str, Any]:
    return evidence_of(
        plan="night",
        seed=5,
        source=source,
        planned=planned or [one["part"]["name"] for one in parts],
        done=parts,
        machine=MACHINE,
        settings={"operations": 100, "seed": 5},
        now=datetime(2030, 1, 2, 3, 4, tzinfo=UTC),
        findings="- **A seat was sold twice.**",
    )


def promise(evidence: dict[str, Any], id: str) -> dict[str, Any]:
    return next(one for one in evidence["promises"] if one["id"] == id)


def test_a_promise_is_held_with_trials_of_its_parts() -> None:
    evidence = evidence_about(
        done("a", promises=["P1"], tried={"operations": 100}),
        done("b", promises=["P1"], tried={"operations": 200}),
        done("c", promises=["P2"], tried={"operations": 1_000, "power_cuts": 50}),
    )
    assert evidence["passed"]
    assert promise(evidence, "P1")["verdict"] == "held"
    assert promise(evidence, "P1")["trials"] == [{"what": "operation", "times": 300, "less_often_than": 0.01}]
    assert promise(evidence, "P2")["trials"][0]["less_often_than"] == pytest.approx(0.06)


def test_an_untried_promise_is_not_held() -> None:
    evidence = evidence_about(done("a", promises=["P1"], tried={"operations": 0}), planned=["a", "b"])
    assert {one["verdict"] for one in evidence["promises"]} == {"not tried"}
    assert not evidence["passed"]
    assert "b: not run." in evidence["gaps"]
    assert [gap for gap in evidence["gaps"] if gap.startswith("P15: ")]


def test_a_violation_breaks_the_promises_of_its_rule() -> None:
    accused = [{"rule": "C3", "event": "e", "detail": "refused for nothing"}]
    evidence = evidence_about(
        done(
            "a",
            passed=False,
            promises=["P1", "P7"],
            tried={"operations": 9, "refusals": 3},
            violations=accused,
        )
    )
    assert promise(evidence, "P7")["verdict"] == "broken"
    assert promise(evidence, "P1")["verdict"] == "open"
    assert not evidence["passed"]
    assert "refused for nothing" in page_of(evidence)


def test_an_unknown_rule_breaks_all_promises_of_its_part() -> None:
    accused = [{"rule": "something new", "detail": ""}]
    evidence = evidence_about(
        done("a", passed=False, promises=["P1"], tried={"operations": 9}, violations=accused)
    )
    assert promise(evidence, "P1")["verdict"] == "broken"


def test_a_crashed_part_leaves_its_promises_open() -> None:
    fallen = done(
        "a", passed=False, complaint="it ended with status 2", promises=["P1"], tried={"operations": 9}
    )
    evidence = evidence_about(fallen)
    assert promise(evidence, "P1")["verdict"] == "open"
    assert evidence["failed"] == ["a"]
    assert "it ended with status 2" in page_of(evidence)


def test_a_part_left_out_is_a_gap() -> None:
    evidence = evidence_about(
        done("a", promises=["P1"], tried={"operations": 9}),
        done("cuts", passed=False, promises=["P2"], left_out="needs root"),
    )
    assert evidence["passed"]
    assert promise(evidence, "P2")["verdict"] == "not tried"
    assert "cuts: left out, needs root." in evidence["gaps"]
    assert "needs root" in page_of(evidence)


def test_figures_and_coverage_combine_all_parts() -> None:
    evidence = evidence_about(
        done("a", coverage={"refusals": [30, 20]}, figures={"recovery_seconds": [0.5, 0.25]}),
        done("b", coverage={"refusals": [25, 20]}, figures={"recovery_seconds": 1.0}),
    )
    assert evidence["coverage"] == {"refusals": [55, 40]}
    assert evidence["figures"]["recovery_seconds"] == {"min": 0.25, "median": 0.5, "max": 1.0, "times": 3}


def test_summed_floors_apply_to_all_parts_together() -> None:
    """A slice without faults cannot reach situations that only faults cause."""
    one = done("a", summed={"retries": [0, 20], "least_percent": [50, 5]})
    assert not evidence_about(one)["passed"]
    evidence = evidence_about(one, done("b", summed={"retries": [45, 20], "least_percent": [40, 5]}))
    assert evidence["passed"]
    assert evidence["coverage"] == {"least_percent": [40, 5], "retries": [45, 40]}
    assert evidence_about(one)["failed"] == ["too few retries"]


def test_the_page_shows_seed_trials_controls_and_notes() -> None:
    evidence = evidence_about(
        done(
            "a",
            promises=["P1"],
            tried={"operations": 1_000},
            controls=[{"name": "fsync-off", "caught_by": "C4"}],
            notes=["took a while"],
        )
    )
    page = page_of(evidence)
    for text in (
        "0123456789ab",
        "SEED=5",
        "PostgreSQL 18.1",
        "1,000 × operation",
        "fsync-off",
        "C4",
        "rule of three",
    ):
        assert text.lower() in page.lower()
    assert "A seat was sold twice" in page
    assert "took a while" in page
    assert "uncommitted" not in page
    assert "uncommitted" in page_of(evidence_about(done("a"), source=Source("0123", "abcd")))


def test_evidence_contains_no_paths_of_the_machine() -> None:
    evidence = evidence_about(
        done("a", notes=["see /var/tmp/holdfast-proof-x/logs/server-1.log, GET /v1/holds said 503"])
    )
    assert evidence["parts"][0]["notes"] == ["see …/server-1.log, GET /v1/holds said 503"]
    assert without_paths({"/var/tmp/a/b.json": ["/var/tmp/x", 5]}) == {"…/b.json": ["…/x", 5]}


def test_evidence_of_another_run_is_not_overwritten(tmp_path: Path) -> None:
    evidence = evidence_about(done("a"))
    first, page = write_evidence(evidence, tmp_path, page="one")
    assert (first.name, page.name) == ("2030-01-02-0123456789ab.json", "2030-01-02-0123456789ab.md")
    assert write_evidence(evidence, tmp_path, page="again")[0] == first
    other, _ = write_evidence({**evidence, "seed": 6}, tmp_path, page="two")
    assert other.name == "2030-01-02-0123456789ab-2.json"
    assert json.loads(first.read_text())["seed"] == 5


def test_every_promise_is_tried_or_listed_as_a_gap() -> None:
    """P1 to P24 of the specification."""
    known = {promise.id for promise in PROMISES}
    for key in NOT_TRIED:
        first, _, last = key.partition("-")
        known |= {f"P{number}" for number in range(int(first[1:]), int((last or first)[1:]) + 1)}
    assert known == {f"P{number}" for number in range(1, 25)}


def test_the_rule_of_three() -> None:
    assert bound(200) == 0.015
    assert bound(0) is None
    assert bound(1) == 1.0
