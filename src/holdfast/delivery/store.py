"""Job store: fan-out reads find the work; each write is one transaction of one event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from holdfast.delivery.jobs import (
    MAX_ANSWER_LENGTH,
    Done,
    Job,
    JobListing,
    JobStatus,
    Later,
    NewJob,
    Outcome,
    next_try,
)
from holdfast.ids import event_number_of
from holdfast.postgres import queries
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.rows import RowReader

__all__ = ["JobAttempt", "JobStore", "WaitingJobs"]

SQL = queries.load("jobs")

_MAX_ROWS = 1_000

Position = tuple[datetime, UUID]
"""Where a page of a list ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAttempt:
    """One attempt of a job, as its log has it."""

    attempt: int
    started_at: datetime
    milliseconds: int
    outcome: str
    code: int | None
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingJobs:
    """The jobs of one kind that are due or parked. `oldest_seconds` is negative while the first is not yet due."""

    kind: str
    status: str
    jobs: int
    oldest_seconds: float


_JOB = RowReader(Job)
_LISTING = RowReader(JobListing)
_ATTEMPT = RowReader(JobAttempt)
_WAITING = RowReader(WaitingJobs)


def number_of(job_id: UUID) -> int:
    """Return the number of the job's event; 0 for a job of no event."""
    return event_number_of(job_id) or 0


async def read_clock(connection: Connection) -> datetime:
    """Return the time of the connection's node."""
    now: datetime
    (now,) = (await fetch(connection, SQL["read_clock"])).column("now")
    return now


async def add_jobs(connection: Connection, event_number: int, jobs: Iterable[NewJob]) -> None:
    """Write jobs in the caller's transaction, the one of their cause."""
    rows = [
        {
            "event_number": event_number,
            "id": job.id,
            "kind": job.kind,
            "subject": job.subject,
            "key": job.key,
            "request": orjson.dumps(job.request).decode(),
        }
        for job in jobs
    ]
    if rows:
        now = await read_clock(connection)
        async with connection.cursor() as cursor:
            await cursor.executemany(SQL["add_job"], [{**row, "now": now} for row in rows])


