"""Streams: the messages of an event's stream clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, NamedTuple

import orjson
import pytest

from holdfast.errors import Busy, EventNotFound, Unavailable
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.live import channel as channel_module
from holdfast.inventory.live.clients import BufferedClient
from holdfast.inventory.live.streams import Streams
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from holdfast.postgres.connections import Connections
from holdfast.sse import KEEP_ALIVE, OPENING, Message
from support.house_of import confirm, make_event, place

SECONDS = 20.0
"""Only a broken stream makes a test wait for this."""


class Received(NamedTuple):
    """A message as a client reads it."""

    kind: str
    id: int
    data: dict[str, Any]

    @property
    def seats(self) -> dict[str, str]:
        return {seat["label"]: seat["status"] for seat in self.data["seats"]}


def _read(chunk: bytes) -> Received:
    fields = dict(line.split(": ", 1) for line in chunk.decode().strip().split("\n"))
    return Received(
        kind=fields["event"], id=int(fields["id"].partition(".")[2]), data=orjson.loads(fields["data"])
    )


async def _next(messages: AsyncIterator[bytes]) -> Received:
    async with asyncio.timeout(SECONDS):
        while True:
            chunk = await anext(messages)
            if chunk not in (OPENING.body, KEEP_ALIVE.body):
                return _read(chunk)


@pytest.fixture
async def other_inventory(database_url: str) -> AsyncIterator[Inventory]:
    """Another process, over the same database."""
    made = Inventory(Connections(database_url), HoldTokens(b"a server key of the tests"))
    await made.open()
    yield made
    await made.close()


async def test_a_stream_begins_with_everything_that_is_taken(inventory: Inventory):
    event = await make_event(inventory, capacity=10, rows=1)
    await confirm(inventory, event.number, await place(inventory, event.number, 2, "A-1-1"))
    await place(inventory, event.number, "A-1-3")
    async with aclosing(inventory.streams.watch(event.number)) as messages:
        message = await _next(messages)
    assert (message.kind, message.id, message.seats) == ("snapshot", 3, {"A-1-1": "booked", "A-1-3": "held"})
    assert (message.data["capacity"], message.data["available"], message.data["held"]) == (20, 16, 1)
    assert message.data["areas"][0]["booked"] == 2
    assert message.data["categories"][0]["name"] == "stalls"


async def test_a_change_has_each_touched_seat_with_its_present_status(inventory: Inventory):
    event = await make_event(inventory, rows=1)
    kept = await place(inventory, event.number, "A-1-1", "A-1-2")
    async with aclosing(inventory.streams.watch(event.number)) as messages:
        await _next(messages)
        await confirm(inventory, event.number, kept)
        released = await place(inventory, event.number, "A-1-5")
        await inventory.execute(event.number, c.ReleaseHold(hold_id=released, authority=c.STAFF))
        seen: dict[str, str] = {}
        message = await _next(messages)
        seen |= message.seats
        while message.id < 4:
            message = await _next(messages)
            seen |= message.seats
    assert message.kind == "change"
    assert seen == {"A-1-1": "booked", "A-1-2": "booked", "A-1-5": "available"}
    assert (message.data["available"], message.data["booked"]) == (8, 2)


async def test_an_expiry_is_sent_without_a_commit(inventory: Inventory):
    """No sweeper runs here, and nobody sends a request."""
    event = await make_event(inventory, capacity=5, rows=1)
    await place(inventory, event.number, 2, "A-1-4", ttl=1)
    async with aclosing(inventory.streams.watch(event.number)) as messages:
        assert (await _next(messages)).seats == {"A-1-4": "held"}
        message = await _next(messages)
    assert (message.kind, message.id, message.seats) == ("change", 1, {"A-1-4": "available"})
    assert (message.data["available"], message.data["held"]) == (15, 0)


async def test_other_processes_commits_are_sent_after_a_look(
    inventory: Inventory, other_inventory: Inventory
):
    event = await make_event(inventory, rows=1)
    async with aclosing(inventory.streams.watch(event.number)) as messages:
        await _next(messages)
        waiting = asyncio.ensure_future(_next(messages))
        await place(other_inventory, event.number, "A-1-7")
        async with asyncio.timeout(SECONDS):
            while not waiting.done():
                await inventory._commits.look()
                await asyncio.wait([waiting], timeout=0.05)
        assert (await waiting).seats == {"A-1-7": "held"}


async def test_a_burst_is_one_message(inventory: Inventory):
    """Within 300 ms the counts are sent once, and the message is the same bytes for every client."""
    event = await make_event(inventory, rows=2)
    async with (
        aclosing(inventory.streams.watch(event.number)) as first,
        aclosing(inventory.streams.watch(event.number)) as second,
    ):
        await _next(first)
        await _next(second)
        both = [asyncio.ensure_future(anext(each)) for each in (first, second)]
        for seat in range(1, 11):
            await place(inventory, event.number, f"A-1-{seat}")
        async with asyncio.timeout(SECONDS):
            one, other = await asyncio.gather(*both)
            message, count = _read(one), 1
            while message.id < 10:
                message, count = await _next(first), count + 1
    assert one is other
    assert count <= 3


async def test_a_client_that_resumes_gets_what_it_missed(inventory: Inventory):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    await place(inventory, event.number, "A-1-2")
    await place(inventory, event.number, "A-1-3")
    async with aclosing(inventory.streams.watch(event.number, after=1)) as messages:
        message = await _next(messages)
        assert (message.kind, message.id) == ("change", 3)
        assert message.seats == {"A-1-2": "held", "A-1-3": "held"}
        await place(inventory, event.number, "A-1-4")
        assert (await _next(messages)).seats == {"A-1-4": "held"}


@pytest.mark.parametrize("version", [99, 10**17])
async def test_a_client_that_resumes_at_an_unknown_version_gets_a_snapshot(
    inventory: Inventory, version: int
):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    async with aclosing(inventory.streams.watch(event.number, after=version)) as messages:
        assert (await _next(messages)).kind == "snapshot"


async def test_new_seats_and_rules_are_sent_as_a_snapshot(inventory: Inventory):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    async with aclosing(inventory.streams.watch(event.number)) as messages:
        assert (await _next(messages)).data["map_version"] == 1
        await inventory.execute(event.number, c.ChangeEvent(seats=(SeatSpec("Z-1", "Z", "1"),)))
        message = await _next(messages)
    assert (message.kind, message.data["map_version"], message.data["capacity"]) == ("snapshot", 2, 11)
    assert message.seats == {"A-1-1": "held"}


async def test_a_slow_client_gets_nothing_of_what_it_missed():
    """There is room for one message after the opening. A second one, before the first is taken, drops both."""
    slot, one, two, three = BufferedClient(), Message(b"one"), Message(b"two"), Message(b"three")
    assert slot.write(OPENING)
    assert slot.write(one)
    assert not slot.is_ready
    assert not slot.write(two)
    assert slot.is_ready
    assert slot.write(three)
    assert [await slot.next(), await slot.next()] == [OPENING, three]


async def test_a_slow_clients_stream_continues_with_a_snapshot(inventory: Inventory):
    event = await make_event(inventory, rows=1)
    async with (
        aclosing(inventory.streams.watch(event.number)) as slow,
        aclosing(inventory.streams.watch(event.number)) as quick,
    ):
        await _next(slow)
        await _next(quick)
        for seat in (1, 2, 3):
            await place(inventory, event.number, f"A-1-{seat}")
            message = await _next(quick)
            while message.id < seat:
                message = await _next(quick)
        message = await _next(slow)
    assert (message.kind, message.id) == ("snapshot", 3)
    assert set(message.seats) == {"A-1-1", "A-1-2", "A-1-3"}


async def test_a_quiet_stream_is_kept_alive(inventory: Inventory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(channel_module, "KEEP_ALIVE_SECONDS", 0.05)
    event = await make_event(inventory, capacity=1)
    async with aclosing(inventory.streams.watch(event.number)) as messages, asyncio.timeout(SECONDS):
        assert await anext(messages) == OPENING.body
        assert _read(await anext(messages)).kind == "snapshot"
        assert await anext(messages) == KEEP_ALIVE.body


async def test_streams_end_when_the_server_does(inventory: Inventory):
    event = await make_event(inventory, capacity=1)
    async with aclosing(inventory.streams.watch(event.number)) as messages:
        await _next(messages)
        ending = asyncio.ensure_future(anext(messages))
        await asyncio.wait([ending], timeout=0.01)
        inventory.streams.close()
        async with asyncio.timeout(SECONDS):
            with pytest.raises(StopAsyncIteration):
                await ending
    assert inventory.streams.count == 0
    with pytest.raises(Unavailable):
        inventory.streams.refuse_client()


async def test_streams_beyond_the_limit_are_refused(inventory: Inventory):
    streams = Streams(
        inventory.read_models, inventory.queries._changes_since, inventory._commits, max_clients=1
    )
    event = await make_event(inventory, capacity=1)
    streams.refuse_client()
    async with aclosing(streams.watch(event.number)) as messages:
        await _next(messages)
        with pytest.raises(Busy):
            streams.refuse_client()
    streams.refuse_client()


async def test_a_look_without_watched_events_sends_no_query(inventory: Inventory):
    event = await make_event(inventory, capacity=1)
    async with aclosing(inventory.streams.watch(event.number)) as messages:
        await _next(messages)
        assert await inventory._commits.look() == 1
    async with asyncio.timeout(SECONDS):
        while await inventory._commits.look():
            pass


async def test_an_unknown_event_cannot_be_watched(inventory: Inventory):
    with pytest.raises(EventNotFound):
        await anext(inventory.streams.watch(12345))
