"""Calendar file: an event, or a booking of it, as a file that calendars import (RFC 5545)."""

from __future__ import annotations

from datetime import UTC

from holdfast.inventory.rules.booking import Booking, BookingStatus
from holdfast.inventory.rules.event import Event, EventStatus
from holdfast.languages import ENGLISH, Language

__all__ = ["calendar_file"]


def calendar_file(event: Event, booking: Booking | None = None, language: Language = ENGLISH) -> bytes | None:
    """Return the file; None for an event without a date.

    Both forms have the event's id, so a calendar that has one replaces it by the other.
    """
    if event.starts_at is None:
        return None
    import icalendar

    entry = icalendar.Event()
    entry.add("uid", str(event.id))
    entry.add("dtstamp", event.created_at.astimezone(UTC))
    entry.add("dtstart", event.starts_at.astimezone(UTC))
    entry.add("summary", event.name)
    if event.venue:
        entry.add("location", event.venue)
    is_cancelled = event.status is EventStatus.CANCELLED
    if booking is not None:
        is_cancelled = is_cancelled or booking.status is BookingStatus.CANCELLED
        entry.add("description", _what(booking, language))
    entry.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    calendar = icalendar.Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Holdfast//Tickets//EN")
    calendar.add_component(entry)
    content: bytes = calendar.to_ical()
    return content


def _what(booking: Booking, language: Language) -> str:
    booked = [
        ", ".join(line.seats) if line.area is None else f"{line.quantity} × {line.area}"
        for line in booking.lines
    ]
    number = f"{booking.reference[:4]}-{booking.reference[4:]}"
    return "\n".join([language.gettext("Booking %(number)s", number=number), *booked])
