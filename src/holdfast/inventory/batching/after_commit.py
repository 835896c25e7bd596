"""After commit: reads whose only purpose is the answer about a change that was made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.errors import Busy, OutcomeUnknown, Unavailable

__all__ = ["after_commit"]


@contextmanager
def after_commit() -> Iterator[None]:
    """Inside this block the command has committed: an outage must not be reported as if nothing had been done.

    Raises OutcomeUnknown instead of Busy or Unavailable.
    """
    try:
        yield
    except (Busy, Unavailable) as fault:
        raise OutcomeUnknown(OutcomeUnknown.NOT_READ) from fault
