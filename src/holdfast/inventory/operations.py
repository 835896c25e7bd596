"""Operations: what probes and workers ask of the inventory: health, totals, gauges, upkeep and audits."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

from holdfast.errors import Unavailable
from holdfast.inventory import metrics
from holdfast.inventory.audit.check import Auditor
from holdfast.inventory.audit.live_check import LiveAudit
from holdfast.inventory.batching.scheduler import LaneScheduler
from holdfast.inventory.live.streams import Streams
from holdfast.inventory.projections.single_flight import SingleFlight
from holdfast.inventory.store.read_models import ReadModelStore
from holdfast.inventory.store.reads import ReadStore, Totals
from holdfast.inventory.store.workers import WorkerStore
from holdfast.postgres.connections import Connections

CHECK_SECONDS = 2.0
ANSWER_SECONDS = 1.5
"""Less than the whole: a connection that is silent is cut off first, since waiting for it cannot be broken off."""

TOTALS_SECONDS = 1.0
"""Counting everything reads whole tables: once in this time, whatever the number of requests."""


class Operations:
    """Nothing here belongs to one event's sale, so that nothing here waits for a lane."""

    def __init__(
        self,
        connections: Connections,
        *,
        reads: ReadStore,
        checks: ReadModelStore,
        streams: Streams,
        lanes: LaneScheduler,
    ) -> None:
        self._connections = connections
        self._reads = reads
        self._checks = checks
        self._streams = streams
        self._lanes = lanes
        self._store = WorkerStore(connections)
        self._counts = SingleFlight(self._count)
        self._counted: tuple[float, Totals] | None = None

    async def check(self) -> None:
        """Raises Unavailable where the database does not answer soon, or the server is shutting down."""
        if self._streams.is_closing:
            raise Unavailable(Unavailable.SHUTTING_DOWN)
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._checks.check(ANSWER_SECONDS)
        except TimeoutError:
            raise Unavailable(Unavailable.DATABASE_SILENT) from None

    async def count_totals(self) -> Totals:
        """Of all events together, at most a second old."""
        if self._counted is not None and time.monotonic() - self._counted[0] < TOTALS_SECONDS:
            return self._counted[1]
        return await self._counts.get(None)

    async def observe_holds(self) -> None:
        """Sets the gauges that only the database knows."""
        live, oldest_seconds = await self._reads.count_live_holds()
        metrics.LIVE_HOLDS.set(live)
        metrics.OLDEST_UNSWEPT_SECONDS.set(oldest_seconds)

    def observe_queues(self) -> None:
        """Sets the gauges of this process: commands that wait, and open streams."""
        metrics.LANE_DEPTH.set(self._lanes.depth)
        metrics.STREAMS.set(self._streams.count)

    # -- upkeep ----------------------------------------------------------------------------------------------------

    async def take_lease(self, name: str, owner: UUID, seconds: float) -> bool:
        """Whether this owner does the job for the next seconds; a lease of its own is prolonged."""
        return await self._store.take_lease(name, owner, seconds)

    async def find_unswept(self, most: int) -> list[int]:
        """Numbers of events whose holds' rows are to be rewritten, at most `most` of each node."""
        return await self._store.find_unswept(most)

    async def delete_old_answers(self, hours: int, most: int) -> int:
        """Returns how many answers of Idempotency-Keys went, at most `most` of each node; 0: none is old."""
        return await self._store.delete_old_answers(hours, most)

    async def delete_old_attempts(self, days: int, most: int) -> int:
        """Returns how many FAILED attempts went, at most `most` of each node; 0: none is old."""
        return await self._store.delete_old_attempts(days, most)

    # -- audits ----------------------------------------------------------------------------------------------------

    def make_auditor(self) -> Auditor:
        """Checks every counter, claim and journal once."""
        return Auditor(self._connections)

    def make_live_audit(self) -> LiveAudit:
        """Follows the journals, and checks what has changed since its last look."""
        return LiveAudit(self._connections)

    async def _count(self, _: None) -> Totals:
        totals = await self._reads.count_totals()
        self._counted = time.monotonic(), totals
        return totals
