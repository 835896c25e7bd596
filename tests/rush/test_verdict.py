"""The comparison: whatever is told otherwise than it is, is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from holdfast.client.models import Availability, Seat, Seats
from holdfast.rush.crowd import CrowdReport
from holdfast.rush.verdict import Afterwards, judge

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


def told(**given: object) -> CrowdReport:
    """Two bookings for three admissions, a hold for two that lives, and one that has lapsed."""
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


def test_what_is_as_it_was_told_adds_up() -> None:
    assert wrong(told()) == []


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
        ({"odd": ["booking b is not for what hold h was given for"]}, "contradictions"),
        ({"seat_times": {"A-1": [(1.0, 9.0), (5.0, 6.0)]}}, "seats"),
        ({"seat_times": {"A-1": [(5.0, None), (1.0, 9.0)]}}, "seats"),
    ],
)
def test_what_was_told_otherwise_is_named(given: dict[str, object], name: str) -> None:
    assert wrong(told(**given)) == [name]


@pytest.mark.parametrize(
    "times", [[(1.0, 5.0), (5.0, 9.0)], [(5.0, 1e18), (1.0, 5.0)], [(1.0, None), (1.5, 9.0)], [(1.0, 1e18)]]
)
def test_a_seat_may_have_one_buyer_after_another(times: list[tuple[float, float | None]]) -> None:
    assert wrong(told(seat_times={"A-1": times})) == []


def test_counts_that_are_not_the_capacity_are_found() -> None:
    assert wrong(told(), availability=replace(AFTER, available=6)) == ["capacity"]


def test_what_others_held_before_may_still_be_held_or_not() -> None:
    before = replace(BEFORE, held=2, available=8)
    assert wrong(told(), before) == []
    assert wrong(told(), before, availability=replace(AFTER, held=4, available=3)) == []
    assert wrong(told(), before, availability=replace(AFTER, held=5, available=2)) == ["holds"]


def test_a_seat_that_was_told_as_booked_is_booked_once_and_at_the_server() -> None:
    seats = Seats(
        event=UUID(int=1),
        event_number=1,
        version=4,
        items=(Seat(label="A-1", status="booked"), Seat(label="A-2", status="held")),
    )
    assert wrong(told(booked_seats=["A-1"]), seats=seats) == []
    assert wrong(told(booked_seats=["A-2"]), seats=seats) == ["booked seats"]
    assert wrong(told(booked_seats=["A-1", "A-1"]), seats=seats) == ["booked seats"]


def test_a_server_that_cannot_be_asked_is_no_proof() -> None:
    assert wrong(told(), availability=None, complaint="No answer came.") == ["server"]
