"""Live holds in Redis: a buyer's cap is exact over all servers, and a hold ends wherever it is ended.

The rule is that of `test_live_holds.py`, and one test plays the same story by both. The kind: every change of a hold
(placed, not placed, extended, released, booked, lapsed), each at another server than the one that placed it; and each
trouble of Redis (killed, flushed, stalled), each before and after a hold.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from holdfast.ids import make_id
from holdfast.limits import redis_counts
from holdfast.limits.live_holds import LiveHolds, Refused
from holdfast.limits.redis_counts import RedisCounts
from holdfast.limits.shared_holds import SharedHolds
from support.redis_server import RedisServer

SERVER_KEY = b"k" * 32
BUYER, OTHER = 0xB0B, 0xA0A
bits = itertools.count(1)

Servers = Callable[..., SharedHolds]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine answers late, and only a stalled Redis must count as away."""
    monkeypatch.setattr(redis_counts, "ANSWER_SECONDS", 10.0)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is asked again at once."""
    monkeypatch.setattr(redis_counts, "AWAY_SECONDS", 0.0)


@pytest.fixture
async def server(redis_server: RedisServer) -> AsyncIterator[Servers]:
    """`server()`: one more server of the deployment, with a memory of its own."""
    async with AsyncExitStack() as stack:

        def make(*, admissions: int = 20, unbooked: int = 0) -> SharedHolds:
            redis = RedisCounts(redis_server.url)
            stack.push_async_callback(redis.close)
            local = LiveHolds(None, max_admissions=admissions, max_unbooked=0, server_key=SERVER_KEY)
            return SharedHolds(local, redis, max_unbooked=unbooked)

        yield make


def new_id() -> UUID:
    return make_id(7, unix_ms=0, random_bits=next(bits) * 7919)


async def sent(*servers: SharedHolds) -> None:
    """Wait until the servers have sent their changes."""
    for one in servers:
        while one._sending is not None:
            await one._sending


async def place(
    holds: SharedHolds, *buyers: int, admissions: int = 1, seconds: float = 120.0
) -> UUID | Refused:
    """Place a hold as a request does."""
    id = new_id()
    refused = await holds.reserve(buyers or (BUYER,), id, admissions, seconds)
    if refused is not None:
        return refused
    holds.keep(id, admissions, seconds)
    holds.settle(id)
    await sent(holds)
    return id


async def placed(holds: SharedHolds, *buyers: int, admissions: int = 1, seconds: float = 120.0) -> UUID:
    id = await place(holds, *buyers, admissions=admissions, seconds=seconds)
    assert isinstance(id, UUID), id
    return id


@pytest.mark.parametrize("servers", [1, 2, 5])
async def test_a_hundred_holds_at_once_pass_exactly_the_cap(server: Servers, servers: int):
    houses = [server() for _ in range(servers)]
    found = await asyncio.gather(*(place(houses[n % servers]) for n in range(100)))
    assert sum(isinstance(one, UUID) for one in found) == 20


async def test_large_holds_at_once_never_pass_the_cap(server: Servers):
    houses = [server(), server()]
    sizes = [random.Random(3).randint(1, 8) for _ in range(60)]
    found = await asyncio.gather(*(place(houses[n % 2], admissions=size) for n, size in enumerate(sizes)))
    held = sum(size for size, one in zip(sizes, found, strict=True) if isinstance(one, UUID))
    assert 20 - 8 < held <= 20


async def test_a_refusal_says_when_the_first_hold_lapses(server: Servers):
    one, other = server(), server()
    await placed(one, admissions=15, seconds=60)
    await placed(other, admissions=5, seconds=90)
    refused = await place(one)
    assert isinstance(refused, Refused)
    assert not refused.cools_down
    assert 55 < refused.wait_seconds <= 60


@pytest.mark.parametrize("booked", [True, False])
async def test_a_hold_may_end_at_another_server(server: Servers, booked: bool):
    one, other = server(), server()
    first = await placed(one, admissions=20)
    other.end(first, booked=booked)
    other.end(first, booked=booked)
    await sent(other)
    await placed(one, admissions=20)
    assert isinstance(await place(other), Refused)


async def test_a_hold_may_be_extended_at_another_server(server: Servers):
    one, other = server(), server()
    hold = await placed(one, admissions=20, seconds=1)
    other.extend(hold, 300)
    await sent(other)
    refused = await place(one)
    assert isinstance(refused, Refused)
    assert 250 < refused.wait_seconds <= 300


async def test_a_lapse_frees_its_admissions(server: Servers):
    one, other = server(), server()
    await placed(one, admissions=20, seconds=0)
    await placed(other, admissions=20)


async def test_a_hold_that_is_not_placed_counts_no_longer(server: Servers):
    """It is sold out, or replayed. One with an unknown outcome counts until it lapses, or is kept after all."""
    one, other = server(), server()
    id = new_id()
    assert await one.reserve([BUYER], id, 20, 60) is None
    assert isinstance(await place(other), Refused)
    one.settle(id)
    await sent(one)
    unknown = new_id()
    assert await other.reserve([BUYER], unknown, 20, 60) is None
    other.settle(unknown, is_known=False)
    assert isinstance(await place(one), Refused)
    other.keep(unknown, 3, 600)
    await sent(other)
    await placed(one, admissions=17)


async def test_a_buyer_with_two_names_is_limited_by_each(server: Servers):
    one, other = server(), server()
    await placed(one, 1, 50, admissions=10)
    second = await placed(other, 2, 50, admissions=10)
    assert isinstance(await place(one, 3, 50), Refused)
    await placed(one, 3, admissions=20)
    one.end(second, booked=True)
    await sent(one)
    await placed(other, 2, 50, admissions=10)
    assert isinstance(await place(other, 4, 50), Refused)


async def test_holds_for_nothing_are_counted_together_and_a_booking_clears_them(server: Servers):
    one, other = server(unbooked=3), server(unbooked=3)
    for booked in (False, False, True, False, False):
        other.end(await placed(one), booked=booked)
        await sent(other)
    one.end(await placed(other), booked=False)
    await sent(one)
    refused = await place(other)
    assert isinstance(refused, Refused)
    assert refused.cools_down
    assert 115 < refused.wait_seconds <= 120
    await placed(one, OTHER)


async def test_a_lapse_that_nobody_reclaimed_counts_as_unbooked(server: Servers):
    one, other = server(unbooked=3), server(unbooked=3)
    for house in (one, other, one):
        await placed(house, seconds=0)
    refused = await place(other)
    assert isinstance(refused, Refused)
    assert refused.cools_down


async def test_redis_counts_as_memory_does(server: Servers):
    """One rule, wherever it is counted: the same story, refusal by refusal."""
    shared = server(unbooked=4)
    memory = LiveHolds(None, max_admissions=20, max_unbooked=4, server_key=SERVER_KEY)
    dice = random.Random(11)
    live: list[tuple[UUID, UUID]] = []
    for step in range(300):
        buyer, admissions = dice.choice((BUYER, OTHER)), dice.randint(1, 9)
        if live and dice.random() < 0.45:
            ours, theirs = live.pop(dice.randrange(len(live)))
            booked = dice.random() < 0.5
            shared.end(ours, booked=booked)
            memory.end(theirs, booked=booked)
            await sent(shared)
            continue
        ours, theirs = new_id(), new_id()
        found = (
            await shared.reserve([buyer], ours, admissions, 600),
            memory.reserve([buyer], theirs, admissions, 600),
        )
        kinds = [refused and refused.cools_down for refused in found]
        assert kinds[0] == kinds[1], (step, found)
        if found[0] is None:
            seconds = dice.choice((0, 600, 600))
            shared.keep(ours, admissions, seconds)
            memory.keep(theirs, admissions, seconds)
            await sent(shared)
            if seconds:
                live.append((ours, theirs))


@pytest.mark.parametrize("trouble", ["killed", "stalled"])
async def test_without_redis_each_server_counts_what_it_knows(
    server: Servers, redis_server: RedisServer, trouble: str, monkeypatch: pytest.MonkeyPatch
):
    """The holds from before count where they were placed. When Redis is back, it learns what it has missed."""
    if trouble == "stalled":
        monkeypatch.setattr(redis_counts, "ANSWER_SECONDS", 0.5)
    one, other = server(), server()
    await placed(one, admissions=15)
    redis_server.kill() if trouble == "killed" else redis_server.stall()
    assert isinstance(await place(one, admissions=6), Refused)
    here = await placed(one, admissions=5)
    await placed(other, admissions=20)
    assert isinstance(await place(one), Refused)
    assert isinstance(await place(other), Refused)
    monkeypatch.setattr(redis_counts, "ANSWER_SECONDS", 10.0)
    redis_server.start() if trouble == "killed" else redis_server.go_on()
    for house in (one, other):
        house._redis._away_until = 0.0
    assert isinstance(await place(one), Refused)
    assert isinstance(await place(other), Refused)
    other.end(here, booked=False)
    await sent(other)
    assert isinstance(await place(one, admissions=1), Refused), "35 are held elsewhere"


async def test_what_a_flushed_redis_has_lost_is_restored(server: Servers, redis_server: RedisServer):
    one = server()
    await placed(one, 1, 50, admissions=12)
    redis_server.flush()
    assert isinstance(await place(one, 1, 50, admissions=9), Refused)
    ended = await placed(one, 1, 50, admissions=8)
    other = server()
    assert isinstance(await place(other, 50), Refused)
    other.end(ended, booked=True)
    await sent(other)
    await placed(one, 2, 50, admissions=8)


@pytest.mark.usefixtures("away")
async def test_a_change_that_redis_missed_is_sent_later(server: Servers, redis_server: RedisServer):
    one, other = server(), server()
    first, second = await placed(one, admissions=10), await placed(one, admissions=10)
    redis_server.kill()
    other.end(first, booked=True)
    await sent(other)
    assert len(other._waiting) == 1
    redis_server.start()
    assert isinstance(await place(one), Refused), "it has restored what Redis had lost"
    other.end(second, booked=True)
    await sent(other)
    assert other._waiting == []
    await placed(other, admissions=20)


async def test_redis_forgets_buyers(server: Servers, redis_server: RedisServer):
    """Every key has an end: nothing of a buyer stays for ever."""
    one = server(unbooked=2)
    for _ in range(3):
        one.end(await placed(one, BUYER, OTHER), booked=False)
        await sent(one)
        if isinstance(await place(one, BUYER, OTHER), Refused):
            break
    client = redis_server.client()
    keys = list(client.scan_iter("*"))
    assert len(keys) > 2
    assert all(0 < client.pttl(key) <= 2 * 3_600_000 for key in keys)
