"""Steps: a buyer's next actions, as values that the generator carries out. This module does no I/O and no waiting.

A journey is a Python generator: it yields its next step and receives the outcome. A hundred thousand of them cost
little while they wait.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from random import Random
from time import monotonic
from typing import TypeAlias, TypeVar

from holdfast.rush.wire import Lost, RushAnswer

__all__ = ["Ask", "Closed", "Left", "Steps", "Wait", "asking"]

T = TypeVar("T")

_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_UNKNOWN = frozenset({500, 502, 504})
"""Statuses after which the request may have been carried out; a 503 only with the code `outcome_unknown`."""

_FIRST_PAUSE_SECONDS = 0.2
_MAX_PAUSE_SECONDS = 5.0
_MAX_RETRY_AFTER_SECONDS = 60.0


class Ask:
    """Send this request. A retry repeats the same bytes."""

    __slots__ = ("request", "step")

    def __init__(self, step: str, request: bytes) -> None:
        self.step = step
        self.request = request


class Wait:
    """Continue after this time."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


Steps: TypeAlias = Generator[Ask | Wait, RushAnswer | Lost | None, T]


class Closed(Exception):
    """Thrown into a journey when the rush is over."""


class Left(Exception):
    """The buyer leaves without an answer. `may_be_done`: whether the request may have been carried out."""

    def __init__(self, *, may_be_done: bool, is_closing: bool = False) -> None:
        super().__init__()
        self.may_be_done = may_be_done
        self.is_closing = is_closing


def asking(
    ask: Ask, chance: Random, *, patience_seconds: float, clock: Callable[[], float] = monotonic
) -> Steps[RushAnswer]:
    """Repeat the same request until a final answer arrives, and return it. Raises Left after the patience."""
    may_be_done = False
    until, pause = clock() + patience_seconds, _FIRST_PAUSE_SECONDS
    while True:
        try:
            outcome = yield ask
        except Closed:
            raise Left(may_be_done=True, is_closing=True) from None
        requested_seconds = 0.0
        match outcome:
            case RushAnswer(status=status) if status not in _AGAIN:
                return outcome
            case RushAnswer():
                requested_seconds = _seconds(outcome.retry_after)
                unknown = outcome.status in _UNKNOWN or b'"outcome_unknown"' in outcome.body
                may_be_done = may_be_done or unknown
            case Lost():
                may_be_done = may_be_done or outcome.may_be_done
            case None:
                raise AssertionError("an ask is sent an outcome")
        # Random pauses: buyers who retry together are refused together.
        seconds = requested_seconds + pause * (0.5 + chance.random())
        if clock() + seconds > until:
            raise Left(may_be_done=may_be_done)
        try:
            yield Wait(seconds)
        except Closed:
            raise Left(may_be_done=may_be_done, is_closing=True) from None
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)


def _seconds(retry_after: str) -> float:
    """Return the seconds of a `Retry-After`. A date counts as 0; Holdfast and most servers send seconds."""
    text = retry_after.strip()
    return min(float(text), _MAX_RETRY_AFTER_SECONDS) if text.isascii() and text.isdigit() else 0.0
