"""A clock that was far ahead for one write: it is noticed, and there is a way back.

Class of bug: an event's time never runs backwards, so that one wrong reading of the clock stays. Its members: holds
that do not expire, times of the journal, of holds, bookings and blocks, and holds that end in a year. We looked for
every `timestamptz` in the schema that a batch writes.
"""

from __future__ import annotations

import asyncio

import psycopg
import pytest
import structlog

from holdfast.delivery.jobs import NewJob, make_job_id
from holdfast.inventory.rules import commands as c
from holdfast.workers.clock_check import ClockCheck
from support.commands import Run
from support.delivering import a_delivery
from support.house_of import confirm, fetch, make_event, place
from support.selling import an_engine, what_is_wrong

DAYS = 400


async def sell_ahead(url: str) -> int:
    """Write once while the clock is 400 days ahead. Return the event's number."""
    async with an_engine(url) as inventory:
        event = await make_event(inventory, rows=1, capacity=10)
        await place(inventory, event.number, "A-1-1")
        booked = await place(inventory, event.number, "A-1-2")
        block = inventory.new_id(event.number)
        fetch(url, f"UPDATE inventories SET last_at = last_at + interval '{DAYS} days'")
        await place(inventory, event.number, "A-1-3")
        kept = await place(inventory, event.number, "A-1-4")
        await confirm(inventory, event.number, kept)
        await inventory.execute(
            event.number, c.BlockAdmissions(by="test", block_id=block, labels=("A-1-5",), reason=None)
        )
        assert booked
        return event.number


async def look(url: str) -> tuple[list[dict[str, object]], list[float]]:
    async with an_engine(url) as inventory:
        with structlog.testing.capture_logs() as logs:
            check = ClockCheck(inventory)
            await check.run_once()
            await check.run_once()
        return list(logs), [each.seconds for each in await inventory.operations.observe_clock()]


def test_a_clock_far_ahead_is_noticed_and_set_back(holdfast: Run, database_url: str) -> None:
    number = asyncio.run(sell_ahead(database_url))
    logs, (seconds,) = asyncio.run(look(database_url))
    assert seconds == pytest.approx(DAYS * 86_400, rel=0.01)
    assert [(each["event"], each["event_number"]) for each in logs] == [("clock_ahead", number)]
    checked = holdfast("check")
    assert (checked.code, "ahead of the clock" in checked.err) == (0, True)
    status = holdfast("db", "status", "--json")
    assert (status.code, status.json["events_ahead_of_clock"]) == (0, 1)
    assert status.json["clock_ahead_seconds"] == pytest.approx(DAYS * 86_400, rel=0.01)
    assert "holdfast db fix-clock" in status.json["clock_advice"]

    (row,) = holdfast("db", "fix-clock", "--json").json
    assert (row["event"], row["holds_released"]) == (number, 1)
    assert row["seconds_left"] <= 3_600, (
        "two holds expired at the write ahead, and the event cannot be before that"
    )
    ahead = "SELECT count(*) FROM journal WHERE at > statement_timestamp() + interval '1 day'"
    assert fetch(database_url, ahead) == [(0,)]
    assert what_is_wrong(database_url) == []
    assert holdfast("check").code == 0


def test_whatever_else_was_written_ahead_is_set_back(holdfast: Run, database_url: str) -> None:
    """Other members: a job that was put off or leased, a session, a link. An access token names its own time, and a
    key's `last_used_at` and the age of stored answers only last longer."""
    asyncio.run(with_jobs(database_url))
    with psycopg.connect(database_url) as connection:
        connection.execute(AHEAD)
    fixed = holdfast("db", "fix-clock", "--json")
    assert fixed.json == []
    assert "2 jobs waited for the wrong time" in fixed.err
    assert "2 sign-ins and links would last too long" in fixed.err
    due = "SELECT key FROM jobs WHERE due_at <= statement_timestamp() AND lease_until IS NULL ORDER BY key"
    assert fetch(database_url, due) == [("leased",), ("now",), ("put off",)]
    assert fetch(database_url, "SELECT key FROM jobs WHERE due_at > statement_timestamp()") == [("tomorrow",)]
    assert fetch(database_url, "SELECT token_hash FROM sessions") == [(b"now",)]
    assert fetch(database_url, "SELECT count(*) FROM one_time_tokens") == [(0,)]


async def with_jobs(url: str) -> None:
    async with a_delivery(url) as delivery:
        await delivery.jobs.add(0, [new_job(key) for key in ("leased", "now", "put off", "tomorrow")])


def new_job(key: str) -> NewJob:
    return NewJob(id=make_job_id(0), kind="mail", subject="mail", key=key, request={})


AHEAD = b"""
UPDATE jobs SET lease_until = now() + interval '400 days' WHERE key = 'leased';
UPDATE jobs SET due_at = now() + interval '400 days' WHERE key = 'put off';
UPDATE jobs SET due_at = now() + interval '25 hours' WHERE key = 'tomorrow';
INSERT INTO sessions
SELECT gen_random_uuid(), name::bytea, 7, NULL, now() + ahead, now(), 600, now() + ahead + interval '1 day', false
FROM (VALUES ('now', interval '0'), ('ahead', interval '400 days')) AS made (name, ahead);
INSERT INTO one_time_tokens
VALUES ('x', 'reset', 7, NULL, NULL, '{}', now() + interval '400 days', now() + interval '401 days');
"""


def test_nothing_is_done_without_an_event_ahead(holdfast: Run, database_url: str) -> None:
    before = fetch(database_url, "SELECT epoch FROM schema_generation")
    status = holdfast("db", "status", "--json").json
    assert (status["events_ahead_of_clock"], status["clock_advice"]) == (0, None)
    assert "No event is ahead" in holdfast("db", "fix-clock").err
    assert fetch(database_url, "SELECT epoch FROM schema_generation") == before
