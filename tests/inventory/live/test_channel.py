"""Channels: each message reaches all clients of an event, whatever single clients do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, aclosing
from typing import Any

import orjson
import pytest

from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.live import channel as channel_module
from holdfast.inventory.projections.read_model import ReadModel
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from holdfast.postgres.connections import Connections
from holdfast.sse import KEEP_ALIVE, OPENING, Message
from support.house_of import confirm, make_event, place

SECONDS = 20.0


class Recorder:
    """A reader that keeps its messages. While it is `slow` it takes none."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.messages: list[Message] = []
        self.slow = False
        self.is_over = False
        self.then = then
        self._news = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        return not self.slow

    def write(self, message: Message) -> bool:
        if self.slow:
            return False
        if message is not OPENING:
            self.messages.append(message)
            self._news.set()
            self.then()
        return True

    def end(self) -> None:
        self.is_over = True

    async def message_of(self, version: int) -> Message:
        """Return the first message with this version or a later one."""
        while True:
            for message in self.messages:
                if message is not KEEP_ALIVE and _id(message) >= version:
                    return message
            await self.more()

    async def more(self) -> None:
        self._news.clear()
        async with asyncio.timeout(SECONDS):
            await self._news.wait()


def _id(message: Message) -> int:
    return int(message.body.split(b"\n", 1)[0].rpartition(b".")[2])


def _kind(message: Message) -> str:
    return message.body.split(b"\n", 2)[1].removeprefix(b"event: ").decode()


@pytest.fixture
async def other_inventory(database_url: str) -> AsyncIterator[Inventory]:
    """Another process, over the same database."""
    made = Inventory(Connections(database_url), HoldTokens(b"a server key of the tests"))
    await made.open()
    yield made
    await made.close()


async def _joined(
    inventory: Inventory, number: int, stack: ExitStack, *readers: Recorder, **more: Any
) -> None:
    read_model = await inventory.read_models.get_current(number)
    for reader in readers:
        stack.enter_context(inventory.streams.joined(read_model, reader, **more))


async def test_all_clients_get_the_same_message(inventory: Inventory):
    """First messages and changes are both written once, for any number of clients."""
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    readers = [Recorder() for _ in range(5)]
    with ExitStack() as stack:
        await _joined(inventory, event.number, stack, *readers)
        await readers[-1].message_of(1)
        readers.append(Recorder())  # arrives later, in the same state
        await _joined(inventory, event.number, stack, readers[-1])
        first = [await reader.message_of(1) for reader in readers]
        await place(inventory, event.number, "A-1-2")
        change = [await reader.message_of(2) for reader in readers]
    for sent, kind in ((first, "snapshot"), (change, "change")):
        assert _kind(sent[0]) == kind
        assert all(each is sent[0] for each in sent)


async def test_clients_that_resume_at_one_version_get_the_same_message(inventory: Inventory):
    event = await make_event(inventory, rows=1)
    for seat in (1, 2):
        await place(inventory, event.number, f"A-1-{seat}")
    readers = [Recorder() for _ in range(5)]
    with ExitStack() as stack:
        await _joined(inventory, event.number, stack, *readers, after=1)
        first = [await reader.message_of(2) for reader in readers]
    assert _kind(first[0]) == "change"
    assert all(each is first[0] for each in first)


async def test_a_client_that_leaves_during_a_message_disturbs_no_other(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
):
    """It also gets no further message."""
    monkeypatch.setattr(channel_module, "WRITES_AT_ONCE", 1)
    event = await make_event(inventory, rows=1)
    readers = [Recorder() for _ in range(6)]
    with ExitStack() as staying, ExitStack() as leaving:
        read_model = await inventory.read_models.get_current(event.number)
        for reader in readers[:3]:
            staying.enter_context(inventory.streams.joined(read_model, reader))
        for reader in readers[3:]:
            leaving.enter_context(inventory.streams.joined(read_model, reader))
        for reader in readers:
            await reader.message_of(0)
        counts = [len(reader.messages) for reader in readers]
        gone: list[int] = []

        def leave() -> None:
            if not gone:
                gone.extend(len(reader.messages) for reader in readers[3:])
                leaving.close()

        for reader in readers:
            reader.then = leave
        await place(inventory, event.number, "A-1-1")
        for reader in readers[:3]:
            assert _kind(await reader.message_of(1)) == "change"
        assert inventory.streams.count == 3
        await place(inventory, event.number, "A-1-2")
        for reader in readers[:3]:
            await reader.message_of(2)
    assert [len(reader.messages) for reader in readers[3:]] == gone
    assert all(len(reader.messages) == count + 2 for reader, count in zip(readers[:3], counts, strict=False))
    assert inventory.streams.count == 0


