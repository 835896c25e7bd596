"""Sellers: callers of a server who sell all the time, and remember every booking that was acknowledged to them."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self
from uuid import UUID

from holdfast.client import AsyncClient, BestAvailable, Quantity, Retries
from holdfast.client.models import Event, Hold

STUBBORN = Retries(total_seconds=40.0, first_pause_seconds=0.02, longest_pause_seconds=0.2)
"""Every sale that was begun is settled, so that what was acknowledged is exactly what was sold."""


class Sellers:
    """So many callers, one admission after another each, every other one a seat, until the block ends.

    Whatever a caller meets that its client cannot settle by asking again fails the test.
    """

    def __init__(self, url: str, event: Event, *, callers: int = 12) -> None:
        self.booked: dict[UUID, UUID] = {}
        """Hold of each acknowledged booking."""
        self._url = url
        self._event = event
        self._sold = [0] * callers
        self._moved = asyncio.Condition()
        self._leaving = False
        self._tasks: list[asyncio.Task[None]] = []

    async def everyone_sells(self, sales: int = 1) -> None:
        """Return once every caller has begun and ended so many more sales; a sale under way does not count."""
        wanted = [sold + sales + 1 for sold in self._sold]
        async with self._moved:
            await self._moved.wait_for(
                lambda: (
                    any(task.done() for task in self._tasks)
                    or all(sold >= goal for sold, goal in zip(self._sold, wanted, strict=True))
                )
            )
        for task in self._tasks:
            if task.done():
                task.result()

    async def _sell(self, caller: int, client: AsyncClient) -> None:
        try:
            while not self._leaving:
                line = BestAvailable(1) if caller % 2 else Quantity(1, area="floor")
                hold = await client.place_hold(self._event, line, ttl_seconds=600)
                await self._confirm(client, hold)
                async with self._moved:
                    self._sold[caller] += 1
                    self._moved.notify_all()
        except BaseException:
            async with self._moved:
                self._moved.notify_all()
            raise

    async def _confirm(self, client: AsyncClient, hold: Hold) -> None:
        booking = await client.confirm_hold(hold)
        assert booking.hold == hold.id
        assert self.booked.setdefault(booking.id, hold.id) == hold.id

    async def __aenter__(self) -> Self:
        self._client = AsyncClient(self._url, retries=STUBBORN)
        self._tasks = [
            asyncio.create_task(self._sell(caller, self._client)) for caller in range(len(self._sold))
        ]
        return self

    async def leave(self) -> None:
        """Let every caller end its sale; raise what one of them met."""
        self._leaving = True
        await asyncio.gather(*self._tasks)

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self.leave()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._client.close()
