"""Jobs without waiting: their clock is moved in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from holdfast.delivery.delivery import Delivery
from holdfast.delivery.jobs import Act, NewJob, make_job_id
from holdfast.delivery.mail.mailer import MailSettings
from holdfast.postgres.connections import Connections
from holdfast.workers.job_runner import JobRunner
from support.house_of import fetch

KEY = b"the server key of the tests' jobs"


@asynccontextmanager
async def a_delivery(
    urls: str | Sequence[str], *, mail: MailSettings | None = None, private_webhooks: bool = False
) -> AsyncIterator[Delivery]:
    """Yield the jobs of a database, or of several nodes."""
    connections = Connections(urls, size=4)
    await connections.open()
    try:
        yield Delivery(connections, KEY, mail or MailSettings(), private_webhooks=private_webhooks)
    finally:
        await connections.close()


def a_job(
    number: int = 0, key: str = "a", *, kind: str = "test", subject: str = "them", **request: Any
) -> NewJob:
    return NewJob(id=make_job_id(number), kind=kind, subject=subject, key=key, request=request)


def runner_of(delivery: Delivery, acts: Mapping[str, Act] | None = None, **options: Any) -> JobRunner:
    """Return a runner that does jobs by `acts`, or by those of the delivery."""
    if acts is not None:
        delivery.acts = acts
    return JobRunner(delivery, interval=0.01, **options)


async def run_due(runner: JobRunner) -> int:
    """Do what is due, and return the number of attempts."""
    claimed = await runner.run_once()
    await runner.drain()
    while more := await runner.run_once():
        claimed += more
        await runner.drain()
    return claimed


def pass_time(url: str, interval: str) -> None:
    """Let time pass for all jobs."""
    fetch(
        url,
        f"UPDATE jobs SET due_at = due_at - interval '{interval}', lease_until = lease_until - interval '{interval}', "
        f"finished_at = finished_at - interval '{interval}'",
    )


def status_of(url: str, id: UUID) -> tuple[object, ...]:
    """Return (status, attempts, last answer) of a job."""
    (found,) = fetch(url, "SELECT status, attempts, last_answer FROM jobs WHERE id = %s", id)
    return found
