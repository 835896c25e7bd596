"""Wall clock: times of an event as clocks at its venue show them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holdfast.inventory.rules.event import Event

__all__ = ["at_venue", "start_at_venue"]


def at_venue(at: datetime, event: Event) -> datetime:
    """Return the time at the event's venue; in UTC if its zone is not known."""
    if event.time_zone is None:
        return at.astimezone(UTC)
    try:
        return at.astimezone(ZoneInfo(event.time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # written by a server with other zones
        return at.astimezone(UTC)


def start_at_venue(event: Event) -> datetime | None:
    """Return when the event starts; None without a date."""
    return None if event.starts_at is None else at_venue(event.starts_at, event)
