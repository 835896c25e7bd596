"""Seat maps of venues on the command line: stored once, named by many events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands import Run


@pytest.fixture
def hall(tmp_path: Path) -> Path:
    file = tmp_path / "hall.json"
    file.write_text(json.dumps({"labels": ["A1", "A2", "A3"], "category": "stalls"}))
    return file


def test_many_events_name_a_stored_map(holdfast: Run, hall: Path) -> None:
    stored = holdfast("map", "store", "Great hall", hall, "--json").json
    assert (stored["name"], stored["version"], stored["capacity"]) == ("Great hall", 1, 3)
    for night in ("Monday", "Tuesday"):
        made = holdfast("event", "create", night, "--stored-map", stored["id"], "--json")
        assert made.json["capacity"] == 3
    assert holdfast("sell", 2, "A2").code == 0
    standing = holdfast("event", "create", "Wednesday", "--capacity", 5, "--json").json
    changed = holdfast("event", "change", standing["number"], "--stored-map", stored["id"], "--json")
    assert changed.json["capacity"] == 8


def test_a_change_is_a_version(holdfast: Run, hall: Path) -> None:
    """Events keep what they copied, and a change that changes nothing adds nothing."""
    id = holdfast("map", "store", "Great hall", hall, "--json").json["id"]
    holdfast("event", "create", "Monday", "--stored-map", id)
    assert holdfast("map", "change", id, hall, "--json").json["version"] == 1
    hall.write_text(json.dumps({"labels": ["A1", "A2", "A3", "A4"], "category": "stalls"}))
    changed = holdfast("map", "change", id, hall, "--name", "Great hall, new", "--json").json
    assert (changed["version"], changed["capacity"]) == (2, 4)
    assert holdfast("map", "list", "--json").json == [changed]
    assert holdfast("event", "show", 1, "--json").json["capacity"] == 3
    assert holdfast("map", "show", id, "--version", 1, "--json").json["capacity"] == 3
    document = json.loads(holdfast("map", "show", id, "--document").out)
    assert document["labels"] == ["A1", "A2", "A3", "A4"]


@pytest.mark.parametrize("id", ["7", "x", "6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e10"])
def test_a_map_that_does_not_exist(holdfast: Run, hall: Path, id: str) -> None:
    for command in (
        ("map", "show", id),
        ("map", "change", id, hall),
        ("event", "create", "Monday", "--stored-map", id),
    ):
        refused = holdfast(*command)
        assert refused.code == 1
        assert "seat map" in refused.complaint


def test_a_map_is_read_as_an_event_reads_it(holdfast: Run, tmp_path: Path, hall: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"labels": ["A1", "A1"]}))
    assert "A1" in holdfast("map", "store", "Great hall", wrong).complaint
    assert holdfast("map", "store", "\u200b", hall).code == 1
    assert holdfast("map", "list", "--json").json == []
    both = holdfast("event", "create", "Monday", "--stored-map", "x", "--seat-map", hall)
    assert "exclude each other" in both.complaint
