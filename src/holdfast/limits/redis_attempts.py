"""Attempts in Redis. Without it nobody may guess: a secret must not be guessed at each server again."""

from __future__ import annotations

from contextlib import suppress

from holdfast.errors import Unavailable
from holdfast.limits.allowance import Allowance
from holdfast.limits.attempts import MAX_WAITS, memory_of, parts_of
from holdfast.limits.classes import Rate
from holdfast.limits.redis_counts import ATTEMPT, FORGET, GIVE_BACK, RedisAwayError, RedisCounts

__all__ = ["RedisAttempts"]


class RedisAttempts:
    """Attempts that all servers of a deployment count together."""

    def __init__(self, redis: RedisCounts) -> None:
        self._redis = redis

    async def take(self, rate: Rate, key: int) -> Allowance:
        """Raises Unavailable while Redis is away."""
        arguments = (rate.interval_seconds, rate.burst, rate.window_seconds, memory_of(rate), MAX_WAITS)
        try:
            wait_seconds, used_seconds = await self._redis.run(ATTEMPT, (key, *parts_of(key)), arguments)
        except RedisAwayError:
            raise Unavailable(Unavailable.ATTEMPTS) from None
        return Allowance(rate, wait_seconds, used_seconds)

    async def give_back(self, rate: Rate, key: int) -> None:
        with suppress(RedisAwayError):
            await self._redis.run(GIVE_BACK, (key, *parts_of(key)), (rate.interval_seconds, memory_of(rate)))

    async def forget(self, key: int) -> None:
        with suppress(RedisAwayError):
            await self._redis.run(FORGET, (key, *parts_of(key)))
