"""Two shards: the engine over two databases. A transaction over two events, or a look by id alone, fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any, ClassVar

import psycopg
import pytest

from holdfast.errors import EventNotFound
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Answered, Replayed
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.store.events import EventFilter
from holdfast.postgres import transaction
from holdfast.postgres.connections import Connection
from holdfast.postgres.pipeline import Pipeline, Statement
from inventory.batching.test_oracle import sell
from support.postgres import TestDatabases
from support.selling import (
    a_confirm,
    all_at_once,
    an_engine,
    new_event,
    place,
    quantity,
    sql,
    waiting_for_the_lock,
    what_is_wrong,
)


@pytest.fixture
def shards(databases: TestDatabases) -> Iterator[list[str]]:
    urls = [databases.create(), databases.create()]
    yield urls
    wrong = [what_is_wrong(url) for url in urls]
    for url in urls:
        databases.drop(url)
    assert wrong == [[], []]


async def test_two_processes_over_two_shards_answer_as_the_model_does(shards: list[str]) -> None:
    async with an_engine(shards) as one, an_engine(shards) as other:
        for seed in range(1_000, 1_016):
            await sell(shards, Random(seed), one, other)
    for at, url in enumerate(shards):
        numbers = [row[0] for row in sql(url, "SELECT event_number FROM events")]
        assert {number % 2 for number in numbers} == {at}


async def test_events_of_both_shards_sell_and_are_listed_together(shards: list[str]) -> None:
    async with an_engine(shards) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}, widths=(5,)) for _ in range(4)]
        holds = await asyncio.gather(
            *[place(inventory, number, quantity(2), c.BestAvailableLine(quantity=2)) for number in numbers]
        )
        bookings = [
            await inventory.execute(number, a_confirm(inventory, number, hold))
            for number, hold in zip(numbers, holds, strict=True)
        ]
        for booking in bookings:  # by id alone: the id names the shard
            assert (await inventory.queries.get_booking(booking.id, c.STAFF)).id == booking.id
            assert (await inventory.queries.get_hold(booking.hold_id, c.STAFF)).booking_id == booking.id
        listed = await inventory.queries.list_events(EventFilter(), before=None, limit=10)
        assert [event.number for event, _, _ in listed] == sorted(numbers, reverse=True)
        told = await inventory.queries.list_bookings(None, limit=10)
        assert {booking.id for booking in told} == {booking.id for booking in bookings}
        totals = await inventory.operations.count_totals()
        assert (totals.events, totals.bookings) == (4, 4)
        assert await all_at_once(place(inventory, max(numbers) + 1, quantity(1))) == [EventNotFound()]


async def test_an_event_is_created_once_on_either_shard(shards: list[str]) -> None:
    key = c.RetryKey(
        scope=b"s" * 32, body=b"b" * 32, render=lambda event: c.StoredAnswer(status=201, body=b"{}")
    )
    new = c.NewEvent(name="E", areas=(c.AreaSpec(name="floor", capacity=1),))
    async with an_engine(shards) as inventory:
        made = await inventory.create_event_keyed(new, by="test", key=key)
        again = await inventory.create_event_keyed(new, by="test", key=key)
    assert isinstance(made, Answered)
    assert isinstance(again, Replayed)
    assert sum(len(sql(url, "SELECT 1 FROM events")) for url in shards) == 1


async def test_a_node_that_waits_keeps_no_other_node_waiting(shards: list[str]) -> None:
    """All runners waited for the first shard's lock. Any other reason for a node's silence is of this kind."""
    async with an_engine(shards, size=2) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(2)]
        for number in numbers:
            await place(inventory, number, quantity(1))
        url = shards[numbers[0] % 2]
        with psycopg.connect(url) as blocker:
            blocker.execute("SELECT FROM inventories WHERE event_number = %s FOR UPDATE", (numbers[0],))
            waiting = asyncio.ensure_future(place(inventory, numbers[0], quantity(1)))
            await waiting_for_the_lock(url)
            assert isinstance(await asyncio.wait_for(place(inventory, numbers[1], quantity(1)), 20), Hold)
            assert not waiting.done()
        assert isinstance(await waiting, Hold)


class Watched(Pipeline):
    """A pipeline that records what was added to it outside an explicit transaction."""

    outside: ClassVar[list[bytes]] = []
    inside = 0

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.is_open = False

    def add(self, statement: Statement, parameters: dict[str, Any]) -> int:
        self._note(statement.text)
        return super().add(statement, parameters)

    def add_plain(self, text: bytes) -> int:
        self.is_open = self.is_open or text == b"BEGIN"
        self._note(text)
        self.is_open = self.is_open and text not in (b"COMMIT", b"ROLLBACK")
        return super().add_plain(text)

    def _note(self, text: bytes) -> None:
        type(self).inside += 1
        if not self.is_open:
            self.outside.append(text)


async def test_nothing_is_sent_in_a_pipeline_outside_a_transaction(
    shards: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through Citus such statements would not be atomic, and a test with one event might not notice."""
    monkeypatch.setattr(transaction, "Pipeline", Watched)
    Watched.outside.clear()
    async with an_engine(shards) as one, an_engine(shards) as other:
        for seed in range(2_000, 2_006):
            await sell(shards, Random(seed), one, other)
    assert Watched.inside > 200
    assert Watched.outside == []
