"""Sheet data: what the printed tickets of a booking say, as plain texts for the typesetter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babel.dates import format_date

from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.event import Event
from holdfast.languages import ENGLISH, Language
from holdfast.tickets.ticket import Ticket, address_of
from holdfast.tickets.wall_clock import at_venue, start_at_venue

__all__ = ["sheet_data"]

_MAX_UNBROKEN = 18
"""A longer word gets places to break, so that a line never leaves its quarter of the page."""


def sheet_data(
    booking: Booking,
    event: Event,
    tickets: Sequence[Ticket],
    language: Language = ENGLISH,
    *,
    alone: bool = False,
) -> dict[str, Any]:
    """Return the data of the sheet. It has valid tickets only: a void one has no code.

    A ticket `alone` is for somebody who has no other of its booking, and says nothing of the others.
    """
    return {
        "mark": "Holdfast",
        "title": _breakable(event.name),
        "title_points": _points(event.name, ((24, 26), (60, 20), (120, 15)), 11),
        "language": language.code,
        "facts": _facts(event, language),
        "buyer": None if booking.buyer_name is None else _breakable(booking.buyer_name),
        "stamp": "TEST" if event.rules.rehearsal else None,
        "words": _words(language, alone=alone),
        "tickets": [
            _ticket(booking, event, ticket, language, alone=alone)
            for ticket in tickets
            if ticket.code is not None
        ],
    }


def _words(language: Language, *, alone: bool) -> dict[str, Any]:
    passing_on = language.gettext(
        "Passing it on? Make a new code on your booking's page. This one lets nobody in after that."
    )
    return {
        "of": language.gettext("For"),
        "once": language.gettext("One code lets in one person, once."),
        "good_to_know": language.gettext("Good to know"),
        "booking": language.gettext("Your ticket") if alone else language.gettext("Your booking"),
        "notes": [
            language.gettext(
                "Print it, or show it on your phone. Fold the page twice; the code stays outside."
            ),
            language.gettext("A copy of this page lets someone else take your place: the first scan counts."),
            *([] if alone else [passing_on]),
        ],
    }


def _facts(event: Event, language: Language) -> list[dict[str, str | None]]:
    starts = start_at_venue(event)
    found: list[dict[str, str | None]] = []
    if starts is not None:
        zone = "" if event.time_zone else " UTC"
        note = language.gettext("Starts %(time)s", time=language.clock(starts) + zone)
        found.append({"name": language.day(starts), "note": note})
    if event.venue:
        found.append({"name": _breakable(event.venue), "note": None})
    return found


def _ticket(
    booking: Booking, event: Event, ticket: Ticket, language: Language, *, alone: bool
) -> dict[str, Any]:
    parts = address_of(ticket.admission)
    shown = "".join(value for _, value in parts)
    number = f"{booking.reference[:4]}-{booking.reference[4:]}"
    booked = at_venue(booking.confirmed_at, event)
    day = format_date(booked, "long", locale=language.locale)
    which = language.gettext("Ticket %(number)s of %(of)s", number=ticket.number, of=ticket.of)
    caption = language.gettext("%(ticket)s, booking %(number)s", ticket=which, number=number)
    if alone:
        caption = language.gettext("Ticket %(number)s", number=f"{number}-{ticket.number}")
    lines = [
        (
            language.gettext("Ticket"),
            language.gettext("%(number)s of %(of)s", number=ticket.number, of=ticket.of),
        ),
        (language.gettext("Booking"), number),
        (language.gettext("Booked"), f"{day}, {language.clock(booked)}"),
    ]
    if alone:
        lines = [(language.gettext("Ticket"), f"{number}-{ticket.number}")]
    if ticket.admission.category:
        lines.append((language.gettext("Category"), ticket.admission.category))
    return {
        "code": ticket.code,
        "address": [{"name": language.gettext(name), "value": value} for name, value in parts],
        "address_points": _points(shown, ((7, 34), (12, 24), (22, 14)), 9),
        "caption": caption,
        "lines": [{"name": name, "value": _breakable(value)} for name, value in lines],
    }


def _points(text: str, sizes: Sequence[tuple[int, int]], smallest: int) -> int:
    """Return the size of a text by its length, so that long ones fit their place."""
    return next((points for length, points in sizes if len(text) <= length), smallest)


def _breakable(text: str) -> str:
    """Return the text with invisible places to break within long words."""
    return " ".join(
        "\u200b".join(word[at : at + _MAX_UNBROKEN] for at in range(0, len(word), _MAX_UNBROKEN))
        for word in text.split(" ")
    )