async def test_a_kept_snapshot_and_the_next_change_leave_nothing_out(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
):
    """A large snapshot may be older than the newest sale, but never older than the last change that all clients
    got."""
    monkeypatch.setattr(channel_module, "LARGE_BYTES", 0)
    event = await make_event(inventory, rows=1)
    readers: list[Recorder] = []
    with ExitStack() as stack:
        for seat in range(1, 6):
            readers.append(Recorder())
            await _joined(inventory, event.number, stack, readers[-1])
            await readers[-1].message_of(0)
            await place(inventory, event.number, f"A-1-{seat}")
            if seat % 2:
                await readers[0].message_of(seat)
        for reader in readers:
            await reader.message_of(5)
    for reader in readers:
        seats = [orjson.loads(message.body.split(b"data: ", 1)[1])["seats"] for message in reader.messages]
        assert {seat["label"] for some in seats for seat in some} == {f"A-1-{seat}" for seat in range(1, 6)}


async def test_slow_first_messages_reach_every_client(inventory: Inventory, monkeypatch: pytest.MonkeyPatch):
    """Each round sends some messages, even if the time is over before the message is written."""
    monkeypatch.setattr(channel_module, "GREETING_SECONDS", -1.0)
    monkeypatch.setattr(channel_module, "WRITES_AT_ONCE", 1)
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    readers, returning = [Recorder() for _ in range(4)], [Recorder() for _ in range(4)]
    with ExitStack() as stack:
        await _joined(inventory, event.number, stack, *readers)
        await _joined(inventory, event.number, stack, *returning, after=0)
        for reader in (*readers, *returning):
            await reader.message_of(1)


async def test_a_slow_client_gets_a_snapshot_instead_of_missed_changes(inventory: Inventory):
    """They do not delay the other clients, and get nothing in between."""
    event = await make_event(inventory, rows=1)
    slow, quick = Recorder(), Recorder()
    with ExitStack() as stack:
        await _joined(inventory, event.number, stack, slow, quick)
        await slow.message_of(0)
        slow.slow = True
        for seat in (1, 2, 3):
            await place(inventory, event.number, f"A-1-{seat}")
            await quick.message_of(seat)
        slow.slow = False
        await place(inventory, event.number, "A-1-4")
        await slow.message_of(4)
        await place(inventory, event.number, "A-1-5")
        assert _kind(await slow.message_of(5)) == "change"
    kinds = [_kind(message) for message in slow.messages]
    assert kinds[:2] == ["snapshot", "snapshot"]
    assert set(kinds[2:]) == {"change"}
    seats = orjson.loads(slow.messages[1].body.split(b"data: ", 1)[1])["seats"]
    assert {seat["label"] for seat in seats} >= {"A-1-1", "A-1-2", "A-1-3"}


async def test_an_expiry_is_sent_although_a_client_stays_behind(inventory: Inventory):
    """Nobody sells anything meanwhile. Only time passes, and the channel keeps checking the slow client."""
    event = await make_event(inventory, rows=1)
    slow, quick = Recorder(), Recorder()
    with ExitStack() as stack:
        await _joined(inventory, event.number, stack, slow, quick)
        await slow.message_of(0)
        slow.slow = True
        await place(inventory, event.number, "A-1-1", ttl=1)
        await quick.message_of(1)
        while b'"available"}' not in quick.messages[-1].body:
            await quick.more()


