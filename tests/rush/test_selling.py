"""Rushes on a real server: sales, returning holds, and a verdict that adds up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdfast.rush.tally import FATES
from holdfast_client import Client
from support.commands import Run
from support.http_app import SECRET_KEY
from support.rushing import House

QUICK = ("--pay-seconds", "0.1-0.6", "--come-back-seconds", "0.4-0.9", "--seed", 7)


@pytest.fixture
def rush(run: Run, house: House, tmp_path: Path) -> Any:
    """The report of a rush that added up."""

    def send(event: int, *arguments: object) -> dict[str, Any]:
        ended = run(
            "rush", house.url, "--event", event, *QUICK, *arguments, "--json", "--out", tmp_path / "out"
        )
        assert ended.code == 0, ended.out + ended.err
        return ended.json

    return send


def all_came(report: dict[str, Any], buyers: int) -> bool:
    """Return whether each buyer arrived once and left once."""
    counts = report["buyers"]
    return counts["came"] == buyers == sum(counts[fate] for fate in FATES)


def test_each_buyer_has_one_fate_and_the_server_has_their_bookings(house: House, rush: Any) -> None:
    event = house.sell(capacity=1000)
    report = rush(event, "--buyers", 250, "--over", 1.5, "--quantity", "1-3", "--release", 0.1)
    assert all_came(report, 250)
    counts = report["buyers"]
    assert min(counts["booked"], counts["abandoned"], counts["released"]) > 0
    assert report["refusals"] == {}
    with Client(house.url) as client:
        assert client.get_availability(event).booked == report["admissions"]["booked"] > counts["booked"]
    assert report["latency"]["hold"]["count"] == 250
    assert report["latency"]["confirm"]["count"] == counts["booked"]
    assert sum(report["series"]["came"]) == 250


def test_lapsed_holds_go_to_buyers_who_come_back(house: House, rush: Any) -> None:
    """Only the crowd's own abandoned holds return."""
    event = house.sell(capacity=40, hold_ttl_seconds=1)
    report = rush(event, "--buyers", 300, "--over", 1, "--quantity", 1, "--abandon", 0.6, "--come-back", 6)
    assert all_came(report, 300)
    assert report["buyers"]["no_luck"] > 0
    assert report["admissions"]["holds_granted"] > 40
    assert report["admissions"]["granted_after_coming_back"] > 0
    assert report["admissions"]["lapsed"] > 0
    assert report["event"]["after"]["booked"] <= 40


def test_buyers_who_pick_a_taken_seat_take_another(house: House, rush: Any, holdfast_check: Any) -> None:
    seats = {"sections": [{"name": "A", "rows": 6, "seats_per_row": 10, "category": "stalls"}]}
    event = house.sell(seat_map=seats, hold_ttl_seconds=2, max_per_buyer=3)
    report = rush(event, "--buyers", 150, "--over", 1, "--seats", "1-3", "--processes", 2)
    assert all_came(report, 150)
    assert report["refusals"]["seat_taken"] > 0
    named = [one["name"] for one in report["check"]["statements"]]
    assert {"seats", "booked seats"} <= set(named)
    assert holdfast_check(event)


def test_best_available_seats_are_of_the_chosen_category(house: House, rush: Any) -> None:
    sections = [
        {"name": name, "rows": 4, "seats_per_row": 10, "category": category}
        for name, category in (("A", "stalls"), ("B", "balcony"))
    ]
    event = house.sell(seat_map={"sections": sections})
    report = rush(event, "--buyers", 60, "--over", 1, "--best-available", 2, "--category", "balcony")
    assert all_came(report, 60)
    with Client(house.url) as client:
        taken = {seat.label[0] for seat in client.list_seats(event).items}
    assert taken == {"B"}


def test_a_seated_event_is_sold_by_quantity_by_default(house: House, rush: Any) -> None:
    """Each buyer gets the two best seats, together or not. The verdict compares them by name."""
    sections = [{"name": "A", "rows": 3, "seats_per_row": 5, "category": "stalls"}]
    report = rush(house.sell(seat_map={"sections": sections}), "--buyers", 20, "--over", 0.5)
    assert "booked seats" in [one["name"] for one in report["check"]["statements"]]


def test_buyers_choose_the_named_area_of_several(house: House, rush: Any) -> None:
    event = house.sell(areas=[{"name": "hall", "capacity": 50}, {"name": "garden", "capacity": 50}])
    rush(event, "--buyers", 20, "--over", 1, "--quantity", 1, "--area", "garden", "--abandon", 0)
    with Client(house.url) as client:
        areas = {area.name: area.booked for area in client.get_availability(event).areas}
    assert areas["hall"] == 0
    assert areas["garden"] > 0


def test_buyers_take_partial_holds_if_the_event_allows_them(house: House, rush: Any) -> None:
    event = house.sell(capacity=7, allow_partial=True)
    report = rush(
        event, "--buyers", 6, "--over", 0.5, "--quantity", 2, "--abandon", 0, "--release", 0, "--come-back", 0
    )
    assert report["event"]["after"]["booked"] == 7


def test_the_same_seed_brings_the_same_crowd(house: House, run: Run, tmp_path: Path) -> None:
    """But the server does not mistake the second rush for a retry of the first."""
    reports = []
    for at in range(2):
        event = house.sell(capacity=500)
        arguments = ("--buyers", 100, "--over", 1, "--quantity", "1-4", *QUICK, "--out", tmp_path / str(at))
        reports.append(run("rush", house.url, "--event", event, *arguments, "--json").json)
    first, second = reports
    for part in ("buyers", "admissions"):
        assert first[part] == second[part]
    assert first["check"]["adds_up"]
    assert second["check"]["adds_up"]


@pytest.fixture
def holdfast_check(run: Run, house: House) -> Any:
    """The result of `holdfast check`."""

    def check(event: int) -> bool:
        settings = {"database_url": house.database_url, "secret_key": SECRET_KEY}
        return run("check", event, **settings).code == 0

    return check
