"""Name lists: the names of an event's areas or categories in the text of a refusal."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from holdfast import errors

__all__ = ["has_names", "listed"]

MAX_LISTED = 10
"""Names in a text."""


def has_names(names: Iterable[str]) -> str:
    """Return a sentence with the names that the event has, if it has any."""
    has = listed(names)
    return errors.AreaUnknown.HAS.format(names=has) if has else ""


def listed(names: Iterable[str]) -> str:
    """Return names for a text: the first of them, if there are many."""
    shown = list(islice(names, MAX_LISTED + 1))
    rest = " and others" if len(shown) > MAX_LISTED else ""
    return ", ".join(f"`{name}`" for name in shown[:MAX_LISTED]) + rest
