"""Jobs: each act happens at least once, a repeated cause adds none, and a failed one is tried again later."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from holdfast.delivery.delivery import Delivery
from holdfast.delivery.jobs import Done, Job, JobStatus, Later, Outcome, Parked, next_try
from holdfast.workers.job_retention import JobRetention
from support.delivering import a_delivery, a_job, pass_time, run_due, runner_of, status_of
from support.house_of import fetch
from support.postgres import TestDatabases

DAYS = timedelta(days=1).total_seconds()


class Receiver:
    """Answers each attempt with the next outcome, and with the last one from then on."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self._outcomes = list(outcomes)
        self.got: list[Job] = []

    async def __call__(self, job: Job) -> Outcome:
        self.got.append(job)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.mark.parametrize("number", [0, 5])
async def test_a_job_runs_once_and_is_done(delivery: Delivery, database_url: str, number: int) -> None:
    """A job of an event, and one of no event, which has the number 0."""
    job, receiver = a_job(number, greeting="hello"), Receiver(Done(answer="thanks", code=200))
    await delivery.jobs.add(number, [job])
    runner = runner_of(delivery, {"test": receiver})
    assert await run_due(runner) == 1
    assert await run_due(runner) == 0
    assert [(each.id, each.event_number, each.request, each.attempt) for each in receiver.got] == [
        (job.id, number, {"greeting": "hello"}, 1)
    ]
    assert status_of(database_url, job.id) == ("done", 1, "thanks")
    (attempt,) = await delivery.jobs.list_attempts(job.id)
    assert (attempt.outcome, attempt.code, attempt.answer) == ("done", 200, "thanks")


async def test_a_repeated_cause_adds_no_job(delivery: Delivery, database_url: str) -> None:
    await delivery.jobs.add(7, [a_job(7, "one"), a_job(7, "two")])
    await delivery.jobs.add(7, [a_job(7, "two"), a_job(7, "three")])
    await delivery.jobs.add(8, [a_job(8, "one")])
    assert fetch(database_url, "SELECT event_number, key FROM jobs ORDER BY 1, 2") == [
        (7, "one"), (7, "three"), (7, "two"), (8, "one"),
    ]  # fmt: skip


async def test_a_failed_job_is_tried_again_after_each_pause_and_then_parked(
    delivery: Delivery, database_url: str
) -> None:
    job, receiver = a_job(), Receiver(Later(answer="busy", code=503))
    await delivery.jobs.add(0, [job])
    runner = runner_of(delivery, {"test": receiver})
    assert await run_due(runner) == 1
    assert await run_due(runner) == 0, "the first pause is not over"
    assert status_of(database_url, job.id) == ("due", 1, "busy")
    for attempts in range(2, 11):
        pass_time(database_url, "27 hours")
        assert await run_due(runner) == 1
        assert len(receiver.got) == attempts
    assert status_of(database_url, job.id) == ("parked", 10, "busy")
    pass_time(database_url, "30 days")
    assert await run_due(runner) == 0


async def test_a_parked_job_waits_for_a_person(delivery: Delivery, database_url: str) -> None:
    job, receiver = a_job(), Receiver(Parked(answer="no such address", code=550), Done(answer="ok"))
    await delivery.jobs.add(0, [job])
    runner = runner_of(delivery, {"test": receiver})
    await run_due(runner)
    assert status_of(database_url, job.id) == ("parked", 1, "no such address")
    assert await delivery.jobs.retry(job.id)
    assert await run_due(runner) == 1
    assert status_of(database_url, job.id) == ("done", 2, "ok")
    assert await delivery.jobs.retry(job.id), "a done job may be sent again"
    assert await run_due(runner) == 1
    assert not await delivery.jobs.retry(a_job().id)


