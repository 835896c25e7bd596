"""Watcher: looks for other processes' batches of the events that somebody here watches, and at our own queues."""

from __future__ import annotations

from holdfast.inventory.inventory import Inventory


class CommitPoller:
    """One small query for all watched events; none where nobody watches."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def run_once(self) -> int:
        """How many events are watched."""
        self._inventory.operations.observe_queues()
        return await self._inventory.streams.poll()
