"""Commit poller: finds other processes' commits to events with stream clients here, and sets the queue gauges."""

from __future__ import annotations

from holdfast.inventory.inventory import Inventory
from holdfast.workers.worker import Worker

__all__ = ["CommitPoller"]


class CommitPoller(Worker):
    """One small query for all such events; no query if there are none."""

    name = "commit_poller"

    def __init__(self, inventory: Inventory, *, interval: float = Worker.interval) -> None:
        self.interval = interval
        self._inventory = inventory

    async def run_once(self) -> int:
        """Return the number of events with stream clients."""
        self._inventory.operations.observe_queues()
        return await self._inventory.streams.poll()