async def test_a_dead_process_leaves_its_job_to_another(delivery: Delivery, database_url: str) -> None:
    """A killed worker records nothing: its lease ends, and the job runs again with the same request."""
    job, receiver = a_job(3, n=1), Receiver(Done(answer="ok"))
    await delivery.jobs.add(3, [job])
    lease = {"busy": [], "max_of_subject": 5, "max_rows": 5, "lease_seconds": 60.0}
    (first,) = await delivery.jobs.claim(["test"], **lease)
    runner = runner_of(delivery, {"test": receiver})
    assert await run_due(runner) == 0, "the lease still holds"
    assert not await delivery.jobs.retry(job.id), "a worker has it"
    pass_time(database_url, "61 seconds")
    assert await run_due(runner) == 1
    assert (receiver.got[0].request, receiver.got[0].attempt) == (first.request, 2)
    # The first process was only slow. Its failure is old news, but an act that happened would count.
    assert await delivery.jobs.finish(first, Later(answer="late"), milliseconds=1) is JobStatus.DUE
    assert status_of(database_url, job.id) == ("done", 2, "ok")


async def test_a_late_success_ends_the_job_and_a_late_failure_does_not_delay_it(
    delivery: Delivery, database_url: str
) -> None:
    jobs = [a_job(3, key) for key in "ab"]
    await delivery.jobs.add(3, jobs)
    lease = {"busy": [], "max_of_subject": 5, "max_rows": 5, "lease_seconds": 60.0}
    first = {job.id: job for job in await delivery.jobs.claim(["test"], **lease)}
    pass_time(database_url, "61 seconds")
    assert len(await delivery.jobs.claim(["test"], **lease)) == 2
    await delivery.jobs.finish(first[jobs[0].id], Done(answer="sent"), milliseconds=1)
    await delivery.jobs.finish(first[jobs[1].id], Parked(answer="failed"), milliseconds=1)
    assert status_of(database_url, jobs[0].id) == ("done", 2, "sent")
    assert status_of(database_url, jobs[1].id) == ("due", 2, None)


async def test_two_processes_never_claim_the_same_job(delivery: Delivery) -> None:
    await delivery.jobs.add(4, [a_job(4, str(at)) for at in range(50)])
    lease = {"busy": [], "max_of_subject": 100, "max_rows": 100, "lease_seconds": 60.0}
    found = await asyncio.gather(*(delivery.jobs.claim(["test"], **lease) for _ in range(4)))
    ids = [job.id for claimed in found for job in claimed]
    assert len(ids) == len(set(ids)) == 50


async def test_a_slow_receiver_delays_no_other(delivery: Delivery, database_url: str) -> None:
    """It has a backlog of older jobs, more than a claim takes, and its act hangs."""
    release = asyncio.Event()

    async def act(job: Job) -> Outcome:
        if job.subject == "slow":
            await release.wait()
        return Done(answer="ok")

    await delivery.jobs.add(1, [a_job(1, f"slow {at}", subject="slow") for at in range(20)])
    pass_time(database_url, "1 hour")
    quick = [a_job(1, f"quick {at}", subject="quick") for at in range(20)]
    await delivery.jobs.add(1, quick)
    runner = runner_of(delivery, {"test": act}, jobs_of_subject=4, jobs_per_claim=8)
    await runner.run_once()
    while fetch(database_url, "SELECT 1 FROM jobs WHERE subject = 'quick' AND status <> 'done'"):
        await runner.run_once()
    assert fetch(database_url, "SELECT count(*) FROM jobs WHERE status = 'done'") == [(20,)]
    release.set()
    await run_due(runner)
    assert fetch(database_url, "SELECT count(*) FROM jobs WHERE status = 'done'") == [(40,)]


async def test_an_act_that_hangs_or_breaks_is_tried_again(delivery: Delivery, database_url: str) -> None:
    async def hang(job: Job) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    hanging, breaking = a_job(0, "hangs", kind="hang"), a_job(0, "breaks", kind="break", subject="other")
    await delivery.jobs.add(0, [hanging, breaking])
    acts = {"hang": hang, "break": Receiver(ZeroDivisionError("a secret"))}
    await run_due(runner_of(delivery, acts, act_seconds=0.05))
    assert status_of(database_url, hanging.id) == ("due", 1, "No answer within 0.05 seconds.")
    assert status_of(database_url, breaking.id) == ("due", 1, "Internal error: ZeroDivisionError.")


