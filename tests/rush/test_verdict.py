"""The verdict: it finds each difference between the buyers' answers and the server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from holdfast.rush.crowd import CrowdReport
from holdfast.rush.verdict import Afterwards, judge
from holdfast_client.models import Availability, Seat, Seats

NOW = datetime(2027, 1, 1, 10, tzinfo=UTC)
BEFORE = Availability(
    event=UUID(int=1),
    event_number=1,
    capacity=10,
    available=10,
    held=0,
    booked=0,
    blocked=0,
    version=0,
    as_of=NOW,
)
AFTER = replace(BEFORE, available=5, held=2, booked=3)
SOON, LONG_AGO = NOW.timestamp() + 5, NOW.timestamp() - 5


def crowd(**given: object) -> CrowdReport:
    """Two bookings of three admissions, a live hold of two, and a lapsed hold of four."""
    plain = CrowdReport(bookings=2, booked_admissions=3, read=2, lapsing=[(SOON, 2), (LONG_AGO, 4)])
    for name, value in given.items():
        setattr(plain, name, value)
    return plain


def wrong(one: CrowdReport, before: Availability = BEFORE, **after: object) -> list[str]:
    afterwards = Afterwards(**{"availability": AFTER, **after})  # type: ignore[arg-type]
    verdict = judge(one, before, afterwards)
    found = [each.name for each in verdict.statements if not each.holds]
    assert verdict.adds_up is (not found)
    return found


def test_judge_accepts_equal_answers() -> None:
    assert wrong(crowd()) == []


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"booked_admissions": 2}, "bookings"),
        ({"booked_admissions": 4}, "bookings"),
        ({"lapsing": [(SOON, 3)]}, "holds"),
        ({"lapsing": []}, "holds"),
        ({"read": 1, "unreadable": 1, "named": ["b: booking_not_found"]}, "reading"),
        ({"read": 1}, "reading"),
        ({"open": 1}, "answers"),
        ({"odd": ["booking b differs from hold h in seats or quantity"]}, "contradictions"),
        ({"seat_times": {"A-1": [(1.0, 9.0), (5.0, 6.0)]}}, "seats"),
        ({"seat_times": {"A-1": [(5.0, None), (1.0, 9.0)]}}, "seats"),
    ],
)
def test_judge_names_each_difference(given: dict[str, object], name: str) -> None:
    assert wrong(crowd(**given)) == [name]


@pytest.mark.parametrize(
    "times", [[(1.0, 5.0), (5.0, 9.0)], [(5.0, 1e18), (1.0, 5.0)], [(1.0, None), (1.5, 9.0)], [(1.0, 1e18)]]
)
def test_judge_accepts_successive_buyers_of_a_seat(times: list[tuple[float, float | None]]) -> None:
    assert wrong(crowd(seat_times={"A-1": times})) == []


def test_judge_finds_counts_that_differ_from_the_capacity() -> None:
    assert wrong(crowd(), availability=replace(AFTER, available=6)) == ["capacity"]


def test_judge_accepts_earlier_holds_live_or_lapsed() -> None:
    before = replace(BEFORE, held=2, available=8)
    assert wrong(crowd(), before) == []
    assert wrong(crowd(), before, availability=replace(AFTER, held=4, available=3)) == []
    assert wrong(crowd(), before, availability=replace(AFTER, held=5, available=2)) == ["holds"]


def test_judge_compares_booked_seats_with_the_server() -> None:
    seats = Seats(
        event=UUID(int=1),
        event_number=1,
        version=4,
        items=(Seat(label="A-1", status="booked"), Seat(label="A-2", status="held")),
    )
    assert wrong(crowd(booked_seats=["A-1"]), seats=seats) == []
    assert wrong(crowd(booked_seats=["A-2"]), seats=seats) == ["booked seats"]
    assert wrong(crowd(booked_seats=["A-1", "A-1"]), seats=seats) == ["booked seats"]


def test_judge_fails_without_the_servers_state() -> None:
    assert wrong(crowd(), availability=None, complaint="No answer came.") == ["server"]
