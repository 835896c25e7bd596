"""Watcher: looks for other processes' batches of the events that somebody here watches, and at our own queues."""

from __future__ import annotations

from holdfast.inventory import metrics
from holdfast.inventory.inventory import Inventory


class CommitPoller:
    """One small query for all watched events; none where nobody watches."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def run_once(self) -> int:
        """How many events are watched."""
        metrics.LANE_DEPTH.set(self._inventory.lane_depth())
        metrics.STREAMS.set(self._inventory.streams.count)
        return await self._inventory.commits.look()