async def test_jobs_of_an_unknown_kind_are_left_to_a_newer_server(
    delivery: Delivery, database_url: str
) -> None:
    job = a_job(kind="newer")
    await delivery.jobs.add(0, [job])
    assert await run_due(runner_of(delivery, {"test": Receiver(Done(answer="ok"))})) == 0
    assert status_of(database_url, job.id) == ("due", 0, None)


async def test_stopping_a_runner_leaves_its_jobs_due(delivery: Delivery, database_url: str) -> None:
    entered = asyncio.Event()

    async def hang(job: Job) -> Outcome:
        entered.set()
        await asyncio.Event().wait()
        raise AssertionError

    job = a_job()
    await delivery.jobs.add(0, [job])
    runner = runner_of(delivery, {"test": hang})
    await runner.run_once()
    await entered.wait()
    await runner.stop()
    assert status_of(database_url, job.id) == ("due", 1, None)


async def test_done_jobs_are_deleted_after_some_days_and_parked_ones_stay(
    delivery: Delivery, database_url: str
) -> None:
    outcomes: Sequence[Outcome] = (Done(answer="ok"), Parked(answer="no"), Later(answer="busy"))
    for at, outcome in enumerate(outcomes):
        await delivery.jobs.add(at, [a_job(at, kind=f"kind {at}", subject=str(at))])
        await run_due(runner_of(delivery, {f"kind {at}": Receiver(outcome)}))
    pass_time(database_url, "31 days")
    await delivery.jobs.add(0, [a_job(0, "young", kind="kind 0")])
    await run_due(runner_of(delivery, {"kind 0": Receiver(Done(answer="ok"))}))
    assert await JobRetention(delivery, days=30, rows_per_step=1).run_once() == 1
    assert fetch(database_url, "SELECT key, status FROM jobs ORDER BY event_number") == [
        ("young", "done"), ("a", "parked"), ("a", "due"),
    ]  # fmt: skip
    assert fetch(database_url, "SELECT count(*) FROM job_attempts") == [(3,)]


async def test_jobs_are_listed_page_by_page(delivery: Delivery) -> None:
    for number in (0, 1, 2):
        await delivery.jobs.add(number, [a_job(number, str(at)) for at in range(3)])
    listed, before = [], None
    while page := await delivery.jobs.list_jobs(kind="test", limit=2, before=before):
        listed += [job.id for job in page]
        before = page[-1].created_at, page[-1].id
    assert len(listed) == len(set(listed)) == 9
    assert [job.id for job in await delivery.jobs.list_jobs(limit=100)] == listed
    assert await delivery.jobs.list_jobs(status=JobStatus.PARKED, limit=9) == []


async def test_jobs_live_with_their_events_on_two_nodes(databases: TestDatabases) -> None:
    urls = [databases.create() for _ in range(2)]
    async with a_delivery(urls) as delivery:
        jobs = {number: a_job(number) for number in (0, 1, 2)}
        for number, job in jobs.items():
            await delivery.jobs.add(number, [job])
        assert [fetch(url, "SELECT event_number FROM jobs ORDER BY 1") for url in urls] == [
            [(0,), (2,)],
            [(1,)],
        ]
        assert await run_due(runner_of(delivery, {"test": Receiver(Done(answer="ok"))})) == 3
        assert await delivery.jobs.retry(jobs[1].id)
        found = await delivery.jobs.find(jobs[1].id)
        assert found is not None
        assert found.status == "due"
        await delivery.observe()
    for url in urls:
        databases.drop(url)


def test_pauses_grow_for_about_three_days_and_a_receiver_may_ask_for_a_longer_one() -> None:
    pauses = [next_try(attempt) for attempt in range(1, 10)]
    assert all(pause is not None for pause in pauses)
    assert pauses == sorted(pauses, key=lambda pause: pause or 0)
    assert 2.5 * DAYS < sum(pause or 0 for pause in pauses) < 4 * DAYS
    assert next_try(10) is None
    assert next_try(1, 120) == 120
    assert (next_try(1, 1) or 0) >= 4
    assert next_try(1, 10**9) == DAYS, "a receiver cannot postpone a job for years"
