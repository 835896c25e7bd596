"""History check: notices a database that was restored under a running server, without a lost connection."""

from __future__ import annotations

from holdfast.inventory.inventory import Inventory
from holdfast.workers.worker import Worker

__all__ = ["HistoryCheck"]


class HistoryCheck(Worker):
    """One row a second. A new connection checks the same."""

    name = "history_check"

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def run_once(self) -> int:
        await self._inventory.operations.check_epoch()
        return 1
