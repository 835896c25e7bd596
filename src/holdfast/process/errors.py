"""Start errors: what keeps Holdfast from starting, said in one line to the person who started it."""

from __future__ import annotations

__all__ = ["CannotStart"]


class CannotStart(Exception):
    """Its text is one sentence that says what is wrong and, where there is one, the way out."""
