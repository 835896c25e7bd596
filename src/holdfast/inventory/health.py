"""Observing: whether the database answers, and what there is of everything, for those who run the house."""

from __future__ import annotations

import asyncio
import time

from holdfast.errors import Unavailable
from holdfast.inventory import metrics
from holdfast.inventory.live.streams import Streams
from holdfast.inventory.projections.single_flight import SingleFlight
from holdfast.inventory.store.read_models import ReadModelStore
from holdfast.inventory.store.reads import ReadStore, Totals

CHECK_SECONDS = 2.0
ANSWER_SECONDS = 1.5
"""Less than the whole: a connection that is silent is cut off first, since waiting for it cannot be broken off."""

TOTALS_SECONDS = 1.0
"""Counting everything reads whole tables: it is done once in this time, however often it is asked for."""


class Health:
    """Each of its looks is one small question to the database."""

    def __init__(self, reads: ReadStore, checks: ReadModelStore, streams: Streams) -> None:
        self._reads = reads
        self._checks = checks
        self._streams = streams
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
        """Sets the gauges that only the database can tell."""
        live, oldest_seconds = await self._reads.count_live_holds()
        metrics.LIVE_HOLDS.set(live)
        metrics.OLDEST_UNSWEPT_SECONDS.set(oldest_seconds)

    async def _count(self, _: None) -> Totals:
        totals = await self._reads.count_totals()
        self._counted = time.monotonic(), totals
        return totals
