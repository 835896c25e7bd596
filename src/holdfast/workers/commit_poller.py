"""Watcher: looks for other processes' batches of the events that somebody here watches, and at our own queues."""

from __future__ import annotations

from holdfast.inventory import metrics
from holdfast.inventory.inventory import Engine


class Watcher:
    """One small query for all watched events; none where nobody watches."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run_once(self) -> int:
        """How many events are watched."""
        metrics.LANE_DEPTH.set(self._engine.lane_depth())
        metrics.STREAMS.set(self._engine.streams.count)
        return await self._engine.watching.look()
