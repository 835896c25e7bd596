"""Clock check: finds events whose own time is ahead of the clock, because it once stood far ahead.

An event's time never runs backwards. So its holds do not expire until the real time has caught up.
"""

from __future__ import annotations

import structlog

from holdfast.inventory.inventory import Inventory
from holdfast.workers.worker import Worker

__all__ = ["ClockCheck"]

log = structlog.get_logger(__name__)

_TOLERATED_SECONDS = 5.0
"""Clocks of a primary and of its successor may differ by a little, and real time soon catches up."""


class ClockCheck(Worker):
    """One small read of every event in ten seconds. It logs an event once."""

    name = "clock_check"
    interval = 10.0

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._reported: set[int] = set()

    async def run_once(self) -> int:
        """Return the number of events ahead."""
        found = [
            each
            for each in await self._inventory.operations.observe_clock()
            if each.seconds > _TOLERATED_SECONDS
        ]
        for each in found:
            if each.number not in self._reported:
                log.warning(
                    "clock_ahead",
                    event_number=each.number,
                    seconds=round(each.seconds),
                    advice="its holds do not expire: correct the clock, then run `holdfast db fix-clock`",
                )
        self._reported = {each.number for each in found}
        return len(found)
