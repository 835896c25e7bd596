"""Round trips: a batch has two of them, or one if it writes nothing."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.errors import SoldOut
from support.cutting_proxy import cutting_proxy
from support.selling import an_engine, new_event, place, quantity, sql


async def test_a_batch_has_two_round_trips(database_url: str) -> None:
    """Lock and load in one, write and commit in the other. Every batch of every sale pays for a further one."""
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        number = await new_event(inventory, areas={"general": 100})
        for _ in range(5):  # until connection, statements and the copy of the event exist
            await place(inventory, number, quantity(1))
        before = proxy.turns
        await place(inventory, number, quantity(1))
        assert proxy.turns - before == 2


async def test_a_batch_of_refusals_has_max_two_round_trips(database_url: str) -> None:
    """There is nothing to commit, but the lock must be released."""
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        number = await new_event(inventory, areas={"general": 1})
        for _ in range(5):
            with pytest.raises(SoldOut):
                await place(inventory, number, quantity(2))
        before = proxy.turns
        with pytest.raises(SoldOut):
            await place(inventory, number, quantity(2))
        assert proxy.turns - before <= 2


async def test_concurrent_callers_fetch_attempt_numbers_once(database_url: str) -> None:
    """Once, each caller that found none fetched a thousand; in an on-sale by instant bookings that was a large
    part of the work."""
    async with an_engine(database_url) as inventory:
        numbers = await asyncio.gather(*(inventory.new_attempt_number() for _ in range(1_200)))
    assert len(set(numbers)) == 1_200
    assert sql(database_url, "SELECT last_value FROM dialect_numbers") == [(2_000,)]
