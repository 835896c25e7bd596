"""Background: the loops that run beside the requests of a worker process. Correctness never waits for them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from holdfast.inventory.inventory import Inventory
from holdfast.workers.commit_poller import CommitPoller
from holdfast.workers.live_check import LiveCheck
from holdfast.workers.retention import Retention
from holdfast.workers.sweeper import Sweeper

log = structlog.get_logger(__name__)

Step = Callable[[], Awaitable[object]]


class Background:
    """Starts and stops the loops; each is a worker's `run_once`, again and again."""

    def __init__(
        self,
        inventory: Inventory,
        *,
        sweep_seconds: float,
        retention_seconds: float,
        idempotency_hours: int,
        attempt_days: int,
        watch_seconds: float,
        live_check_seconds: float,
    ) -> None:
        live_check = LiveCheck(inventory, lease_seconds=max(30.0, 3 * live_check_seconds))
        retention = Retention(inventory, idempotency_hours=idempotency_hours, attempt_days=attempt_days)
        self._loops: list[tuple[str, Step, float]] = [
            ("sweeper", Sweeper(inventory).run_once, sweep_seconds),
            ("retention", retention.run_once, retention_seconds),
            ("watcher", CommitPoller(inventory).run_once, watch_seconds),
            ("live_check", live_check.run_once, live_check_seconds),
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(_repeat(name, step, seconds)) for name, step, seconds in self._loops]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task


async def _repeat(name: str, step: Step, seconds: float) -> None:
    """For ever; a failure is logged and tried again, for a database that is away comes back. The pause comes first and
    is jittered, so that several workers do not look at the same moment."""
    while True:
        await asyncio.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - a loop must outlive whatever its step met
            log.warning("background_failed", worker=name, error=repr(error))
