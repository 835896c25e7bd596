"""Calendar files: another program reads from the file what the event and the booking say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import icalendar
import pytest

from holdfast.inventory.rules.booking import Booking, BookingStatus
from holdfast.inventory.rules.event import EventStatus, FullEvent
from holdfast.tickets.calendar_file import calendar_file
from tickets.test_pdf import BOOKING, EVENT


def entry_of(content: bytes | None) -> icalendar.Event:
    assert content is not None
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 75, "longer lines are folded"
    (entry,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    return entry


def test_an_event_has_its_time_and_place() -> None:
    entry = entry_of(calendar_file(EVENT))
    assert entry["summary"] == "The Paper Lighthouse"
    assert entry["location"] == "Saltmarsh Arena"
    assert entry["dtstart"].dt == datetime(2026, 12, 12, 18, 30, tzinfo=UTC)
    assert (entry["status"], "description" in entry) == ("CONFIRMED", False)


def test_a_booking_replaces_the_event_in_a_calendar() -> None:
    entry = entry_of(calendar_file(EVENT, BOOKING))
    assert entry["uid"] == entry_of(calendar_file(EVENT))["uid"]
    assert entry["description"] == "Booking 02VW-BM8G\n104-6-9\n2 × floor"


@pytest.mark.parametrize(
    ("event", "booking"),
    [
        (replace(EVENT, status=EventStatus.CANCELLED), None),
        (replace(EVENT, status=EventStatus.CANCELLED), BOOKING),
        (EVENT, replace(BOOKING, status=BookingStatus.CANCELLED)),
    ],
    ids=["event", "booked event", "booking"],
)
def test_what_was_cancelled_says_so(event: FullEvent, booking: Booking | None) -> None:
    assert entry_of(calendar_file(event, booking))["status"] == "CANCELLED"


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nDTSTART:19990101T000000Z\r\nEND:VEVENT",
        "a;b,c\\d\\n:",
        "\u2028x",
        "é" * 199,
        "🎭" * 100,
        '"',
        "BEGIN:VALARM",
    ],
    ids=["lines", "signs", "separator", "long", "emoji", "quote", "a component"],
)
def test_no_text_adds_a_line(text: str) -> None:
    """A calendar acts on its lines: a name must not add an alarm or another event."""
    content = calendar_file(replace(EVENT, name=text, venue=text), BOOKING)
    entry = entry_of(content)
    assert entry["dtstart"].dt == EVENT.starts_at
    assert entry.subcomponents == []
    assert str(entry["summary"]).replace("\n", "") == text.replace("\r\n", "")


def test_an_event_without_a_date_has_no_file() -> None:
    assert calendar_file(replace(EVENT, starts_at=None), BOOKING) is None
