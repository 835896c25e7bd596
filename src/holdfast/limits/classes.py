"""Classes: every limit by its name, with its default. Each has a setting that starts with `HOLDFAST_LIMIT_`.

The name is the one that answers show in `RateLimit`. docs/concepts/limits.md lists them for people.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = [
    "ACCOUNT_REQUESTS",
    "HOLDS",
    "KEY_REQUESTS",
    "LIVE_ADMISSIONS",
    "REQUESTS",
    "SIGN_INS",
    "STREAMS",
    "UNBOOKED_HOLDS",
    "LimitClass",
    "Rate",
]

_MINUTE = 60
_QUARTER_HOUR = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`quantity` requests in a window, `burst` of them at once."""

    name: str
    quantity: int
    window_seconds: int
    burst: int
    interval_seconds: float
    """0 for a rate of no requests, which limits nobody."""
    policy: bytes
    """The rate as `RateLimit-Policy` shows it."""
    shown: bytes
    """What is left of it as `RateLimit` shows it, for two numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitClass:
    """What one class counts, unless the settings say otherwise."""

    name: str
    quantity: int
    window_seconds: int = 0
    """0 for what is counted while it lasts."""
    burst_share: float = 1.0
    """The part of a window's requests that may come at once."""

    def rate(self, quantity: int | None = None) -> Rate:
        """Return the rate of a deployment. A quantity of 0 limits nobody."""
        quantity = self.quantity if quantity is None else quantity
        window = f";w={self.window_seconds}" if self.window_seconds else ""
        return Rate(
            name=self.name,
            quantity=quantity,
            window_seconds=self.window_seconds,
            burst=math.ceil(quantity * self.burst_share),
            interval_seconds=self.window_seconds / quantity if quantity else 0.0,
            policy=f'"{self.name}";q={quantity}{window}'.encode(),
            shown=f'"{self.name}";r=%d;t=%d'.encode(),
        )


SIGN_INS = LimitClass(name="sign-ins", quantity=10, window_seconds=_QUARTER_HOUR)
"""Guesses of a secret: sign-in, token, reset, setup. By account and by address."""

HOLDS = LimitClass(name="holds", quantity=10, window_seconds=_MINUTE, burst_share=0.5)
"""Requests that may take admissions off sale. By a guest's address, or by account."""

REQUESTS = LimitClass(name="requests", quantity=120, window_seconds=_MINUTE)
"""All other requests of guests. By address."""

ACCOUNT_REQUESTS = LimitClass(name="account-requests", quantity=600, window_seconds=_MINUTE)
"""All other requests of a signed-in account."""

KEY_REQUESTS = LimitClass(name="key-requests", quantity=0, window_seconds=_MINUTE)
"""All requests of one API key."""

STREAMS = LimitClass(name="streams", quantity=4)
"""Open streams of guests of one address."""

LIVE_ADMISSIONS = LimitClass(name="live-admissions", quantity=20)
"""Admissions in the live holds of one buyer, over all events. By a guest's address, by account, or by a key's buyer."""

UNBOOKED_HOLDS = LimitClass(name="unbooked-holds", quantity=10)
"""Holds of one buyer that end in a row without a booking, before the buyer waits."""
