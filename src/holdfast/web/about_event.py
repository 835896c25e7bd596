"""About event: an event as search engines, social networks and calendars read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from holdfast.inventory.rules.event import Event, EventStatus
from holdfast.web.event_view import EventView

__all__ = ["calendar_entry", "structured_data"]

_SCHEMA = "https://schema.org"
_LINE = 74
"""Bytes of a line of a calendar, without the blank that continues one (RFC 5545, 3.1)."""


def structured_data(view: EventView, address: str, picture: str) -> dict[str, Any]:
    """Return the event as schema.org describes one.

    `address` is the page's own, and `picture` that of the poster; "" if the server does not know it.
    """
    event = view.event
    is_cancelled = event.status is EventStatus.CANCELLED
    offer: dict[str, Any] = {"@type": "Offer", "availability": f"{_SCHEMA}/{_availability(view)}"}
    found: dict[str, Any] = {
        "@context": _SCHEMA,
        "@type": "Event",
        "name": event.name,
        "eventStatus": f"{_SCHEMA}/{'EventCancelled' if is_cancelled else 'EventScheduled'}",
    }
    if view.starts is not None:
        found["startDate"] = view.starts.isoformat()
    if event.venue:
        found["location"] = {"@type": "Place", "name": event.venue}
    if view.shown.summary:
        found["description"] = view.shown.summary
    if picture:
        found["image"] = picture
    if address:
        found["url"] = offer["url"] = address
    if event.on_sale_at is not None:
        offer["validFrom"] = event.on_sale_at.isoformat()
    return found if is_cancelled else found | {"offers": offer}


def _availability(view: EventView) -> str:
    if view.status.kind == "soon":
        return "PreOrder"
    return "InStock" if view.on_sale and view.status.left else "SoldOut"


def calendar_entry(event: Event, starts_at: datetime, address: str) -> bytes:
    """Return the event as a calendar (RFC 5545)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Holdfast//Holdfast//EN",
        "BEGIN:VEVENT",
        f"UID:{event.id}",
        f"DTSTAMP:{_stamp(event.created_at)}",
        f"DTSTART:{_stamp(starts_at)}",
        f"SUMMARY:{_text(event.name)}",
        *([f"LOCATION:{_text(event.venue)}"] if event.venue else []),
        *([f"URL:{address}"] if address else []),
        *(["STATUS:CANCELLED"] if event.status is EventStatus.CANCELLED else []),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    for sign, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        value = value.replace(sign, escaped)
    return value


def _folded(line: str) -> bytes:
    """Return a line in pieces of at most 75 bytes, without dividing a character."""
    pieces, piece = [], b""
    for character in line:
        encoded = character.encode()
        if len(piece) + len(encoded) > _LINE:
            pieces.append(piece)
            piece = b""
        piece += encoded
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
