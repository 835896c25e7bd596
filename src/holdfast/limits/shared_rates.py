"""Shared rates: the requests of each caller over all servers of a deployment, without a wait in the hot path.

A process decides by its own table. Then it settles the request in the background: Redis adds it up with those of all
other processes, and its sum comes back into the table. A caller has at most one unsettled request in a process, and a
second one waits for it. So a limit of q lets through at most q and one more for each process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from holdfast.limits.allowance import Allowance
from holdfast.limits.classes import Rate
from holdfast.limits.rate_limits import RateLimits
from holdfast.limits.rate_table import RateTable
from holdfast.limits.redis_counts import DEBIT, RedisAwayError, RedisCounts

__all__ = ["SharedRates"]

_MAX_TOGETHER = 200


class SharedRates(RateLimits):
    """Rates that are settled in Redis. While it is away, each server counts alone."""

    settles = True

    def __init__(
        self,
        table: RateTable,
        redis: RedisCounts,
        *,
        server_key: bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(table, server_key=server_key, clock=clock)
        self._redis = redis
        self._unsettled: dict[int, asyncio.Future[None]] = {}
        self._waiting: list[tuple[int, float]] = []
        """(key, interval) of the requests that the next script settles."""
        self._settling: asyncio.Task[None] | None = None

    async def settle(self, rate: Rate, caller: str) -> None:
        key = self._key_of(rate.name, caller)
        while (unsettled := self._unsettled.get(key)) is not None:
            await asyncio.shield(unsettled)

    def take(self, rate: Rate, caller: str) -> Allowance:
        allowance = super().take(rate, caller)
        if not allowance.wait_seconds and not self._redis.is_away:
            key = self._key_of(rate.name, caller)
            loop = asyncio.get_running_loop()
            if key not in self._unsettled:
                self._unsettled[key] = loop.create_future()
            self._waiting.append((key, rate.interval_seconds))
            if self._settling is None:
                self._settling = loop.create_task(self._settle_all())
        return allowance

    async def _settle_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MAX_TOGETHER], self._waiting[_MAX_TOGETHER:]
            try:
                await self._settle_some(batch)
            finally:
                for key, _ in batch:
                    unsettled = self._unsettled.pop(key, None)
                    if unsettled is not None and not unsettled.done():
                        unsettled.set_result(None)
        self._settling = None

    async def _settle_some(self, batch: list[tuple[int, float]]) -> None:
        try:
            found = await self._redis.run(DEBIT, *zip(*batch, strict=True))
        except RedisAwayError:
            return
        now = self._clock()
        for (key, _), used_seconds in zip(batch, found, strict=True):
            if used_seconds > self._table.used_seconds(key, now):
                self._table.put(key, used_seconds, now)
