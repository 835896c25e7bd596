"""Series: the dates of an event that repeats, from a rule in the time of the venue's clock.

A date keeps its hour on the clock, also after summer time has begun or ended. A clock that jumps over this hour shows
the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule

from holdfast.http.values import find_zone
from holdfast.languages import mark
from holdfast.web.languages import gettext
from holdfast.web.organise.event_form import Draft

__all__ = ["MAX_DATES", "WEEKDAYS", "EventSeries", "bodies_of", "read_series"]

MAX_DATES = 100
_MAX_INTERVAL = 52
_FREQUENCIES = {"day": DAILY, "week": WEEKLY, "month": MONTHLY}
WEEKDAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_WRONG = mark("Write how many dates, from 2 to 100, and a step from 1 to 52. The event needs a start.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSeries:
    """Dates in UTC, in their order. The first is the event's own start, if the rule allows its weekday."""

    dates: list[datetime]
    delays: dict[str, list[datetime]]
    """The other times that move along, by name: one for each date."""


def read_series(typed: Mapping[str, str], draft: Draft) -> EventSeries | None:
    """Return the dates that a form asks for; None for one event. What is wrong is noted in the draft."""
    frequency = _FREQUENCIES.get(typed.get("repeat", ""))
    if frequency is None:
        return None
    count, interval = _whole(typed.get("repeat_count", "")), _whole(typed.get("repeat_every", "") or "1")
    starts = _clock(typed.get("starts_at", ""))
    zone = find_zone(typed.get("time_zone", "")) if typed.get("time_zone") else UTC
    if starts is None or zone is None or not 2 <= count <= MAX_DATES or not 1 <= interval <= _MAX_INTERVAL:
        draft.wrong["repeat"] = gettext(_WRONG)
        return None
    days = [at for at, name in enumerate(WEEKDAYS) if typed.get(f"repeat_on_{name}")]
    rule = rrule(
        frequency,
        dtstart=starts,
        interval=interval,
        count=count,
        byweekday=(days or None) if frequency == WEEKLY else None,
    )
    found = list(islice(rule, count))
    ends = _clock(typed.get("off_sale_at", ""))
    return EventSeries(
        dates=[each.replace(tzinfo=zone).astimezone(UTC) for each in found],
        delays={}
        if ends is None
        else {
            "off_sale_at": [(each + (ends - starts)).replace(tzinfo=zone).astimezone(UTC) for each in found]
        },
    )


def bodies_of(body: Mapping[str, Any], series: EventSeries | None) -> list[dict[str, Any]]:
    """Return the body of each event. The end of its sale keeps its distance from the start."""
    if series is None:
        return [dict(body)]
    return [
        {
            **body,
            "starts_at": at.isoformat(),
            **{name: times[place].isoformat() for name, times in series.delays.items()},
        }
        for place, at in enumerate(series.dates)
    ]


def _whole(text: str) -> int:
    """Return a small whole number; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _clock(text: str) -> datetime | None:
    """Return a time of the venue's clock, without a zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is None else None
