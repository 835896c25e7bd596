"""`holdfast check` and `holdfast watch`: their output for people and for programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from support.commands import Run
from support.house_of import fetch
from support.serving import environment


def test_check_reports_agreement(holdfast: Run) -> None:
    holdfast("event", "create", "Concert", "--capacity", 5)
    checked = holdfast("check")
    assert checked.code == 0
    assert "Everything agrees: 1 event," in checked.out
    report = holdfast("check", 1, "--json").json
    assert report["agrees"]
    assert report["events"][0]["name"] == "Concert"
    assert report["longest_snapshot_seconds"] < 1


def test_check_prints_each_disagreement_and_fails(holdfast: Run, database_url: str) -> None:
    holdfast("event", "create", "Sound", "--capacity", 5)
    holdfast("event", "create", "Damaged", "--capacity", 5)
    fetch(database_url, "UPDATE areas SET held = 3 WHERE event_number = 2 RETURNING 1")
    checked = holdfast("check")
    assert checked.code == 1
    assert "held 3, its claims add up to 0" in checked.out
    report = holdfast("check", "--json")
    assert report.code == 1
    assert {found["code"] for found in report.json["disagreements"]} == {"counter_differs", "journal_differs"}
    assert holdfast("check", 1).code == 0
    assert holdfast("check", 2).code == 1


def test_an_unknown_event_is_reported_in_one_line(holdfast: Run) -> None:
    assert holdfast("check", 7).complaint == "There is no event 7: `holdfast event list` shows all."


def test_an_unreachable_database_is_reported_in_one_line(run: Run) -> None:
    complaint = run("check", database_url="postgresql://nobody@127.0.0.1:1/nothing").complaint
    assert "127.0.0.1" in complaint


def test_an_unmigrated_database_is_reported_in_one_line(run: Run, empty_database_url: str) -> None:
    assert "holdfast db upgrade" in run("check", database_url=empty_database_url).complaint


def test_watch_once_prints_the_current_counts(holdfast: Run) -> None:
    holdfast("event", "create", "Concert [loud]", "--capacity", 1234)
    shown = holdfast("watch", 1, "--once")
    assert "Concert [loud]" in shown.out
    assert "\t1234\t" in shown.out
    counts = holdfast("watch", 1, "--once", "--json").json
    assert (counts["available"], counts["version"]) == (1234, 0)
    assert holdfast("watch", 2, "--once").complaint == "There is no event 2: `holdfast event list` shows all."


def _interruptible() -> None:
    """Reset SIGINT: a shell makes its background programs and their children ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_watch_prints_changes_of_other_processes_as_json(holdfast: Run, database_url: str) -> None:
    """An interrupt ends it without a failure."""
    holdfast("event", "create", "Concert", "--capacity", 5)
    watching = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "watch", "1", "--json", "--interval", "50"],
        env=environment(database_url=database_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_interruptible,
    )
    assert watching.stdout is not None
    assert '"version": 0' in watching.stdout.readline()
    fetch(database_url, "UPDATE areas SET capacity = 6 RETURNING 1")
    fetch(database_url, "UPDATE inventories SET version = 1 RETURNING 1")
    assert '"available": 6' in watching.stdout.readline()
    os.kill(watching.pid, signal.SIGINT)
    _, err = watching.communicate(timeout=60)
    assert (watching.returncode, err) == (0, "")
