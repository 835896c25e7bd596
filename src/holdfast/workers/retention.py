"""Retention: deletes what was kept long enough, a few rows at a time: retry keys' answers, and FAILED attempts."""

from __future__ import annotations

from uuid import UUID, uuid4

from holdfast.inventory.inventory import Inventory

LEASE = "retention"


class Retention:
    """Answers go after so many hours, FAILED attempts after so many days; what is sold stays."""

    def __init__(
        self,
        inventory: Inventory,
        *,
        idempotency_hours: int,
        attempt_days: int,
        rows_per_step: int = 1_000,
        most_steps: int = 100,
        lease_seconds: float = 30.0,
        owner: UUID | None = None,
    ) -> None:
        self._sweeping = inventory.operations
        self._idempotency_hours = idempotency_hours
        self._attempt_days = attempt_days
        self._rows_per_step = rows_per_step
        self._most_steps = most_steps
        self._lease_seconds = lease_seconds
        self._owner = owner or uuid4()

    async def run_once(self) -> int:
        """How many rows are gone; what is left of a large backlog is the next run's."""
        deleted = 0
        for _ in range(self._most_steps):
            if not await self._sweeping.take_lease(LEASE, self._owner, self._lease_seconds):
                break
            step = await self._sweeping.delete_old_answers(self._idempotency_hours, self._rows_per_step)
            step += await self._sweeping.delete_old_attempts(self._attempt_days, self._rows_per_step)
            deleted += step
            if not step:
                break
        return deleted
