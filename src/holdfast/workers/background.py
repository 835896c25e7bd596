"""Background: runs a process's workers beside its requests."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

import structlog

from holdfast.workers.worker import Worker

__all__ = ["Background"]

log = structlog.get_logger(__name__)


class Background:
    """Starts and stops one loop for each worker."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(_repeat(worker)) for worker in self._workers]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        for worker in self._workers:
            try:
                await worker.stop()
            except Exception as error:  # noqa: BLE001 - the database may be away, and others must stop too
                log.warning("background_failed", worker=worker.name, error=repr(error))


async def _repeat(worker: Worker) -> None:
    """Run a worker until cancelled. Failures are logged and retried, because a database outage ends.

    The pause comes first and is random, so that several processes do not run at the same moment.
    """
    while True:
        await asyncio.sleep(worker.interval * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        try:
            await worker.run_once()
        except Exception as error:  # noqa: BLE001 - the loop must outlive each failure of its worker
            log.warning("background_failed", worker=worker.name, error=repr(error))
