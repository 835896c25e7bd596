"""Written: times and numbers as the visitor's language writes them."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_skeleton, get_day_names

from holdfast.web.languages import current_language, gettext, ngettext

__all__ = ["clock", "left", "long_time", "month", "number", "part", "short_time", "weekdays"]


def long_time(at: datetime) -> str:
    """Return "Saturday 12 December 2026, 19:30"."""
    return f"{current_language().day(at)}, {clock(at)}"


def short_time(at: datetime) -> str:
    """Return the date in figures, and the time."""
    return f"{part(at, 'yMMdd')}, {clock(at)}"


def clock(at: datetime) -> str:
    return current_language().clock(at)


def month(at: datetime) -> str:
    return part(at, "yMMMM")


def part(at: datetime, skeleton: str) -> str:
    """Return a part of a time, in the order of the language."""
    return format_skeleton(skeleton, at, tzinfo=at.tzinfo, locale=current_language().locale)


def weekdays() -> list[str]:
    """Return the names of the days, from Monday on."""
    names = get_day_names("wide", context="stand-alone", locale=current_language().locale)
    return [names[day] for day in range(7)]


def number(value: int) -> str:
    return current_language().number(value)


def left(count: int) -> str:
    """Return how many are left."""
    return ngettext("%(count)s left", "%(count)s left", count) if count else gettext("None left")