class JobStore:
    """The statements of jobs."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def add(self, event_number: int, jobs: Iterable[NewJob]) -> None:
        """Write jobs in a transaction of their own, for a cause that is already committed."""
        pool = self._connections.pool(event_number)
        async with self._connections.use(pool, writes=True) as connection, connection.transaction():
            await add_jobs(connection, event_number, jobs)

    async def claim(
        self,
        kinds: Sequence[str],
        *,
        busy: Sequence[str],
        max_of_subject: int,
        max_rows: int,
        lease_seconds: float,
    ) -> list[Job]:
        """Take due jobs of these kinds until the lease ends, without those of the busy subjects."""
        wanted = {
            "kinds": list(kinds),
            "busy": list(busy),
            "max_of_subject": max_of_subject,
            "max_rows": max_rows,
        }
        claimed: list[Job] = []
        for pool in self._connections.all():
            found = await self._connections.ask_pool(pool, SQL["find_due_jobs"], wanted)
            for number, rows in found.by("event_number").items():
                lease = {"now": max(rows.column("now")), "seconds": lease_seconds}
                parameters = {"event_number": number, "ids": rows.column("id"), **lease}
                async with self._connections.use(pool, writes=True) as connection:
                    claimed += _JOB.read(await fetch(connection, SQL["claim_jobs"], parameters))
        return claimed

    async def finish(self, job: Job, outcome: Outcome, *, milliseconds: int) -> JobStatus:
        """Record an attempt's outcome, and return the job's status after it."""
        status, seconds = _after(job, outcome)
        answer = outcome.answer[:MAX_ANSWER_LENGTH].replace("\0", "")
        pool = self._connections.pool(job.event_number)
        async with self._connections.use(pool, writes=True) as connection, connection.transaction():
            now = await read_clock(connection)
            common = {
                "event_number": job.event_number,
                "id": job.id,
                "attempt": job.attempt,
                "answer": answer,
            }
            logged = {"started_at": now, "milliseconds": milliseconds, "code": outcome.code}
            await connection.execute(
                SQL["log_attempt"], {**common, **logged, "outcome": type(outcome).__name__.lower()}
            )
            finished = {**common, "status": status.value, "now": now, "seconds": seconds}
            await connection.execute(SQL["finish_job"], finished)
        return status

    async def retry(self, job_id: UUID) -> bool:
        """Make a job due now, and return whether there is one that no worker has at this moment."""
        number = number_of(job_id)
        async with self._connections.use(self._connections.pool(number), writes=True) as connection:
            parameters = {"event_number": number, "id": job_id, "now": await read_clock(connection)}
            return bool(await fetch(connection, SQL["retry_job"], parameters))

    async def set_back(self) -> int:
        """Make jobs due now that wait for the time of a clock that was ahead. Return their number."""
        changed = 0
        for pool in self._connections.all():
            while found := await self._connections.ask_pool(
                pool, SQL["find_jobs_ahead"], {"max_rows": _MAX_ROWS}
            ):
                for number, rows in found.by("event_number").items():
                    parameters = {
                        "event_number": number,
                        "ids": rows.column("id"),
                        "now": max(rows.column("now")),
                    }
                    async with self._connections.use(pool, writes=True) as connection:
                        changed += len(await fetch(connection, SQL["set_jobs_back"], parameters))
        return changed

    async def find(self, job_id: UUID) -> JobListing | None:
        """Return a job."""
        number = number_of(job_id)
        found = await self._connections.ask(number, SQL["get_job"], {"event_number": number, "id": job_id})
        return _LISTING.first(found)

    async def list_jobs(
        self,
        *,
        status: JobStatus | None = None,
        kind: str | None = None,
        subject: str | None = None,
        before: Position | None = None,
        limit: int,
    ) -> list[JobListing]:
        """Return jobs of every event, newest first."""
        at, id = before or (None, None)
        wanted = {
            "status": None if status is None else status.value,
            "kind": kind,
            "subject": subject,
            "before_at": at,
            "before_id": id,
            "max_rows": limit,
        }
        listed = [
            job
            for pool in self._connections.all()
            for job in _LISTING.read(await self._connections.ask_pool(pool, SQL["list_jobs"], wanted))
        ]
        return sorted(listed, key=lambda job: (job.created_at, job.id), reverse=True)[:limit]

    async def list_of_event(self, event_number: int, *, kind: str) -> list[JobListing]:
        """Return an event's jobs of a kind, newest first."""
        parameters = {"event_number": event_number, "kind": kind, "max_rows": _MAX_ROWS}
        return list(
            _LISTING.read(await self._connections.ask(event_number, SQL["list_jobs_of_event"], parameters))
        )

    async def count_letters(self, event_number: int, *, prefix: str) -> dict[str, dict[str, int]]:
        """Return how many jobs each message has in each status. Their keys are PREFIX, the message, and more."""
        parameters = {"event_number": event_number, "prefix": prefix}
        found = await self._connections.ask(event_number, SQL["count_letters"], parameters)
        counts: dict[str, dict[str, int]] = {}
        for message, status, jobs in found.select("message", "status", "jobs"):
            counts.setdefault(message, {})[status] = jobs
        return counts

    async def list_attempts(self, job_id: UUID) -> list[JobAttempt]:
        """Return the log of a job, oldest attempt first."""
        number = number_of(job_id)
        parameters = {"event_number": number, "id": job_id}
        return list(_ATTEMPT.read(await self._connections.ask(number, SQL["list_attempts"], parameters)))

    async def count_waiting(self) -> list[WaitingJobs]:
        """Return what is due or parked, for each node apart."""
        return [
            each
            for pool in self._connections.all()
            for each in _WAITING.read(await self._connections.ask_pool(pool, SQL["count_jobs"]))
        ]

    async def delete_old(self, days: int, max_rows: int) -> int:
        """Delete done jobs of that age and their attempts, max `max_rows` of each node. Return the jobs' number."""
        deleted = 0
        for pool in self._connections.all():
            wanted: dict[str, Any] = {"days": days, "max_rows": max_rows}
            found = await self._connections.ask_pool(pool, SQL["find_old_jobs"], wanted)
            for number, rows in found.by("event_number").items():
                parameters = {"event_number": number, "ids": rows.column("id")}
                async with self._connections.use(pool, writes=True) as connection, connection.transaction():
                    await connection.execute(SQL["delete_job_attempts"], parameters)
                    deleted += (await connection.execute(SQL["delete_jobs"], parameters)).rowcount
        return deleted


def _after(job: Job, outcome: Outcome) -> tuple[JobStatus, float]:
    """Return the status after an outcome, and the seconds until the job is due again."""
    if isinstance(outcome, Done):
        return JobStatus.DONE, 0.0
    seconds = next_try(job.attempt, outcome.seconds) if isinstance(outcome, Later) else None
    return (JobStatus.PARKED, 0.0) if seconds is None else (JobStatus.DUE, seconds)
