"""The verdict: the details of a violation, and the floors of a run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from story import Story

from proof.checker import check

ROOT = Path(__file__).parents[2]


def two_owners() -> Story:
    story = Story()
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 0.2, 0.3, "A1")
    return story


def test_a_run_without_its_final_state_is_accused(tmp_path: Path) -> None:
    story = Story()
    story.hold("ann", 0.0, 0.1, "A1")
    story.check(tmp_path)
    (tmp_path / "dump.json").unlink()
    assert {each.rule for each in check(tmp_path, floors=False).violations} == {"C4"}


def test_a_violation_lists_both_operations_and_the_faults(tmp_path: Path) -> None:
    story = two_owners()
    story.fault("kill-postgres", 0.05, 0.25)
    story.fault("kill-app", 50.0, 51.0)
    [violation] = story.check(tmp_path).violations
    shown = [json.loads(line.partition(": ")[2]) for line in violation.lines]
    assert [(line["e"], line.get("user")) for line in shown] == [
        ("inv", "ann"),
        ("ret", None),
        ("inv", "bob"),
        ("ret", None),
    ]
    assert [fault.split()[0] for fault in violation.faults] == ["kill-postgres"]


def test_an_empty_run_misses_its_floors(tmp_path: Path) -> None:
    """Every floor is a share of the run's size: finding nothing in an empty run means nothing."""
    story = Story()
    for number in range(2_000):
        story.read(number * 0.01, number * 0.01 + 0.005, version=0, available=11)
    assert story.check(tmp_path).passed  # without floors
    verdict = check(tmp_path)
    assert not verdict.violations
    assert verdict.missed_floors["refused_holds"] == (0, 200)
    assert not verdict.passed


def test_mostly_failed_confirmations_without_faults_miss_the_floor(
    tmp_path: Path,
) -> None:
    story = Story()
    for number in range(30):
        hold = story.hold("ann", number * 0.1, number * 0.1 + 0.01, got=["A1"], best=1, ttl=0.05)
        story.book("ann", number * 0.1 + 0.07, number * 0.1 + 0.08, hold, end="hold_expired")
    story.check(tmp_path)
    verdict = check(tmp_path)
    assert not verdict.violations
    assert "least_percent_of_bookings_done_in_10_s_without_faults" in verdict.missed_floors


def test_a_fault_that_hits_no_confirmation_misses_its_floor(tmp_path: Path) -> None:
    story = Story()
    story.hold("ann", 0.0, 0.1, "A1")
    for number in range(10):
        story.fault("kill-postgres", 10.0 + number, 10.5 + number)
    story.check(tmp_path)
    assert check(tmp_path).missed_floors == {"fault_kill-postgres_hit_a_booking": (0, 1)}


def test_the_check_command_reports_violations_and_fails(tmp_path: Path) -> None:
    two_owners().check(tmp_path)
    command = [sys.executable, "-m", "proof.check", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "C1 violated 1 times" in done.stdout
    assert "seat A1 had two owners" in done.stdout
    shown = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert json.loads(shown.stdout)["violation_count"] == {"C1": 1}


def test_the_check_command_passes_a_correct_run(tmp_path: Path) -> None:
    story = Story()
    story.hold("ann", 0.0, 0.1, "A1")
    story.check(tmp_path)
    command = [sys.executable, "-m", "proof.check", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1][:6]) == (0, "PASSED")
