"""Combining reads: many readers of one thing share one query, and never one that began before they came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Combined(Generic[Key, Value]):
    """At most two reads of a key exist: one that runs, and one that begins when it ends, for all who came meanwhile."""

    def __init__(self, read: Callable[[Key], Awaitable[Value]]) -> None:
        self._read = read
        self._running: dict[Key, asyncio.Task[Value]] = {}
        self._next: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key) -> Value:
        task = self._next.get(key)
        if task is None:
            running = self._running.get(key)
            task = asyncio.get_running_loop().create_task(self._after(running, key))
            if running is None:
                self._running[key] = task
            else:
                self._next[key] = task
        return await asyncio.shield(task)

    async def _after(self, before: asyncio.Task[Value] | None, key: Key) -> Value:
        mine = asyncio.current_task()
        if before is not None:
            await asyncio.wait([before])
            del self._next[key]
            self._running[key] = mine  # type: ignore[assignment]  # this very task
        try:
            return await self._read(key)
        finally:
            if self._running.get(key) is mine:
                del self._running[key]
