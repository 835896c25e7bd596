"""Audit retention: deletes old entries of the audit, a few rows at a time."""

from __future__ import annotations

from holdfast.access.access import Access
from holdfast.workers.worker import Worker

__all__ = ["AuditRetention"]


class AuditRetention(Worker):
    """Two processes that delete at the same time do no harm."""

    name = "audit_retention"

    def __init__(
        self, access: Access, *, days: int, interval: float = Worker.interval, rows_per_step: int = 1_000
    ) -> None:
        self.interval = interval
        self._audit = access.audit
        self._days = days
        self._rows_per_step = rows_per_step

    async def run_once(self) -> int:
        """Return the number of entries deleted: none if the server's role may only add to the audit."""
        if not await self._audit.may_delete():
            return 0
        deleted = 0
        while step := await self._audit.delete_old(self._days, self._rows_per_step):
            deleted += step
        return deleted
