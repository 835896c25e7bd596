"""Attempts: ten guesses of a secret, then waits that rise, and never a lock-out."""

from __future__ import annotations

import pytest

from holdfast.limits import classes
from holdfast.limits.attempts import AttemptLimits, MemoryAttempts
from holdfast.limits.rate_table import RateTable

ADA, BOB = "ada@example.org", "bob@example.org"
HERE, THERE = "203.0.113.7", "203.0.113.8"
SERVER_KEY = b"k" * 32


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> AttemptLimits:
    return AttemptLimits(MemoryAttempts(RateTable(), clock), classes.SIGN_INS.rate(), server_key=SERVER_KEY)


async def wait_of(attempts: AttemptLimits, account: str | None = ADA, address: str | None = HERE) -> int:
    allowance = await attempts.take("sign-in", account=account, address=address)
    assert allowance is not None
    return allowance.retry_after_seconds


async def test_after_ten_guesses_each_one_waits_twice_as_long(attempts: AttemptLimits, clock: Clock):
    assert [await wait_of(attempts) for _ in range(12)] == [0] * 10 + [90] * 2
    waits = []
    for _ in range(8):
        wait = await wait_of(attempts)
        waits.append(wait)
        clock.now += wait
        assert await wait_of(attempts) == 0
    assert waits == [90, 180, 360, 720, 900, 900, 900, 900]


async def test_nobody_is_locked_out(attempts: AttemptLimits, clock: Clock):
    """After some hours of silence all is as before. Until then no wait is longer than the window."""
    for _ in range(40):
        clock.now += min(await wait_of(attempts), 900)
    clock.now += 10 * 900
    assert [await wait_of(attempts) for _ in range(11)] == [0] * 10 + [90]


async def test_one_account_is_guessed_from_many_addresses(attempts: AttemptLimits):
    waits = [await wait_of(attempts, ADA, f"203.0.113.{n}") for n in range(30)]
    assert waits == [0] * 10 + [90] * 20
    assert await wait_of(attempts, BOB, THERE) == 0


async def test_one_address_guesses_many_accounts(attempts: AttemptLimits):
    """A refusal by address uses up no attempt of the account."""
    waits = [await wait_of(attempts, f"user{n}@example.org") for n in range(30)]
    assert waits == [0] * 10 + [90] * 20
    assert [await wait_of(attempts, "user29@example.org", f"203.0.113.{100 + n}") for n in range(10)] == [
        0
    ] * 10


async def test_a_success_forgets_the_failures(attempts: AttemptLimits):
    """An office behind one address signs in all day. An attacker's own account does not clean its address."""
    for _ in range(100):
        assert await wait_of(attempts) == 0
        await attempts.succeed("sign-in", account=ADA, address=HERE)
    for n in range(10):
        assert await wait_of(attempts, f"user{n}@example.org") == 0
        assert await wait_of(attempts, BOB) == (0 if n < 9 else 90)
        if n < 9:
            await attempts.succeed("sign-in", account=BOB, address=HERE)


async def test_each_secret_is_guessed_apart(attempts: AttemptLimits):
    """Who asks for many reset links of an account does not keep it from signing in."""
    for _ in range(20):
        await attempts.take("reset", account=ADA, address=HERE)
    assert await wait_of(attempts) == 0


async def test_without_an_address_the_account_counts_alone(attempts: AttemptLimits):
    assert [await wait_of(attempts, ADA, None) for _ in range(11)] == [0] * 10 + [90]
    assert await attempts.take("setup", account=None, address=None) is None


async def test_a_quantity_of_zero_is_no_limit(clock: Clock):
    store = MemoryAttempts(RateTable(), clock)
    none = AttemptLimits(store, classes.SIGN_INS.rate(0), server_key=SERVER_KEY)
    assert await none.take("sign-in", account=ADA, address=HERE) is None
    await none.succeed("sign-in", account=ADA, address=HERE)


async def test_answers_show_the_attempts_left(attempts: AttemptLimits):
    allowances = [await attempts.take("sign-in", account=ADA, address=HERE) for _ in range(11)]
    shown = [dict(one.headers) for one in allowances if one is not None]
    assert {one[b"ratelimit-policy"] for one in shown} == {b'"sign-ins";q=10;w=900'}
    assert [one[b"ratelimit"] for one in shown[:2]] == [b'"sign-ins";r=9;t=90', b'"sign-ins";r=8;t=180']
    assert shown[10][b"ratelimit"] == b'"sign-ins";r=0;t=90'
