"""Sale count writer: writes what this process has counted of each event's sale."""

from __future__ import annotations

from holdfast.inventory.inventory import Inventory
from holdfast.workers.worker import Worker

__all__ = ["SaleCountWriter"]


class SaleCountWriter(Worker):
    """Each process writes its own counts. A failure leaves them for the next run."""

    name = "sale counts"
    interval = 2.0

    def __init__(self, inventory: Inventory) -> None:
        self._operations = inventory.operations

    async def run_once(self) -> int:
        """Return the number of events that were counted."""
        return await self._operations.write_sale_counts()

    async def stop(self) -> None:
        """Write the last counts."""
        await self._operations.write_sale_counts()
