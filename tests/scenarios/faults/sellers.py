"""Sellers: callers that sell without pause, and remember every acknowledged booking."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self
from uuid import UUID

from holdfast_client import AsyncClient, BestAvailable, Quantity, Retries
from holdfast_client.models import Event, Hold

STUBBORN = Retries(
    total_seconds=40.0, first_pause_seconds=0.02, longest_pause_seconds=0.2, wait_for_server=True
)
"""Retries long enough to settle every sale, so that the acknowledged bookings are exactly the sold ones."""


class Sellers:
    """Callers that each sell one admission after another until the block ends. Every second caller sells seats.

    An error that the client cannot settle by a retry fails the test.
    """

    def __init__(self, url: str, event: Event, *, callers: int = 12) -> None:
        self.booked: dict[UUID, UUID] = {}
        """The hold of each acknowledged booking."""
        self._url = url
        self._event = event
        self._sold = [0] * callers
        self._progress = asyncio.Condition()
        self._is_stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def until_everyone_sells(self, sales: int = 1) -> None:
        """Return when every caller has completed `sales` more sales. Sales that are under way do not count."""
        goals = [sold + sales + 1 for sold in self._sold]
        async with self._progress:
            await self._progress.wait_for(
                lambda: (
                    any(task.done() for task in self._tasks)
                    or all(sold >= goal for sold, goal in zip(self._sold, goals, strict=True))
                )
            )
        for task in self._tasks:
            if task.done():
                task.result()

    async def _sell(self, caller: int, client: AsyncClient) -> None:
        try:
            while not self._is_stopping:
                line = BestAvailable(1) if caller % 2 else Quantity(1, area="floor")
                hold = await client.place_hold(self._event, line, ttl_seconds=600)
                await self._confirm(client, hold)
                async with self._progress:
                    self._sold[caller] += 1
                    self._progress.notify_all()
        except BaseException:
            async with self._progress:
                self._progress.notify_all()
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

    async def stop(self) -> None:
        """Let every caller finish its sale. Raises the first error of a caller."""
        self._is_stopping = True
        await asyncio.gather(*self._tasks)

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self.stop()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._client.close()
