"""Allowance: what a caller has left of a rate, as answers show it (draft-ietf-httpapi-ratelimit-headers)."""

from __future__ import annotations

import math
from typing import NamedTuple

from holdfast.limits.classes import Rate

__all__ = ["Allowance"]

_ROUNDING = 1e-6


class Allowance(NamedTuple):
    """What a caller has left of a rate after its request."""

    rate: Rate
    wait_seconds: float
    """0 for a request within the rate."""
    reset_seconds: float
    """In how many seconds the whole allowance is back."""

    @property
    def retry_after_seconds(self) -> int:
        return math.ceil(self.wait_seconds)

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        rate, wait_seconds, reset_seconds = self
        left = 0 if wait_seconds else int(rate.burst - reset_seconds / rate.interval_seconds + _ROUNDING)
        shown = rate.shown % (max(0, left), -int(-reset_seconds // 1))
        return (b"ratelimit-policy", rate.policy), (b"ratelimit", shown)
