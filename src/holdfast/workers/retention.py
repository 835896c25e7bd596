"""Retention: deletes old answers of retry keys and old FAILED attempts, a few rows at a time."""

from __future__ import annotations

from uuid import UUID, uuid4

from holdfast.inventory.inventory import Inventory
from holdfast.workers.worker import Worker

__all__ = ["Retention"]


class Retention(Worker):
    """Deletes answers after hours and FAILED attempts after days, by the settings. Sales stay."""

    name = "retention"

    def __init__(
        self,
        inventory: Inventory,
        *,
        idempotency_hours: int,
        attempt_days: int,
        interval: float = Worker.interval,
        rows_per_step: int = 1_000,
        max_steps: int = 100,
        lease_seconds: float = 30.0,
        owner: UUID | None = None,
    ) -> None:
        self.interval = interval
        self._operations = inventory.operations
        self._idempotency_hours = idempotency_hours
        self._attempt_days = attempt_days
        self._rows_per_step = rows_per_step
        self._max_steps = max_steps
        self._lease_seconds = lease_seconds
        self._owner = owner or uuid4()

    async def run_once(self) -> int:
        """Return the number of rows deleted. The next run continues with a large backlog."""
        deleted = 0
        for _ in range(self._max_steps):
            if not await self._operations.take_lease(self.name, self._owner, self._lease_seconds):
                break
            step = await self._operations.delete_old_rows(
                answer_hours=self._idempotency_hours,
                attempt_days=self._attempt_days,
                max_rows=self._rows_per_step,
            )
            deleted += step
            if not step:
                break
        return deleted
