"""Telling: what is read only in order to answer, after the deed is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.errors import Busy, OutcomeUnknown, Unavailable

__all__ = ["already_done"]


@contextmanager
def already_done() -> Iterator[None]:
    """Within the block nobody is told any more that nothing was done: a database that is away now was there before.

    Raises OutcomeUnknown for what would be Busy or Unavailable otherwise.
    """
    try:
        yield
    except (Busy, Unavailable) as fault:
        raise OutcomeUnknown(OutcomeUnknown.NOT_READ) from fault
