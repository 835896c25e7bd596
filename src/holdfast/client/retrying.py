"""Retrying: the attempts of one call, as steps that a client carries out. No input, output or waiting happens here.

Again goes what got no answer, and what was answered 408, 429, 502, 503 or 504, with pauses that grow and differ, never
shorter than `Retry-After` asks, and only as long as the whole fits into `total_seconds`. A call that is not
repeatable is sent once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any, TypeVar

from holdfast.client.calls import Answer, Call
from holdfast.client.errors import InProgress, TryAgain, Unreachable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How long and how patiently a call is tried. `total_seconds=0` sends each call once."""

    total_seconds: float = 30.0
    first_pause_seconds: float = 0.1
    longest_pause_seconds: float = 5.0
    clock: Callable[[], float] = field(default=monotonic, repr=False)
    random: Callable[[], float] = field(default=random.random, repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Send the call, and take at most so long; the answer, or Unreachable, is sent back in."""

    call: Call[Any]
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long."""

    seconds: float


Steps = Generator[Send | Pause, Answer | Unreachable | None, T]


def attempts(call: Call[T], retries: Retries, *, timeout_seconds: float) -> Steps[T]:
    """The steps of a call; its result is their value. Raises HoldfastError."""
    ends_at = retries.clock() + retries.total_seconds
    pause = retries.first_pause_seconds
    while True:
        left = max(ends_at - retries.clock(), _MIN_TIMEOUT_SECONDS)
        outcome = yield Send(call, min(timeout_seconds, left) if retries.total_seconds else timeout_seconds)
        try:
            return _settle(call, outcome)
        except (TryAgain, InProgress):
            wait = _wait_seconds(outcome, pause * (0.5 + retries.random() / 2))
            if not call.repeatable or retries.clock() + wait >= ends_at:
                raise
        yield Pause(wait)
        pause = min(pause * 2, retries.longest_pause_seconds)


_MIN_TIMEOUT_SECONDS = 0.5


def _settle(call: Call[T], outcome: Answer | Unreachable | None) -> T:
    if isinstance(outcome, Answer):
        return call.result(outcome)
    assert outcome is not None
    outcome.idempotency_key = call.idempotency_key
    raise outcome


def _wait_seconds(outcome: Answer | Unreachable | None, pause: float) -> float:
    """The pause, or what the server asks and the pause on top, so that not all come back in one moment."""
    asked = retry_after_seconds(outcome) if isinstance(outcome, Answer) else None
    return pause if asked is None else asked + pause


def retry_after_seconds(answer: Answer) -> float | None:
    """`Retry-After`, in seconds or as a date; None where it is missing or cannot be read."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
