"""Round trips: a batch is two of them, one where nothing is written."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.errors import SoldOut
from support.cutting_proxy import cutting_proxy
from support.selling import an_engine, new_event, place, quantity, sql


async def test_a_batch_is_two_round_trips(database_url: str) -> None:
    """Lock and load in one, write and commit in the other; whatever is more, every batch of every sale pays."""
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        number = await new_event(inventory, areas={"general": 100})
        for _ in range(5):  # until connection, statements and what is known of the event are all there
            await place(inventory, number, quantity(1))
        before = proxy.turns
        await place(inventory, number, quantity(1))
        assert proxy.turns - before == 2


async def test_a_batch_of_refusals_is_two_round_trips_at_the_most(database_url: str) -> None:
    """There is nothing to commit, but the lock has to be given back."""
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        number = await new_event(inventory, areas={"general": 1})
        for _ in range(5):
            with pytest.raises(SoldOut):
                await place(inventory, number, quantity(2))
        before = proxy.turns
        with pytest.raises(SoldOut):
            await place(inventory, number, quantity(2))
        assert proxy.turns - before <= 2


async def test_a_crowd_that_needs_numbers_fetches_them_once(database_url: str) -> None:
    """Each caller who found none fetched a thousand, once: in an on-sale by instant bookings most of all work."""
    async with an_engine(database_url) as inventory:
        numbers = await asyncio.gather(*(inventory.new_attempt_number() for _ in range(1_200)))
    assert len(set(numbers)) == 1_200
    assert sql(database_url, "SELECT last_value FROM dialect_numbers") == [(2_000,)]
