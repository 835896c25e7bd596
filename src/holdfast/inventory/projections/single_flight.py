"""Single flight: readers of one thing share one query, but never one that began before they arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SingleFlight(Generic[Key, Value]):
    """Max two reads of a key exist: one that runs, and one that begins after it, for everyone who arrived
    meanwhile."""

    def __init__(self, read: Callable[[Key], Awaitable[Value]]) -> None:
        self._read = read
        self._readers: dict[Key, list[asyncio.Future[Value]]] = {}
        """Readers of the read that has not begun yet."""
        self._running: dict[Key, asyncio.Task[None]] = {}

    async def get(self, key: Key) -> Value:
        running = self._running.get(key)
        # A task's own loop costs less than asking which one runs, and most readers find one under way.
        loop = asyncio.get_running_loop() if running is None else running.get_loop()
        reader: asyncio.Future[Value] = loop.create_future()
        self._readers.setdefault(key, []).append(reader)
        if running is None:
            self._running[key] = loop.create_task(self._run(key))
        return await reader

    async def _run(self, key: Key) -> None:
        """Read while there are readers. Nothing is awaited between the last look and the end, so none is missed."""
        readers: list[asyncio.Future[Value]] = []
        try:
            while readers := self._readers.pop(key, []):
                try:
                    value = await self._read(key)
                except Exception as error:  # noqa: BLE001 - it is each reader's own to raise
                    for reader in readers:
                        if not reader.done():
                            reader.set_exception(error)
                    continue
                for reader in readers:
                    if not reader.done():
                        reader.set_result(value)
        finally:
            del self._running[key]
            for reader in (*readers, *self._readers.pop(key, ())):  # empty, unless this task was cancelled
                reader.cancel()
