"""`holdfast event`: the rules of the API, applied to options and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.samples import theatre
from support.commands import Run
from support.house_of import fetch


def test_create_makes_an_event_from_options(holdfast: Run) -> None:
    made = holdfast(
        "event", "create", "Concert [loud]", "--area", "hall=800", "--area", "garden=200", "--venue", "Arena",
        "--starts-at", "2027-05-01T19:00:00Z", "--max-per-hold", "4", "--json",
    )  # fmt: skip
    assert made.code == 0
    assert made.json["capacity"] == 1000
    assert made.json["max_per_hold"] == 4
    assert made.json["starts_at"] == "2027-05-01T19:00:00Z"
    assert [area["name"] for area in made.json["areas"]] == ["hall", "garden"]
    assert "Concert [loud]" in holdfast("event", "list").out


def test_create_reads_the_seats_of_a_file(holdfast: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(theatre()))
    made = holdfast("event", "create", "Play", "--seat-map", plan, "--draft", "--json").json
    assert (made["capacity"], made["map_version"], made["status"]) == (64, 1, "draft")
    assert [category["name"] for category in made["categories"]] == ["Parkett", "Balkon", "Loge"]


def test_list_filters_events(holdfast: Run) -> None:
    for name in ("First", "Second", "Third"):
        holdfast("event", "create", name, "--capacity", 5)
    holdfast("event", "create", "Not yet", "--draft")
    found = holdfast("event", "list", "--status", "published", "--limit", 2, "--json").json
    assert [(event["name"], event["available"]) for event in found] == [("Third", 5), ("Second", 5)]
    assert [event["name"] for event in holdfast("event", "list", "--text", "irs", "--json").json] == ["First"]
    on_sale = holdfast("event", "list", "--on-sale", "--json").json
    assert "Not yet" not in [event["name"] for event in on_sale]


def test_show_prints_an_event_with_its_availability(holdfast: Run) -> None:
    made = holdfast("event", "create", "Concert", "--capacity", 100, "--json").json
    by_id = holdfast("event", "show", made["id"], "--json").json
    assert by_id["availability"]["available"] == 100
    shown = holdfast("event", "show", made["number"])
    assert shown.code == 0
    assert "general (100)" in shown.out


def test_stop_and_resume_change_the_sales(holdfast: Run) -> None:
    number = holdfast("event", "create", "Concert", "--capacity", 100, "--json").json["number"]
    assert holdfast("event", "stop", number, "--json").json["sales_stopped"] is True
    assert holdfast("event", "stop", number).code == 0
    assert holdfast("event", "show", number, "--json").json["sales_stopped"] is True
    assert holdfast("event", "resume", number, "--json").json["sales_stopped"] is False
    assert "There is no event 99" in holdfast("event", "resume", 99).err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("create", " "), "/name: "),
        (("create", "Concert", "--capacity", "-1"), "/capacity: "),
        (("create", "Concert", "--starts-at", "tomorrow"), "/starts_at: "),
        (("create", "Concert", "--area", "hall"), "--area is NAME=CAPACITY"),
        (("create", "Concert", "--area", "hall=1", "--area", "hall=2"), "Named twice."),
        (("create", "Concert", "--seat-map", "no such file"), "cannot be read"),
        (("show", "99"), "There is no event 99."),
        (("show", "ninety-nine"), "There is no event ninety-nine."),
        (("import", "no such file.csv"), "cannot be read"),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(
    holdfast: Run, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in holdfast("event", *arguments).complaint


def test_a_repeated_import_makes_no_second_events(holdfast: Run, database_url: str, tmp_path: Path) -> None:
    """People repeat an import if they do not know whether it succeeded."""
    table = tmp_path / "season.csv"
    table.write_text(
        "name,starts_at,capacity,areas,allow_partial,max_per_buyer\n"
        '"Concert, late",2027-05-01T19:00:00Z,100,,yes,\n'
        "Fair,,,hall=800; garden=200,,4\n"
        "\n"
    )
    first = holdfast("event", "import", table, "--json").json
    assert [(event["name"], event["is_new"]) for event in first] == [("Concert, late", True), ("Fair", True)]
    again = holdfast("event", "import", table, "--json").json
    assert [event["number"] for event in again] == [event["number"] for event in first]
    assert not any(event["is_new"] for event in again)
    assert fetch(database_url, "SELECT count(*) FROM events") == [(2,)]
    fair = holdfast("event", "show", first[1]["number"], "--json").json
    assert (fair["capacity"], fair["max_per_buyer"], fair["allow_partial"]) == (1000, 4, False)


def test_import_gives_the_seat_map_to_events_without_one(holdfast: Run, tmp_path: Path) -> None:
    plan, season = tmp_path / "plan.json", tmp_path / "season.json"
    plan.write_text(json.dumps(theatre()))
    own = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 3}]}
    season.write_text(json.dumps([{"name": "Play"}, {"name": "Reading", "seat_map": own}]))
    assert holdfast("event", "import", season, "--seat-map", plan).code == 0
    found = {event["name"]: event["capacity"] for event in holdfast("event", "list", "--json").json}
    assert found == {"Play": 64, "Reading": 6}


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.csv", "name,capacity\nGood,5\nBad,many\n", "line 3: /capacity: "),
        ("a.csv", "name,colour\nGood,red\n", "line 2: /colour: "),
        ("a.csv", "name\nGood,5\n", "line 2: It has more cells"),
        ("a.csv", "name\n", "has no events"),
        ("a.json", '[{"name": "Good"}, {"capacity": 5}]', "event 2: /name: "),
        ("a.json", '[{"name": "Good"}, 7]', "event 2: It is not an object."),
        ("a.json", "[{]", "is not JSON (line 1)"),
        ("a.json", "[" * 100_000, "is not JSON"),
        ("a.json", "7", "is not a list"),
        ("a.json", '[{"name": "Play", "seat_map": {"labels": ["A1", "a1"]}}]', "event 1: "),
    ],
)
def test_a_file_with_a_mistake_makes_no_event(
    holdfast: Run, database_url: str, tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_text(text)
    assert complaint in holdfast("event", "import", tmp_path / name).complaint
    assert fetch(database_url, "SELECT count(*) FROM events") == [(0,)]


def test_a_binary_file_is_reported_in_one_line(holdfast: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    assert "not text in UTF-8" in holdfast("event", "import", tmp_path / "a.csv").complaint
