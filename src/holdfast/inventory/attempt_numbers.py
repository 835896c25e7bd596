"""Attempt numbers: the small integers that identify instant bookings."""

from __future__ import annotations

import asyncio

from holdfast.inventory.store.events import EventStore

_AT_ONCE = 1_000


class AttemptNumbers:
    """Hands out numbers. A process fetches a thousand together, so that a sale seldom waits for one."""

    def __init__(self, event_store: EventStore) -> None:
        self._event_store = event_store
        self._numbers: list[int] = []
        self._fetching = asyncio.Lock()

    async def next(self) -> int:
        while not self._numbers:
            async with self._fetching:  # one fetch serves all callers that found none
                if not self._numbers:
                    self._numbers = (await self._event_store.next_dialect_numbers(_AT_ONCE))[::-1]
        return self._numbers.pop()

    def forget(self) -> None:
        """Drop the fetched numbers: a restored database hands them out again."""
        self._numbers.clear()
