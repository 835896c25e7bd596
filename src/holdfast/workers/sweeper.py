"""Sweeper: rewrites the rows of lapsed holds and of cancelled events' live holds, in small steps through the lanes.

It changes no answer: a lapsed hold is free without it, and a cancelled event's holds read as released. Cancelling is
the only command that leaves rows behind, so no other worker is needed for that.
"""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import structlog

from holdfast.errors import HoldfastError
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.commands import ReclaimLapsed
from holdfast.workers.worker import Worker

__all__ = ["Sweeper"]

log = structlog.get_logger(__name__)


class Sweeper(Worker):
    """A lease lets one process sweep at a time. Two that overlap take turns in the event's lane."""

    name = "sweeper"

    def __init__(
        self,
        inventory: Inventory,
        *,
        interval: float = Worker.interval,
        holds_per_step: int = 500,
        events_per_round: int = 200,
        events_at_once: int = 4,
        max_rounds: int = 20,
        lease_seconds: float = 10.0,
        owner: UUID | None = None,
    ) -> None:
        self.interval = interval
        self._inventory = inventory
        self._holds_per_step = holds_per_step
        self._events_per_round = events_per_round
        self._events_at_once = events_at_once
        self._max_rounds = max_rounds
        self._lease_seconds = lease_seconds
        self._owner = owner or uuid4()

    async def run_once(self) -> int:
        """Return the number of holds rewritten. An idle run is one read; the next run continues a large backlog."""
        done = 0
        for _ in range(self._max_rounds):
            numbers = await self._inventory.operations.find_unswept(self._events_per_round)
            if not numbers:
                break
            if not await self._inventory.operations.take_lease(self.name, self._owner, self._lease_seconds):
                break
            swept = await self._sweep(numbers)
            if not swept:
                break
            done += swept
        return done

    async def _sweep(self, numbers: list[int]) -> int:
        swept = 0
        for start in range(0, len(numbers), self._events_at_once):
            step = numbers[start : start + self._events_at_once]
            swept += sum(await asyncio.gather(*(self._sweep_event(number) for number in step)))
        return swept

    async def _sweep_event(self, number: int) -> int:
        """Sweep one event and return its number of holds. A busy event is left for the next run."""
        command = ReclaimLapsed(by="sweeper", limit=self._holds_per_step)
        try:
            return await self._inventory.execute(number, command)
        except HoldfastError as error:
            log.info("event_not_swept", event_number=number, code=error.code)
            return 0
