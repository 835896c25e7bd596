"""The commands of the door: scan a ticket, read the log and the counts, and set the rules."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.cli.checkin import ReEntryRule
from holdfast.door.decide import ReEntry
from support.commands import Run

KEY = {"secret_key": "the secret key of the commands, at least 32 long"}


@pytest.fixture
def code(holdfast: Run) -> Any:
    """The code of the only ticket of event 1."""
    assert holdfast("event", "create", "Play", "--capacity", 5).code == 0
    booking = holdfast("sell", 1, "--quantity", 1, "--name", "Ada", "--json").json
    return holdfast("tickets", "list", booking["reference"], "--json", **KEY).json[0]["code"]


def test_a_ticket_is_scanned_and_the_log_explains_it(holdfast: Run, code: str) -> None:
    first = holdfast("checkin", "scan", 1, code, "--gate", "A", **KEY)
    assert (first.code, first.out.splitlines()[0]) == (0, "verdict\tadmitted")
    again = holdfast("checkin", "scan", 1, code, "--json", **KEY)
    assert (again.code, again.json["verdict"], again.json["earlier"]["gate"]) == (1, "again", "A")
    assert "\nearlier\tin " in holdfast("checkin", "scan", 1, code, **KEY).out
    assert holdfast("checkin", "scan", 1, code, "--out", **KEY).code == 0
    log = holdfast("checkin", "log", 1, "--json", **KEY).json
    assert [one["verdict"] for one in log] == ["left", "again", "again", "admitted"]
    assert "\tA\t\tadmitted" in holdfast("checkin", "log", 1, **KEY).out
    counts = holdfast("checkin", "counts", 1, "--json", **KEY).json
    assert sum(one["admitted"] for one in counts) == 1
    assert holdfast("checkin", "counts", 1, **KEY).code == 0


def test_the_rules_are_shown_and_changed(holdfast: Run, code: str) -> None:
    shown = holdfast("checkin", "rules", 1, **KEY).out
    assert "re_entry\tafter_exit" in shown
    changed = holdfast(
        "checkin", "rules", 1, "--re-entry", "never", "--list", "VIP=box, stalls", "--list", "All", **KEY
    )
    assert "re_entry\tnever" in changed.out
    assert "VIP=box,stalls; All" in changed.out
    refused = holdfast("checkin", "scan", 1, code, "--list", "VIP", "--json", **KEY)
    assert (refused.code, refused.json["why"]) == (1, "other_admission")
    assert holdfast("checkin", "scan", 1, code, "--list", "All", **KEY).code == 0
    assert "NAME" in holdfast("checkin", "rules", 1, "--list", "=box", **KEY).complaint


def test_the_words_of_the_command_are_those_of_the_rules() -> None:
    assert [each.value for each in ReEntryRule] == [each.value for each in ReEntry]
