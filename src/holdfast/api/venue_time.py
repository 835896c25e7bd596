"""Venue time: moments as clocks at an event's venue show them, for people."""

from __future__ import annotations

from datetime import UTC, datetime

from holdfast.http.values import find_zone

__all__ = ["in_zone"]


def in_zone(at: datetime, time_zone: str | None) -> datetime:
    """Return the time as clocks at the venue show it; UTC without a known zone."""
    return at.astimezone((find_zone(time_zone) if time_zone else None) or UTC)
