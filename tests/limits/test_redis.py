"""Redis: servers of one deployment count together. It may be killed, flushed and stalled at any time.

While it is away, nobody guesses a secret, everything else is counted by each server alone, and a metric says so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from holdfast.errors import Unavailable
from holdfast.limits import classes, redis_counts
from holdfast.limits.attempts import AttemptLimits, MemoryAttempts
from holdfast.limits.rate_table import RateTable
from holdfast.limits.redis_attempts import RedisAttempts
from holdfast.limits.redis_counts import SHARED, RedisCounts
from holdfast.limits.shared_rates import SharedRates
from support.redis_server import RedisServer

SERVER_KEY = b"k" * 32
ADA, HERE, GUEST = "ada@example.org", "203.0.113.7", "203.0.113.9"
SECONDS = 30.0

Connect = Callable[[], RedisCounts]


class Clock:
    """The clock of a process, for the seconds in which it does not ask a Redis that is away."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def connect(redis_server: RedisServer, clock: Clock) -> AsyncIterator[Connect]:
    """`connect()`: what one process has of Redis."""
    async with AsyncExitStack() as stack:

        def make() -> RedisCounts:
            counts = RedisCounts(redis_server.url, clock=clock)
            stack.push_async_callback(counts.close)
            return counts

        yield make


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine answers late, and only a stalled Redis must count as away."""
    monkeypatch.setattr(redis_counts, "ANSWER_SECONDS", 10.0)


def attempts_of(redis: RedisCounts) -> AttemptLimits:
    return AttemptLimits(RedisAttempts(redis), classes.SIGN_INS.rate(), server_key=SERVER_KEY)


def rates_of(redis: RedisCounts, folder: Path | None = None) -> SharedRates:
    return SharedRates(RateTable(folder), redis, server_key=SERVER_KEY)


HOLDS = classes.HOLDS.rate(40)
"""Twenty at once."""


async def passes(rates: SharedRates) -> bool:
    """Send one request, as the handler does."""
    await rates.settle(HOLDS, GUEST)
    return not rates.take(HOLDS, GUEST).wait_seconds


async def wait_of(attempts: AttemptLimits, account: str = ADA) -> int:
    allowance = await attempts.take("sign-in", account=account, address=HERE)
    assert allowance is not None
    return allowance.retry_after_seconds


async def test_servers_count_guesses_together(connect: Connect):
    one, other = attempts_of(connect()), attempts_of(connect())
    assert [await wait_of(one) for _ in range(5)] + [await wait_of(other) for _ in range(5)] == [0] * 10
    assert 85 <= await wait_of(one) <= 90
    assert 85 <= await wait_of(other) <= 90


async def test_a_hundred_guesses_at_once_are_counted_exactly(connect: Connect):
    servers = [attempts_of(connect()) for _ in range(4)]
    waits = await asyncio.gather(*(wait_of(servers[n % 4]) for n in range(100)))
    assert waits.count(0) == 10


async def test_redis_counts_guesses_as_memory_does(connect: Connect):
    """One rule, wherever it is counted. The clocks differ by the time of the test."""
    in_redis = attempts_of(connect())
    in_memory = AttemptLimits(MemoryAttempts(RateTable()), classes.SIGN_INS.rate(), server_key=SERVER_KEY)
    for step in (
        12 * ["take"],
        ["succeed"],
        9 * ["take"],
        ["succeed", "take", "succeed", "take", "take", "take"],
    ):
        for verb in step:
            if verb == "succeed":
                for one in (in_redis, in_memory):
                    await one.succeed("sign-in", account=ADA, address=HERE)
            else:
                waits = [await wait_of(one) for one in (in_redis, in_memory)]
                assert waits[0] == pytest.approx(waits[1], abs=10), (verb, waits)


@pytest.mark.parametrize("processes", [1, 4])
async def test_a_hundred_requests_at_once_pass_the_rate_and_one_for_each_process(
    connect: Connect, processes: int
):
    """Each process is a server of its own: they share nothing but Redis."""
    servers = [rates_of(connect()) for _ in range(processes)]
    passed = sum(await asyncio.gather(*(passes(servers[n % processes]) for n in range(100))))
    assert HOLDS.burst <= passed <= HOLDS.burst + processes


async def test_a_process_learns_what_others_let_through(connect: Connect):
    one, other = rates_of(connect()), rates_of(connect())
    for _ in range(HOLDS.burst):
        assert await passes(one)
    assert [await passes(other) for _ in range(3)] == [True, False, False]
    assert not await passes(one)


@pytest.mark.parametrize("trouble", ["killed", "stalled"])
async def test_without_redis_nobody_guesses_and_each_server_counts_alone(
    connect: Connect, redis_server: RedisServer, clock: Clock, trouble: str, monkeypatch: pytest.MonkeyPatch
):
    if trouble == "stalled":
        monkeypatch.setattr(redis_counts, "ANSWER_SECONDS", 0.25)
    redis = connect()
    attempts, one, other = attempts_of(redis), rates_of(redis), rates_of(connect())
    assert await wait_of(attempts) == 0
    assert await passes(one)
    redis_server.kill() if trouble == "killed" else redis_server.stall()
    async with asyncio.timeout(SECONDS):
        with pytest.raises(Unavailable) as refused:
            await wait_of(attempts)
        assert "Attempts cannot be counted" in refused.value.detail
        assert SHARED._value.get() == 0
        await attempts.succeed("sign-in", account=ADA, address=HERE)
        assert [await passes(one) for _ in range(25)] == [True] * 19 + [False] * 6
        assert [await passes(other) for _ in range(25)] == [True] * 20 + [False] * 5
    redis_server.start() if trouble == "killed" else redis_server.go_on()
    clock.ahead += redis_counts.AWAY_SECONDS
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                assert await wait_of(attempts, "eve@example.org") == 0
                break
            except Unavailable:
                clock.ahead += redis_counts.AWAY_SECONDS
    assert SHARED._value.get() == 1


async def test_a_flushed_redis_forgets_and_goes_on(connect: Connect, redis_server: RedisServer):
    """What a process has counted itself it still knows."""
    redis = connect()
    attempts, one = attempts_of(redis), rates_of(redis)
    for _ in range(HOLDS.burst):
        assert await passes(one)
    assert [await wait_of(attempts) for _ in range(10)] == [0] * 10
    redis_server.flush()
    redis_server.client().script_flush()
    assert await wait_of(attempts) == 0
    assert not await passes(one)


async def test_while_redis_is_away_nobody_waits_for_it(connect: Connect, redis_server: RedisServer):
    redis = connect()
    redis_server.kill()
    rates = rates_of(redis)
    assert await passes(rates)
    assert await passes(rates)
    assert redis.is_away
    assert await passes(rates)
    assert rates._unsettled == {}
