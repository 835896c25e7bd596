"""Live check: compares every event's rows with its journal during the sale, and stops an event whose rows disagree.

It fails closed: nothing more is sold on top of an error until a person has checked (docs/guides/alarm.md). Only that
event is stopped, through its own lane, like any other command.
"""

from __future__ import annotations

import time
from uuid import UUID, uuid4

import structlog

from holdfast.errors import EventCancelled, EventNotFound, HoldfastError
from holdfast.inventory import metrics
from holdfast.inventory.audit.live_check import Disagreement, LiveAudit
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.commands import StopSales
from holdfast.workers.worker import Worker

__all__ = ["LiveCheck"]

log = structlog.get_logger(__name__)

BY = "check"
"""The journal's name for the live check, as the author of a stop."""


class LiveCheck(Worker):
    """A lease lets one process check at a time. Two that overlap find the same."""

    name = "live_check"

    def __init__(
        self,
        inventory: Inventory,
        *,
        interval: float = Worker.interval,
        audit: LiveAudit | None = None,
        max_seconds: float = 5.0,
        owner: UUID | None = None,
    ) -> None:
        self.interval = interval
        self._inventory = inventory
        self._audit = audit or inventory.operations.make_live_audit()
        self._max_seconds = max_seconds
        self._lease_seconds = max(30.0, 3 * interval)
        self._owner = owner or uuid4()
        self._last = 0
        """The last event that was checked. The next run starts after it, so that every event gets a turn."""
        self._to_stop: dict[int, None] = {}
        """Events still to stop, because their lane was full or the database did not answer."""

    async def run_once(self) -> int:
        """Return the number of events checked. The next run continues after the time limit."""
        for number in list(self._to_stop):
            await self._stop(number)
        if not await self._inventory.operations.take_lease(self.name, self._owner, self._lease_seconds):
            self._audit.forget()
            return 0
        moved = await self._audit.find_moved()
        end = time.monotonic() + self._max_seconds
        checked = 0
        for number in sorted(moved, key=lambda number: (number <= self._last, number)):
            self._last = number
            found = await self._audit.check(number, moved[number])
            if found:
                await self._alarm(number, found)
            checked += 1
            if time.monotonic() >= end:
                break
        metrics.CHECK_LOOKS.inc()
        return checked

    async def _alarm(self, number: int, found: list[Disagreement]) -> None:
        for each in found:
            metrics.VIOLATIONS.inc()
            metrics.CHECK_DISAGREEMENTS.labels(each.code).inc()
            log.error(
                "live_check_disagreement",
                event_number=number,
                code=each.code,
                subject=each.subject,
                detail=each.detail,
            )
        self._to_stop[number] = None
        await self._stop(number)

    async def _stop(self, number: int) -> None:
        try:
            await self._inventory.execute(number, StopSales(by=BY))
        except (EventCancelled, EventNotFound) as refusal:
            log.info("nothing_to_stop", event_number=number, code=refusal.code)
        except HoldfastError as error:
            log.error("sales_not_stopped", event_number=number, code=error.code)
            return
        else:
            metrics.CHECK_STOPS.inc()
            log.error("sales_stopped", event_number=number, by=BY)
        del self._to_stop[number]
