"""Start errors: what keeps Holdfast from starting, in one line for the person who started it."""

from __future__ import annotations

__all__ = ["CannotStart"]


class CannotStart(Exception):
    """Its text is one sentence: what is wrong, and the remedy if one exists."""
