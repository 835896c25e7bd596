"""Redis counts: the limits that all servers of a deployment share, in one Redis. It is never the truth of anything.

Every step is one script, so that Redis decides it alone, and by its own clock. A Redis that fails or does not answer in
time is away for some seconds, in which nobody waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from holdfast.metrics import gauge

if TYPE_CHECKING:
    from redis.commands.core import AsyncScript

__all__ = ["ATTEMPT", "DEBIT", "FORGET", "GIVE_BACK", "RedisAwayError", "RedisCounts"]

log = structlog.get_logger(__name__)

SHARED = gauge(
    "holdfast_limits_shared",
    "Whether limits are counted in Redis: 1, or 0 while it is away. Absent without a Redis.",
    across="livemin",
)

ANSWER_SECONDS: Final = 0.5
AWAY_SECONDS: Final = 2.0
AT_ONCE: Final = 4
"""Connections. More of them would only wait in Redis, and some too long."""

_COMMON = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local function used(key)
    return math.max(0, tonumber(redis.call('GET', key) or '0') - now)
end
local function put(key, seconds)
    if seconds > 0 then
        redis.call('SET', key, string.format('%.6f', now + seconds), 'PX', math.ceil(seconds * 1000))
    else
        redis.call('DEL', key)
    end
end
"""

DEBIT = (
    _COMMON
    + """
local found = {}
for i, key in ipairs(KEYS) do
    local seconds = used(key) + tonumber(ARGV[i])
    put(key, seconds)
    found[i] = tostring(seconds)
end
return found
"""
)
"""Add an interval to each caller's allowance, and return in how many seconds the whole of it is back."""

ATTEMPT = (
    _COMMON
    + """
local key, gate, failures = KEYS[1], KEYS[2], KEYS[3]
local interval, burst, window, memory, waits = unpack(ARGV)
local closed = used(gate)
if closed > 0 then return {tostring(closed), tostring(closed)} end
local seconds = used(key)
local wait = seconds + interval - burst * interval
if wait > 0.000001 then return {tostring(wait), tostring(seconds)} end
seconds = seconds + interval
put(key, seconds)
local waited = used(failures)
if waited > 0 or seconds + interval > tonumber(window) then
    closed = math.min(interval * 2 ^ math.ceil(waited / memory), window)
    put(gate, closed)
    put(failures, math.min(waited, waits * memory) + memory)
end
return {'0', tostring(math.max(seconds, closed))}
"""
)
"""Count one guess, as `MemoryAttempts.take` does."""

GIVE_BACK = (
    _COMMON
    + """
local key, gate, failures = KEYS[1], KEYS[2], KEYS[3]
local interval, memory = unpack(ARGV)
put(key, used(key) - interval)
if used(gate) > 0 then
    put(gate, 0)
    put(failures, used(failures) - memory)
end
return {}
"""
)

FORGET = "redis.call('DEL', unpack(KEYS)) return {}"


class RedisAwayError(Exception):
    """Redis does not answer."""


class RedisCounts:
    """The scripts of one Redis."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry_on_timeout=False,
            decode_responses=True,
        )
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._scripts: dict[str, AsyncScript] = {}
        self._clock = clock
        self._away_until = 0.0
        self._was_away = False
        SHARED.set(1)

    @property
    def is_away(self) -> bool:
        return self._clock() < self._away_until

    async def run(self, script: str, keys: Sequence[int], arguments: Sequence[float] = ()) -> list[float]:
        """Run a script on these callers. Raises RedisAwayError."""
        if self.is_away:
            raise RedisAwayError
        known = self._scripts.get(script)
        if known is None:
            known = self._scripts[script] = self._redis.register_script(script)
        try:
            async with self._turns:
                found = await known(keys=[f"holdfast:{key:x}" for key in keys], args=list(arguments))
        except (RedisError, OSError, TimeoutError) as error:
            self._leave(error)
            raise RedisAwayError from error
        if self._was_away:
            self._was_away = False
            SHARED.set(1)
            log.info("limits_shared_again")
        return [float(one) for one in found]

    async def close(self) -> None:
        await self._redis.aclose()

    def _leave(self, error: Exception) -> None:
        self._away_until = self._clock() + AWAY_SECONDS
        SHARED.set(0)
        if not self._was_away:
            self._was_away = True
            log.warning("limits_not_shared", error=type(error).__name__)
