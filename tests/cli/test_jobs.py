"""`holdfast jobs`: what is due, done or parked, and another try by hand."""

from __future__ import annotations

import asyncio
from uuid import UUID

from holdfast.delivery.jobs import Parked
from support.commands import Run
from support.delivering import a_delivery, a_job, status_of


def park(url: str, *keys: str) -> list[str]:
    """Make parked jobs. Return their ids."""

    async def make() -> list[str]:
        async with a_delivery(url) as delivery:
            jobs = [a_job(0, key) for key in keys]
            await delivery.jobs.add(0, jobs)
            for job in await delivery.jobs.claim(
                ["test"], busy=[], max_of_subject=9, max_rows=9, lease_seconds=60
            ):
                await delivery.jobs.finish(job, Parked(answer="no such mailbox"), milliseconds=1)
            return [str(job.id) for job in jobs]

    return asyncio.run(make())


def test_parked_jobs_are_listed_and_retried(holdfast: Run, database_url: str) -> None:
    ids = park(database_url, "a", "b", "c")
    listed = holdfast("jobs", "list", "--status", "parked", "--json").json
    assert {(job["id"], job["last_answer"]) for job in listed} == {(id, "no such mailbox") for id in ids}
    assert holdfast("jobs", "retry", ids[0], "--json").json == {"retried": 1}
    assert [job["id"] for job in holdfast("jobs", "list", "--status", "due", "--json").json] == [ids[0]]
    assert holdfast("jobs", "retry", "--parked", "--json").json == {"retried": 2}
    assert "no such jobs" in holdfast("jobs", "list", "--status", "parked").err


def test_retrying_an_unknown_job_is_an_error(holdfast: Run, database_url: str) -> None:
    (id,) = park(database_url, "a")
    unknown = str(a_job().id)
    refused = holdfast("jobs", "retry", id, unknown)
    assert unknown in refused.complaint
    assert id not in refused.complaint
    assert status_of(database_url, UUID(id))[0] == "due"
    assert "--parked" in holdfast("jobs", "retry").complaint
