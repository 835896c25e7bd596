"""Shared flight: readers of many keys share reads, and no reader gets a read that began before it asked.

What belongs here: everything that can happen between `get` and an answer. We listed the states of a reader (waiting,
being read, gone) against those of a read (to come, running, failed, cancelled).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from holdfast.inventory.projections.shared_flight import SharedFlight


class Shelf:
    """A store of numbers. Each read waits until a test lets it end."""

    def __init__(self, *, max_keys: int = 64) -> None:
        self.reads: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken: Exception | None = None
        self.flight: SharedFlight[str, int] = SharedFlight(self.read, max_keys=max_keys)

    async def read(self, keys: Sequence[str]) -> list[int | Exception]:
        self.reads.append([*keys])
        number = len(self.reads)
        await self.open.wait()
        if self.broken is not None:
            raise self.broken
        return [LookupError(key) if key == "missing" else number for key in keys]

    async def until_reads(self, count: int) -> None:
        while len(self.reads) < count:
            await _a_turn()


async def test_the_keys_of_a_turn_are_one_read() -> None:
    shelf = Shelf()
    assert await asyncio.gather(*(shelf.flight.get(key) for key in "abcab")) == [1] * 5
    assert shelf.reads == [["a", "b", "c"]]


async def test_a_reader_who_comes_during_a_read_gets_the_next_one() -> None:
    shelf = Shelf()
    shelf.open.clear()
    first = shelf.flight.get("a")
    await shelf.until_reads(1)
    second, third = shelf.flight.get("a"), shelf.flight.get("a")
    shelf.open.set()
    assert await asyncio.gather(first, second, third) == [1, 2, 2]
    assert shelf.reads == [["a"], ["a"]]


async def test_a_key_is_never_read_twice_at_one_time() -> None:
    """Another key starts a second read at once, but the key that is being read waits for its own."""
    shelf = Shelf()
    shelf.open.clear()
    first = shelf.flight.get("a")
    await shelf.until_reads(1)
    again, other = shelf.flight.get("a"), shelf.flight.get("b")
    await shelf.until_reads(2)
    assert shelf.reads == [["a"], ["b"]]
    shelf.open.set()
    assert await asyncio.gather(first, again, other) == [1, 3, 2]


async def test_an_error_of_one_key_is_of_its_readers_alone() -> None:
    shelf = Shelf()
    found = await asyncio.gather(
        *(shelf.flight.get(key) for key in ("a", "missing", "b", "missing")), return_exceptions=True
    )
    assert [str(each) for each in found] == ["1", "missing", "1", "missing"]


async def test_a_read_that_raises_is_an_error_for_each_of_its_readers() -> None:
    """The next read is not touched."""
    shelf = Shelf()
    shelf.broken = OSError("no disk")
    found = await asyncio.gather(*(shelf.flight.get(key) for key in "ab"), return_exceptions=True)
    assert [repr(each) for each in found] == ["OSError('no disk')"] * 2
    shelf.broken = None
    assert await shelf.flight.get("a") == 2


async def test_more_keys_than_two_reads_take_wait_for_the_next() -> None:
    shelf = Shelf(max_keys=2)
    shelf.open.clear()
    readers = [shelf.flight.get(key) for key in "abcdefg"]
    await shelf.until_reads(2)
    for _ in range(10):
        await _a_turn()
    assert shelf.reads == [["a", "b"], ["c", "d"]]
    shelf.open.set()
    assert await asyncio.gather(*readers) == [1, 1, 2, 2, 3, 3, 4]


async def test_a_reader_who_leaves_takes_nothing_from_the_others() -> None:
    """Not before the read, and not during it; a key without readers is not read."""
    shelf = Shelf(max_keys=1)
    gone = [shelf.flight.get("x") for _ in range(2)]
    early, late, patient = (shelf.flight.get("a") for _ in range(3))
    early.cancel()
    for reader in gone:
        reader.cancel()
    shelf.open.clear()
    await shelf.until_reads(1)
    late.cancel()
    shelf.open.set()
    assert await patient == 1
    assert shelf.reads == [["a"]]


async def test_no_reader_waits_for_a_read_that_was_cancelled() -> None:
    """A server that stops cancels its tasks: readers of this read, of the next one, and those without a read."""
    shelf = Shelf(max_keys=1)
    shelf.open.clear()
    readers = [shelf.flight.get(key) for key in "abc"]
    await shelf.until_reads(2)
    readers.append(shelf.flight.get("a"))
    for task in [*shelf.flight._tasks]:
        task.cancel()
    for reader in readers:
        with pytest.raises(asyncio.CancelledError):
            await reader
    shelf.open.set()
    assert await shelf.flight.get("a") == 3


async def _a_turn() -> None:
    """Let the loop run what is ready."""
    await asyncio.sleep(0)
