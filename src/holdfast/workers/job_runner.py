"""Job runner: claims due jobs, acts outside any transaction, and records each outcome.

A process that dies leaves its jobs' leases, and another process takes the jobs when they end. So an act may run twice.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence

import structlog

from holdfast.delivery import metrics
from holdfast.delivery.delivery import Delivery
from holdfast.delivery.jobs import Job, JobStatus, Later, Outcome
from holdfast.errors import HoldfastError
from holdfast.failures import traced
from holdfast.workers.worker import Worker

__all__ = ["JobRunner"]

log = structlog.get_logger(__name__)


class JobRunner(Worker):
    """Each subject has a batch of its own, so that a slow receiver delays no other."""

    name = "job_runner"

    def __init__(
        self,
        delivery: Delivery,
        *,
        interval: float = Worker.interval,
        act_seconds: float = 30.0,
        at_once: int = 8,
        jobs_of_subject: int = 32,
        jobs_per_claim: int = 256,
    ) -> None:
        self.interval = interval
        self._delivery = delivery
        self._act_seconds = act_seconds
        self._at_once = at_once
        self._jobs_of_subject = jobs_of_subject
        self._jobs_per_claim = jobs_per_claim
        self._lease_seconds = act_seconds * (jobs_of_subject / at_once + 1)
        """A batch ends within its lease, even if every act takes all its time."""
        self._batches: dict[str, asyncio.Task[None]] = {}
        """By subject. A subject with a batch in this process gets no other one."""

    async def run_once(self) -> int:
        """Return the number of jobs that it claimed. It claims again while batches finish, and awaits no slow one."""
        claimed = 0
        while step := await self._claim():
            claimed += step
            await asyncio.wait(
                self._batches.values(), timeout=self.interval, return_when=asyncio.FIRST_COMPLETED
            )
            self._forget_finished()
        return claimed

    async def drain(self) -> None:
        """Return when the batches of this process have ended."""
        await asyncio.gather(*self._batches.values(), return_exceptions=True)
        self._forget_finished()

    async def stop(self) -> None:
        """Cancel the acts. Their jobs are due again when their leases end."""
        for batch in self._batches.values():
            batch.cancel()
        await self.drain()

    async def _claim(self) -> int:
        self._forget_finished()
        jobs = await self._delivery.jobs.claim(
            sorted(self._delivery.acts),
            busy=[*self._batches, *await self._delivery.webhooks.disabled_subjects()],
            max_of_subject=self._jobs_of_subject,
            max_rows=self._jobs_per_claim,
            lease_seconds=self._lease_seconds,
        )
        by_subject: dict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            by_subject[job.subject].append(job)
        for subject, batch in by_subject.items():
            self._batches[subject] = asyncio.create_task(self._run_batch(batch))
        return len(jobs)

    def _forget_finished(self) -> None:
        self._batches = {subject: batch for subject, batch in self._batches.items() if not batch.done()}

    async def _run_batch(self, jobs: Sequence[Job]) -> None:
        room = asyncio.Semaphore(self._at_once)

        async def run(job: Job) -> None:
            async with room:
                await self._run(job)

        await asyncio.gather(*map(run, jobs))

    async def _run(self, job: Job) -> None:
        started = time.monotonic()
        outcome = await self._act(job)
        milliseconds = round((time.monotonic() - started) * 1000)
        metrics.ATTEMPTS.labels(job.kind, type(outcome).__name__.lower()).inc()
        try:
            status = await self._delivery.jobs.finish(job, outcome, milliseconds=milliseconds)
        except HoldfastError as error:  # the lease ends, and the job runs again
            log.warning("job_outcome_not_recorded", job=str(job.id), kind=job.kind, code=error.code)
            return
        if status is JobStatus.PARKED:
            log.error(
                "job_parked", job=str(job.id), kind=job.kind, subject=job.subject, answer=outcome.answer
            )

    async def _act(self, job: Job) -> Outcome:
        """Do the job. Any error is an unknown outcome, so the job is tried again."""
        try:
            async with asyncio.timeout(self._act_seconds):
                return await self._delivery.acts[job.kind](job)
        except TimeoutError:
            return Later(answer=f"No answer within {self._act_seconds:g} seconds.")
        except Exception as error:  # noqa: BLE001 - an act may raise anything
            log.error("job_failed", job=str(job.id), kind=job.kind, exception=traced(error))
            return Later(answer=f"Internal error: {type(error).__name__}.")
