"""Shared flight: readers of many things share one query, but never one that began before they arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from itertools import chain, islice
from typing import Generic, TypeVar

from holdfast.inventory.waiter import Waiter, resolve_all

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Readers = list[Waiter[Value]]


class SharedFlight(Generic[Key, Value]):
    """One read takes all keys that were requested in a turn of the loop, or while the reads before it ran.

    As in a SingleFlight, max two reads of a key exist: one that runs, and one that begins after it.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Key]], Awaitable[Sequence[Value | Exception]]],
        *,
        max_keys: int = 64,
        max_reads: int = 2,
    ) -> None:
        """`read` returns the value or the error of each key. `max_keys` of one read; `max_reads` at one time."""
        self._read = read
        self._max_keys = max_keys
        self._max_reads = max_reads
        self._waiting: dict[Key, Readers[Value]] = {}
        """Readers whose keys the next read takes."""
        self._running: dict[Key, Readers[Value]] = {}
        """Keys that are being read, with the readers who arrived meanwhile."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """Looked up once, because on each call Python asks the system whether the process has forked."""

    def get(self, key: Key) -> Waiter[Value]:
        loop = self._loop = self._loop or asyncio.get_running_loop()
        reader: Waiter[Value] = Waiter(loop)
        later = self._running.get(key)
        if later is not None:
            later.append(reader)
            return reader
        if not self._waiting:
            self._start(loop)
        self._waiting.setdefault(key, []).append(reader)
        return reader

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._tasks) < self._max_reads:
            self._tasks.add(loop.create_task(self._run(loop)))

    async def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read while there are readers. Nothing is awaited between the last look and the end, so none is missed."""
        taken: dict[Key, Readers[Value]] = {}
        try:
            while taken := self._take():
                if self._waiting:
                    self._start(loop)
                found: Sequence[Value | Exception]
                try:
                    found = await self._read(list(taken))
                except Exception as error:  # noqa: BLE001 - it is each reader's own to raise
                    found = [error] * len(taken)
                self._resolve(taken, found, loop)
        finally:
            self._tasks.discard(asyncio.current_task(loop))
            unread = [
                *taken.values(),
                *(self._running.pop(key, ()) for key in taken),
            ]  # if this task was cancelled
            if not self._tasks:
                unread += self._waiting.values()
                self._waiting.clear()
            for reader in chain.from_iterable(unread):
                reader.cancel()

    def _take(self) -> dict[Key, Readers[Value]]:
        """Return the keys of the next read that still have readers."""
        taken: dict[Key, Readers[Value]] = {}
        while self._waiting and not taken:
            for key in list(islice(self._waiting, self._max_keys)):
                readers = self._waiting.pop(key)
                if not all(reader.done() for reader in readers):
                    taken[key] = readers
                    self._running[key] = []
        return taken

    def _resolve(
        self,
        taken: dict[Key, Readers[Value]],
        found: Sequence[Value | Exception],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        for (key, readers), value in zip(taken.items(), found, strict=True):
            later = self._running.pop(key)
            if later:
                self._waiting[key] = later
            if isinstance(value, Exception):
                for reader in readers:
                    reader.fail_soon(value)
            else:
                loop.call_soon(resolve_all, readers, [value] * len(readers))
