"""Rate limits: counts the requests of each caller of a class, in a table that all workers of a server share."""

from __future__ import annotations

import time
from collections.abc import Callable

from holdfast.limits.allowance import Allowance
from holdfast.limits.callers import caller_keys
from holdfast.limits.classes import Rate
from holdfast.limits.rate_table import RateTable

__all__ = ["RateLimits"]


class RateLimits:
    """The counts of one server."""

    settles = False
    """Whether a request waits for the count of its caller's earlier ones."""

    def __init__(
        self, table: RateTable, *, server_key: bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` is the clock of all processes of this machine."""
        self._table = table
        self._key_of = caller_keys(server_key)
        self._clock = clock

    async def settle(self, rate: Rate, caller: str) -> None:
        """Wait until the caller's earlier requests are counted everywhere."""

    def take(self, rate: Rate, caller: str) -> Allowance:
        """Count one request of a caller. The rate must limit somebody."""
        key = self._key_of(rate.name, caller)
        return Allowance(rate, *self._table.take(key, rate.interval_seconds, rate.burst, self._clock()))
