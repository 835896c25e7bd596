"""`holdfast event`: the rules of the API, applied to options and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.samples import theatre
from support.commands import Run


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
        (("create", " "), "`name` is blank"),
        (("create", "Concert", "--capacity", "-1"), "`capacity` must be 0 or more"),
        (("create", "Concert", "--starts-at", "tomorrow"), "`starts_at` must be a time with an offset"),
        (("create", "Concert", "--area", "hall"), "--area: An area is NAME=CAPACITY"),
        (("create", "Concert", "--area", "hall=8,garden=2"), "'hall=8,garden=2' is not"),
        (
            ("create", "Concert", "--area", "hall=1", "--area", "hall=2"),
            "`areas/1/name` is the name of an earlier area",
        ),
        (("create", "Concert", "--seat-map", "no such file"), "cannot be read"),
        (("show", "99"), "There is no event 99: "),
        (("show", "ninety-nine"), "There is no event ninety-nine: `holdfast event list` shows all."),
        (("import", "no such file.csv"), "cannot be read"),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(
    holdfast: Run, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in holdfast("event", *arguments).complaint


def test_change_adds_an_area_only_when_it_says_so(holdfast):
    holdfast("event", "create", "Fair", "--area", "hall=5")
    slip = holdfast("event", "change", 1, "--area", "hal=7")
    assert slip.code == 1
    assert "hall" in slip.err
    changed = holdfast("event", "change", 1, "--area", "hall=7", "--add-area", "garden=2", "--json")
    assert [(area["name"], area["capacity"]) for area in changed.json["areas"]] == [
        ("hall", 7),
        ("garden", 2),
    ]
