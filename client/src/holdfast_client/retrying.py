"""Retrying: the attempts of one call, as steps for a client to carry out. No input, output or waiting happens here.

Retries requests that got no answer, or 408, 429, 502, 503 or 504. The pauses grow, are random, and are never shorter
than `Retry-After`. Retries end when the next would not fit into `total_seconds`. A call that is not repeatable is
sent once, and so is one to a server that has never answered.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeAlias, TypeVar

from holdfast_client.calls import Answer, Call
from holdfast_client.errors import HoldfastError, InProgress, NoServer, TryAgain

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How long a call is retried, and with which pauses. `total_seconds=0` sends each call once.

    `wait_for_server`: retry also if nothing has ever answered at the address, for a program that starts first.
    """

    total_seconds: float = 30.0
    first_pause_seconds: float = 0.1
    longest_pause_seconds: float = 5.0
    wait_for_server: bool = False
    clock: Callable[[], float] = field(default=monotonic, repr=False)
    random: Callable[[], float] = field(default=random.random, repr=False)

    def cover(self, error: HoldfastError) -> bool:
        """Return whether the same request may succeed later."""
        if isinstance(error, NoServer):
            return self.wait_for_server
        return isinstance(error, TryAgain | InProgress)


@dataclass(frozen=True, slots=True)
class Send:
    """Send the call within `timeout_seconds`; send its answer, or the error in its place, back into the generator."""

    call: Call[Any]
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for `seconds`."""

    seconds: float


Outcome: TypeAlias = Answer | HoldfastError | None
Steps: TypeAlias = Generator[Send | Pause, Outcome, T]


def attempts(call: Call[T], retries: Retries, *, timeout_seconds: float) -> Steps[T]:
    """Yield the steps of a call and return its value. Raises HoldfastError."""
    ends_at = retries.clock() + retries.total_seconds
    pause = retries.first_pause_seconds
    while True:
        remaining = max(ends_at - retries.clock(), _MIN_TIMEOUT_SECONDS)
        outcome = yield Send(
            call, min(timeout_seconds, remaining) if retries.total_seconds else timeout_seconds
        )
        try:
            return _settle(call, outcome)
        except HoldfastError as error:
            if not retries.cover(error):
                raise
            wait = _wait_seconds(outcome, pause * (0.5 + retries.random() / 2))
            if not call.repeatable or retries.clock() + wait >= ends_at:
                raise
        yield Pause(wait)
        pause = min(pause * 2, retries.longest_pause_seconds)


_MIN_TIMEOUT_SECONDS = 0.5


def _settle(call: Call[T], outcome: Outcome) -> T:
    if isinstance(outcome, Answer):
        return call.result(outcome)
    assert outcome is not None
    outcome.idempotency_key = call.idempotency_key
    raise outcome


def _wait_seconds(outcome: Outcome, pause: float) -> float:
    """Return the pause, plus `Retry-After` if the server sent one, so that clients do not return all at once."""
    requested = outcome.retry_after_seconds if isinstance(outcome, Answer) else None
    return pause if requested is None else requested + pause
