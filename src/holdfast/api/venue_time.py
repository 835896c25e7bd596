"""Venue time: moments as clocks at an event's venue show them, for people."""

from __future__ import annotations

from datetime import UTC, datetime

from babel.dates import format_datetime

from holdfast.http.values import find_zone

__all__ = ["LOCALE", "in_zone", "long_time"]

LOCALE = "en_GB"


def in_zone(at: datetime, time_zone: str | None) -> datetime:
    """Return the time as clocks at the venue show it; UTC without a known zone."""
    return at.astimezone((find_zone(time_zone) if time_zone else None) or UTC)


def long_time(at: datetime) -> str:
    """Return "Saturday 12 December 2026, 19:30"."""
    return format_datetime(at, "EEEE d MMMM y, HH:mm", locale=LOCALE, tzinfo=at.tzinfo)
