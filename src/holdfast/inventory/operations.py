"""Operations: what probes and workers need of the inventory: health, totals, gauges, upkeep and audits."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Callable
from uuid import UUID

import holdfast
from holdfast.errors import Unavailable
from holdfast.inventory import metrics
from holdfast.inventory.audit.check import Auditor
from holdfast.inventory.audit.live_check import LiveAudit
from holdfast.inventory.batching.scheduler import LaneScheduler
from holdfast.inventory.live.streams import Streams
from holdfast.inventory.projections.single_flight import SingleFlight
from holdfast.inventory.sale_counts import SaleCounts
from holdfast.inventory.store.clock import Ahead, ClockStore
from holdfast.inventory.store.read_models import ReadModelStore
from holdfast.inventory.store.reads import ReadStore, Totals
from holdfast.inventory.store.workers import WorkerStore
from holdfast.postgres.connections import Connections

__all__ = ["Ahead", "Operations"]

CHECK_SECONDS = 2.0
ANSWER_SECONDS = 1.5
"""Less than a probe's whole limit: a silent connection is cut off first, because waiting for it cannot be
interrupted."""

CLOCKS_AT_ONCE = 1_000
"""Max events ahead of the clock that are returned together."""

TOTALS_SECONDS = 1.0
"""Counting everything reads whole tables, so it runs once in this time, whatever the number of requests."""


class Operations:
    """Work that belongs to no event's sale, so that it never waits for a lane."""

    def __init__(
        self,
        connections: Connections,
        *,
        reads: ReadStore,
        checks: ReadModelStore,
        streams: Streams,
        lanes: LaneScheduler,
        has_room: Callable[[], bool],
        sale_counts: SaleCounts,
    ) -> None:
        self._is_leaving = False
        self._has_room = has_room
        self._connections = connections
        self._reads = reads
        self._checks = checks
        self._streams = streams
        self._lanes = lanes
        self._sale_counts = sale_counts
        self._store = WorkerStore(connections)
        self._clock = ClockStore(connections)
        self._counts = SingleFlight(self._count)
        self._counted: tuple[float, Totals] | None = None

    def leave(self) -> None:
        """Report from now on that this process is not ready, because it stops soon."""
        self._is_leaving = True

    async def check(self) -> None:
        """Raises Unavailable if nothing can be sold: no answer soon, no writes, no room, or a shutdown."""
        if self._is_leaving or self._streams.is_closing:
            raise Unavailable(Unavailable.SHUTTING_DOWN)
        self.refuse_without_room()
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._checks.check(ANSWER_SECONDS)
        except TimeoutError:
            raise Unavailable(Unavailable.DATABASE_SILENT) from None

    def refuse_without_room(self) -> None:
        """Raises Unavailable while the embedded database's disk has no room for more writes."""
        if not self._has_room():
            raise Unavailable(Unavailable.DISK_FULL)

    async def count_totals(self) -> Totals:
        """Return the totals of all events, max a second old."""
        if self._counted is not None and time.monotonic() - self._counted[0] < TOTALS_SECONDS:
            return self._counted[1]
        return await self._counts.get(None)

    async def observe_database(self) -> None:
        """Set the gauges that only the database knows. Raises Fault, and then they show that it is away."""
        metrics.DATABASE_UP.set_all({(): 0})
        metrics.EVENT_ADMISSIONS.set_all({})
        self._observe_build()
        live, oldest_seconds = await self._reads.count_live_holds()
        metrics.LIVE_HOLDS.set(live)
        metrics.OLDEST_UNSWEPT_SECONDS.set(oldest_seconds)
        metrics.EVENT_ADMISSIONS.set_all(
            {
                (str(one.event_number), state): count
                for one in await self._reads.count_events_on_sale(metrics.MAX_EVENTS)
                for state, count in (
                    ("available", one.capacity - one.held - one.booked - one.blocked),
                    ("held", one.held),
                    ("booked", one.booked),
                    ("blocked", one.blocked),
                )
            }
        )
        metrics.DATABASE_UP.set_all({(): 1})
        self._observe_build()

    async def write_sale_counts(self) -> int:
        """Write what this process has counted of sales. Return the number of events."""
        return await self._sale_counts.flush()

    async def check_epoch(self) -> None:
        """Notice a database that was replaced under open connections."""
        await self._connections.check_epoch()

    def observe_queues(self) -> None:
        """Set the gauges of this process: waiting commands, open streams, and database connections."""
        metrics.LANE_DEPTH.set(self._lanes.depth)
        metrics.STREAMS.set(self._streams.count)
        pools = self._connections.usage()
        metrics.POOL_SIZE.set(pools.size)
        metrics.POOL_MAX.set(pools.max_size)
        metrics.POOL_IN_USE.set(pools.in_use)
        metrics.POOL_WAITING.set(pools.waiting)

    def _observe_build(self) -> None:
        versions = (holdfast.__version__, platform.python_version(), self._connections.server_version)
        metrics.BUILD_INFO.set_all({versions: 1})

    async def observe_clock(self) -> list[Ahead]:
        """Return the events whose own time is ahead of the clock, and set the gauge to the farthest."""
        found = await self._clock.find_ahead(CLOCKS_AT_ONCE)
        metrics.CLOCK_AHEAD_SECONDS.set(found[0].seconds if found else 0.0)
        return found

    async def set_clock_back(self, number: int) -> list[UUID]:
        """Set an event's time back. Returns its holds that would never end."""
        return await self._clock.set_back(number)

    async def take_lease(self, name: str, owner: UUID, seconds: float) -> bool:
        """Take a job's lease for the next seconds, or prolong one's own. Return False if another owner has it."""
        return await self._store.take_lease(name, owner, seconds)

    async def find_unswept(self, max_rows: int) -> list[int]:
        """Return the numbers of events whose holds' rows must be rewritten, max `max_rows` of each node."""
        return await self._store.find_unswept(max_rows)

    async def delete_old_rows(self, *, answer_hours: int, attempt_days: int, max_rows: int) -> int:
        """Delete old answers of Idempotency-Keys and old FAILED attempts, max `max_rows` of each kind and node.

        Return their number; 0: none is old.
        """
        return await self._store.delete_old_rows(
            answer_hours=answer_hours, attempt_days=attempt_days, max_rows=max_rows
        )

    def make_auditor(self) -> Auditor:
        """Return an auditor, which checks every counter, claim and journal once."""
        return Auditor(self._connections)

    def make_live_audit(self) -> LiveAudit:
        """Return a live audit, which follows the journals and checks what has changed since its last look."""
        return LiveAudit(self._connections)

    async def _count(self, _: None) -> Totals:
        totals = await self._reads.count_totals()
        self._counted = time.monotonic(), totals
        return totals
