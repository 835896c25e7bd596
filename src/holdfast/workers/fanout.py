"""Fanout: reads the journals above each endpoint's mark, and writes a job for each notice that the endpoint wants.

The mark and the jobs are one transaction, so a crash neither loses a notice nor writes one twice.
"""

from __future__ import annotations

from uuid import UUID, uuid4

from holdfast.delivery.delivery import Delivery
from holdfast.delivery.webhooks.endpoint import WebhookEndpoint, may_receive
from holdfast.inventory.inventory import Inventory
from holdfast.workers.worker import Worker

__all__ = ["Fanout"]


class Fanout(Worker):
    """A lease lets one process do it at a time. Two that overlap move each mark once."""

    name = "fanout"

    def __init__(
        self,
        inventory: Inventory,
        delivery: Delivery,
        *,
        interval: float = Worker.interval,
        events_per_step: int = 500,
        versions_per_step: int = 200,
        lease_seconds: float = 30.0,
        owner: UUID | None = None,
    ) -> None:
        self.interval = interval
        self._inventory = inventory
        self._webhooks = delivery.webhooks
        self._events_per_step = events_per_step
        self._versions_per_step = versions_per_step
        self._lease_seconds = lease_seconds
        self._owner = owner or uuid4()

    async def run_once(self) -> int:
        """Return the number of notices that became jobs. The next run continues with a large backlog."""
        endpoints = [each for each in await self._webhooks.store.list_endpoints() if each.status == "enabled"]
        if not endpoints or not await self._inventory.operations.take_lease(
            self.name, self._owner, self._lease_seconds
        ):
            return 0
        written = 0
        for endpoint in endpoints:
            for number, mark in await self._webhooks.store.find_behind(endpoint, self._events_per_step):
                written += await self._follow(endpoint, number, mark)
        return written

    async def _follow(self, endpoint: WebhookEndpoint, number: int, mark: int | None) -> int:
        """Write the jobs of one step of one event's journal."""
        start = await self._webhooks.store.find_start(endpoint, number) if mark is None else mark
        notices, last, _ = await self._inventory.queries.list_notices(
            number, since=start, max_versions=self._versions_per_step
        )
        jobs = [
            self._webhooks.job_of(
                endpoint, number, id=notice.id, kind=notice.kind, at=notice.at, data=notice.content()
            )
            for notice in notices
            if may_receive(endpoint, notice.kind)
        ]
        moved = await self._webhooks.advance(endpoint, number, mark=mark, version=last, jobs=jobs)
        return len(jobs) if moved else 0