async def test_a_slow_client_gets_no_keep_alive(inventory: Inventory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(channel_module, "KEEP_ALIVE_SECONDS", 0.02)
    event = await make_event(inventory, rows=1)
    slow, quick = Recorder(), Recorder()
    with ExitStack() as stack:
        await _joined(inventory, event.number, stack, slow, quick)
        await slow.message_of(0)
        slow.slow = True
        while quick.messages.count(KEEP_ALIVE) < 3:
            await quick.more()
        slow.slow = False
        while KEEP_ALIVE not in slow.messages:
            await slow.more()
    assert [_kind(message) for message in slow.messages if message is not KEEP_ALIVE] == ["snapshot"]


def _shown(read_model: ReadModel) -> dict[str, Any]:
    """Return everything that the read model shows, and its basis."""
    return {
        "state": read_model.state,
        "taken": dict(read_model.taken),
        "counts": read_model.availability().counts,
        "areas": read_model.availability().areas,
        "until": read_model.next_expiry,
    }


async def test_a_watched_read_model_follows_own_commits_without_query(
    inventory: Inventory, other_inventory: Inventory
):
    """After each commit it equals the database, without a query."""
    event = await make_event(inventory, capacity=50, rows=2)
    number = event.number
    with ExitStack() as stack:
        await _joined(inventory, number, stack, Recorder())
        read_model = await inventory.read_models.get_current(number)
        kept = await place(inventory, number, 2, "A-1-1", "A-1-2")
        await confirm(inventory, number, kept)
        released = await place(inventory, number, 3, "A-1-3")
        await inventory.execute(number, c.ReleaseHold(hold_id=released, authority=c.STAFF))
        longer = await place(inventory, number, 1, "A-1-4", ttl=30)
        await inventory.execute(number, c.ExtendHold(hold_id=longer, ttl_seconds=300, authority=c.STAFF))
        await inventory.block(
            number, c.BlockAdmissions(block_id=inventory.new_id(number), labels=("A-2-1",), by="test")
        )
        seen = await inventory.read_models.get_at(number, 0)
        assert seen is read_model
        assert _shown(seen) == _shown(await other_inventory.read_models.get_current(number))


async def test_a_read_model_finds_own_and_other_commits(inventory: Inventory, other_inventory: Inventory):
    event = await make_event(inventory, rows=1)
    reader = Recorder()
    with ExitStack() as stack:
        await _joined(inventory, event.number, stack, reader)
        await reader.message_of(0)
        await place(other_inventory, event.number, "A-1-1")
        await place(inventory, event.number, "A-1-2")
        assert (await inventory.read_models.get_at(event.number, 0)).version == 0
        await reader.message_of(2)
    seats = [orjson.loads(message.body.split(b"data: ", 1)[1])["seats"] for message in reader.messages[1:]]
    assert {seat["label"] for some in seats for seat in some} == {"A-1-1", "A-1-2"}


async def test_a_change_of_rules_builds_the_read_model_again(inventory: Inventory):
    event = await make_event(inventory, rows=1)
    reader = Recorder()
    with ExitStack() as stack:
        await _joined(inventory, event.number, stack, reader)
        await reader.message_of(0)
        await inventory.execute(event.number, c.ChangeEvent(seats=(SeatSpec("Z-1", "Z", "1"),)))
        await place(inventory, event.number, "Z-1")
        sent = await reader.message_of(2)
    assert _kind(sent) == "snapshot"
    assert orjson.loads(sent.body.split(b"data: ", 1)[1])["seats"][0]["label"] == "Z-1"


async def test_an_unwatched_read_model_does_not_follow_commits(inventory: Inventory):
    event = await make_event(inventory, rows=1)
    async with aclosing(inventory.streams.watch(event.number)) as messages:
        await anext(messages)
    read_model = await inventory.read_models.get_current(event.number)
    await place(inventory, event.number, "A-1-1")
    assert read_model.version == 0
