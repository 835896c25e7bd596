"""Workers: the only list of them, each with its settings."""

from __future__ import annotations

from holdfast.access.access import Access
from holdfast.app.settings import Settings
from holdfast.delivery.delivery import Delivery
from holdfast.inventory.inventory import Inventory
from holdfast.workers.audit_retention import AuditRetention
from holdfast.workers.clock_check import ClockCheck
from holdfast.workers.commit_poller import CommitPoller
from holdfast.workers.fanout import Fanout
from holdfast.workers.history_check import HistoryCheck
from holdfast.workers.job_retention import JobRetention
from holdfast.workers.job_runner import JobRunner
from holdfast.workers.live_check import LiveCheck
from holdfast.workers.retention import Retention
from holdfast.workers.sale_count_writer import SaleCountWriter
from holdfast.workers.sweeper import Sweeper
from holdfast.workers.vitals import Vitals
from holdfast.workers.worker import Worker

__all__ = ["build_workers"]


def build_workers(
    settings: Settings, inventory: Inventory, delivery: Delivery, access: Access
) -> tuple[Worker, ...]:
    """Return all workers of a process."""
    return (
        Sweeper(inventory, interval=settings.sweep_interval_seconds),
        Retention(
            inventory,
            interval=settings.retention_interval_seconds,
            idempotency_hours=settings.idempotency_retention_hours,
            attempt_days=settings.attempt_retention_days,
        ),
        HistoryCheck(inventory),
        ClockCheck(inventory),
        CommitPoller(inventory, interval=settings.watch_interval_milliseconds / 1000),
        LiveCheck(inventory, interval=settings.live_check_interval_seconds),
        Fanout(inventory, delivery, interval=settings.job_interval_seconds),
        JobRunner(delivery, interval=settings.job_interval_seconds),
        JobRetention(
            delivery, interval=settings.retention_interval_seconds, days=settings.job_retention_days
        ),
        AuditRetention(
            access, interval=settings.retention_interval_seconds, days=settings.audit_retention_days
        ),
        SaleCountWriter(inventory),
        Vitals(workers=settings.workers),
    )
