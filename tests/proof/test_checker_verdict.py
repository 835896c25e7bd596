"""The verdict: what it shows of a violation, and what it asks of a run."""

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


def test_a_violation_shows_the_lines_of_both_and_what_was_done_meanwhile(tmp_path: Path) -> None:
    story = two_owners()
    story.fault("kill-postgres", 0.05, 0.25)
    story.fault("kill-app", 50.0, 51.0)
    [violation] = story.check(tmp_path).violations
    told = [json.loads(line.partition(": ")[2]) for line in violation.lines]
    assert [(line["e"], line.get("user")) for line in told] == [
        ("inv", "ann"),
        ("ret", None),
        ("inv", "bob"),
        ("ret", None),
    ]
    assert [fault.split()[0] for fault in violation.faults] == ["kill-postgres"]


def test_a_run_that_came_to_nothing_does_not_pass(tmp_path: Path) -> None:
    """Every floor is a share of the run's size; that nothing was found is then nobody's merit."""
    story = Story()
    for number in range(2_000):
        story.read(number * 0.01, number * 0.01 + 0.005, version=0, available=11)
    assert story.check(tmp_path).passed  # which asks for no floors
    verdict = check(tmp_path)
    assert not verdict.violations
    assert verdict.missed_floors["refused_holds"] == (0, 200)
    assert not verdict.passed


def test_confirmations_that_mostly_fail_though_nothing_is_done_to_the_product_do_not_pass(
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


def test_a_kind_of_fault_that_never_met_a_confirmation_does_not_pass(tmp_path: Path) -> None:
    story = Story()
    story.hold("ann", 0.0, 0.1, "A1")
    for number in range(10):
        story.fault("kill-postgres", 10.0 + number, 10.5 + number)
    story.check(tmp_path)
    assert check(tmp_path).missed_floors == {"fault_kill-postgres_hit_a_booking": (0, 1)}


def test_the_command_says_what_it_found_and_fails(tmp_path: Path) -> None:
    two_owners().check(tmp_path)
    command = [sys.executable, "-m", "proof.check", str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "C1 violated 1 times" in said.stdout
    assert "seat A1 had two owners" in said.stdout
    told = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert json.loads(told.stdout)["violation_count"] == {"C1": 1}


def test_the_command_is_content_with_what_is_right(tmp_path: Path) -> None:
    story = Story()
    story.hold("ann", 0.0, 0.1, "A1")
    story.check(tmp_path)
    command = [sys.executable, "-m", "proof.check", str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout.splitlines()[-1][:6]) == (0, "PASSED")
