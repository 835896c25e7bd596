"""Times of an event's own clock: given with --time-zone, shown with their offset, never guessed.

Kind of bug: a program that knows only UTC. The other members are the clock's gap and fold, a zone that is missing or
wrong, a zone of half an hour, and a change that names no zone.
"""

from __future__ import annotations

import pytest

from support.commands import Run

BERLIN = ("--time-zone", "Europe/Berlin")


@pytest.mark.parametrize(
    ("zone", "given", "utc", "shown"),
    [
        ("Europe/Berlin", "2027-05-01T19:00", "2027-05-01T17:00:00Z", "2027-05-01T19:00:00+02:00"),
        ("Europe/Berlin", "2027-12-01 19:00:30", "2027-12-01T18:00:30Z", "2027-12-01T19:00:30+01:00"),
        ("Europe/Berlin", "2027-05-01T17:00:00Z", "2027-05-01T17:00:00Z", "2027-05-01T19:00:00+02:00"),
        ("Asia/Kathmandu", "2027-05-01T19:00", "2027-05-01T13:15:00Z", "2027-05-01T19:00:00+05:45"),
        ("America/St_Johns", "2027-05-01T19:00", "2027-05-01T21:30:00Z", "2027-05-01T19:00:00-02:30"),
        ("Europe/London", "2027-01-01T19:00", "2027-01-01T19:00:00Z", "2027-01-01T19:00:00Z"),
    ],
)
def test_a_local_time_is_one_of_the_events_zone(
    holdfast: Run, zone: str, given: str, utc: str, shown: str
) -> None:
    made = holdfast("event", "create", "Concert", "--time-zone", zone, "--starts-at", given, "--json").json
    assert (made["starts_at"], made["starts_at_local"]) == (utc, shown)
    assert f"starts_at\t{shown}\n" in holdfast("event", "show", 1).out
    assert f"\t{shown}\t" in holdfast("event", "list").out


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("2027-03-28T02:30", "skips 02:30 on that day. Write 2027-03-28T01:30:00+01:00 or 2027-03-28T03:30:00+02:00."),
        ("2027-10-31T02:30", "twice on that day. Write 2027-10-31T02:30:00+02:00 or 2027-10-31T02:30:00+01:00."),
        ("2027-02-30T19:00", "its calendar has no such day"),
        ("2027-05-01T25:00", "its calendar has no such day, hour"),
        ("2027-05-01", "is a date without a time of day"),
        ("tomorrow", "RFC 3339"),
    ],
)  # fmt: skip
def test_a_time_that_the_clock_does_not_have_once_is_refused(
    holdfast: Run, given: str, complaint: str
) -> None:
    for option in ("--starts-at", "--on-sale-at", "--off-sale-at"):
        refused = holdfast("event", "create", "Concert", *BERLIN, option, given).complaint
        assert complaint in refused
        assert option[2:].replace("-", "_") in refused
    assert holdfast("event", "list", "--json").json == []


def test_both_candidates_are_accepted(holdfast: Run) -> None:
    for offset, utc in (("+02:00", "00"), ("+01:00", "01")):
        made = holdfast(
            "event", "create", "Late", *BERLIN, "--starts-at", f"2027-10-31T02:30:00{offset}", "--json"
        )
        assert made.json["starts_at"] == f"2027-10-31T{utc}:30:00Z"
        assert made.json["starts_at_local"] == f"2027-10-31T02:30:00{offset}"


def test_a_local_time_without_a_zone_is_refused(holdfast: Run) -> None:
    refused = holdfast("event", "create", "Concert", "--starts-at", "2027-05-01T19:00").complaint
    assert "`starts_at` is a time without an offset: add one" in refused


def test_a_wrong_zone_is_the_only_mistake(holdfast: Run) -> None:
    refused = holdfast(
        "event", "create", "Concert", "--time-zone", "Mars/Base", "--starts-at", "2027-05-01T19:00"
    )
    assert "`time_zone`" in refused.complaint
    assert "`starts_at`" not in refused.complaint


def test_a_change_uses_the_events_own_zone(holdfast: Run) -> None:
    holdfast("event", "create", "Concert", *BERLIN)
    changed = holdfast("event", "change", 1, "--starts-at", "2027-05-01T19:00", "--json").json
    assert changed["starts_at"] == "2027-05-01T17:00:00Z"
    moved = holdfast(
        "event", "change", 1, "--time-zone", "Asia/Tokyo", "--starts-at", "2027-05-01T19:00", "--json"
    )
    assert moved.json["starts_at"] == "2027-05-01T10:00:00Z"
