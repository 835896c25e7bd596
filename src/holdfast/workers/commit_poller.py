"""Commit poller: finds other processes' commits to the events that are watched here, and sets the queues' gauges."""

from __future__ import annotations

from holdfast.inventory.inventory import Inventory
from holdfast.workers.worker import Worker

__all__ = ["CommitPoller"]


class CommitPoller(Worker):
    """One small query for all watched events; none while nobody watches."""

    name = "commit_poller"

    def __init__(self, inventory: Inventory, *, interval: float = Worker.interval) -> None:
        self.interval = interval
        self._inventory = inventory

    async def run_once(self) -> int:
        """Returns how many events are watched."""
        self._inventory.operations.observe_queues()
        return await self._inventory.streams.poll()
