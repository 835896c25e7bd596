"""Job retention: deletes done jobs and the log of their attempts after some days. Parked jobs stay."""

from __future__ import annotations

from holdfast.delivery.delivery import Delivery
from holdfast.workers.worker import Worker

__all__ = ["JobRetention"]


class JobRetention(Worker):
    """Two processes that delete at the same time do no harm."""

    name = "job_retention"

    def __init__(
        self,
        delivery: Delivery,
        *,
        days: int,
        interval: float = Worker.interval,
        rows_per_step: int = 1_000,
        max_steps: int = 100,
    ) -> None:
        self.interval = interval
        self._delivery = delivery
        self._days = days
        self._rows_per_step = rows_per_step
        self._max_steps = max_steps

    async def run_once(self) -> int:
        """Return the number of jobs deleted. The next run continues with a large backlog."""
        deleted = 0
        for _ in range(self._max_steps):
            step = await self._delivery.jobs.delete_old(self._days, self._rows_per_step)
            deleted += step
            if not step:
                break
        return deleted
