"""Live check: follows every event's journal as it sells, and stops the sales of one whose rows disagree with it.

It fails closed: whatever is wrong, no more is sold on top of it until a person has looked
(docs/guides/alarm.md). Only that event is stopped, through its own lane, like any other command.
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

log = structlog.get_logger(__name__)

LEASE = "live_check"
BY = "check"
"""Who stopped the sales, as the journal says."""


class LiveCheck:
    """One process at a time checks, as far as a lease can say so; two that do find the same."""

    def __init__(
        self,
        inventory: Inventory,
        *,
        checking: LiveAudit | None = None,
        most_seconds: float = 5.0,
        lease_seconds: float = 30.0,
        owner: UUID | None = None,
    ) -> None:
        self._inventory = inventory
        self._checking = checking or inventory.operations.make_live_audit()
        self._most_seconds = most_seconds
        self._lease_seconds = lease_seconds
        self._owner = owner or uuid4()
        self._last = 0
        """The event that was looked at last: the next look goes on behind it, so that each has its turn."""
        self._to_stop: dict[int, None] = {}
        """Events that are not stopped yet, because their lane was crowded or the database away."""

    async def run_once(self) -> int:
        """How many events were looked at. What a look has no time for is the next one's."""
        for number in list(self._to_stop):
            await self._stop(number)
        if not await self._inventory.operations.take_lease(LEASE, self._owner, self._lease_seconds):
            self._checking.forget()
            return 0
        moved = await self._checking.find_moved()
        end = time.monotonic() + self._most_seconds
        looked = 0
        for number in sorted(moved, key=lambda number: (number <= self._last, number)):
            self._last = number
            found = await self._checking.check(number, moved[number])
            if found:
                await self._alarm(number, found)
            looked += 1
            if time.monotonic() >= end:
                break
        metrics.CHECK_LOOKS.inc()
        return looked

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
