"""Failures of the database: callers get a true answer, and sales continue afterwards."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.errors import InvariantViolated, OutcomeUnknown, Unavailable
from holdfast.inventory import metrics
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Replayed
from holdfast.inventory.rules.hold import Hold
from support.citus import everywhere
from support.failing import a_key, count, fail_holds
from support.postgres import TestDatabases
from support.selling import a_place, in_one_batch, new_event, place, quantity, sql


async def test_one_bad_command_never_spoils_its_neighbours(inventory: Inventory, database_url: str) -> None:
    """A claim that no counter knows makes the unique index refuse one of eleven holds. The ten others are sold."""
    number = await new_event(inventory, widths=(20,))
    await place(inventory, number, c.SeatsLine(labels=("A-1-20",)))
    sql(
        database_url,
        "INSERT INTO claims (event_number, hold_id, claim_number, line, kind, area_number, seat_number, quantity,"
        " held_version) VALUES (%s, gen_random_uuid(), 0, 0, 'hold', 1, 6, 1, 0)",
        number,
    )
    before = metrics.VIOLATIONS._value.get()
    asked = [a_place(inventory, number, c.SeatsLine(labels=(f"A-1-{seat}",))) for seat in range(1, 12)]
    inventory._occupancies.drop(number)
    inventory._occupancies._occupancy[number] = await inventory._occupancies.get(number, 1)
    inventory._occupancies._occupancy[number].remove(
        next(id for id, h in inventory._occupancies._occupancy[number].by_id.items() if 6 in h.seats)
    )
    drop, inventory._occupancies.drop = inventory._occupancies.drop, lambda number: None  # type: ignore[method-assign]  # the occupancy stays wrong
    outcomes = await in_one_batch(inventory, number, *asked)
    inventory._occupancies.drop = drop  # type: ignore[method-assign]
    inventory._occupancies.drop(number)
    assert [isinstance(each, Hold) for each in outcomes] == [seat != 6 for seat in range(1, 12)]
    assert isinstance(outcomes[5], InvariantViolated)
    assert metrics.VIOLATIONS._value.get() == before + 1
    sql(database_url, "DELETE FROM claims WHERE held_version = 0")


async def test_a_value_that_the_database_refuses_fails_alone(inventory: Inventory) -> None:
    number = await new_event(inventory, areas={"floor": 10})
    good, bad, also_good = await in_one_batch(
        inventory,
        number,
        a_place(inventory, number, quantity(1)),
        a_place(inventory, number, quantity(1), buyer="nul \0 in it"),
        a_place(inventory, number, quantity(1)),
    )
    assert isinstance(good, Hold)
    assert isinstance(also_good, Hold)
    assert isinstance(bad, InvariantViolated)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_a_batch_runs_again_after_a_serialization_failure(
    inventory: Inventory, database_url: str, sqlstate: str
) -> None:
    """The database raises it once, on the first write. The caller does not notice."""
    number = await new_event(inventory, areas={"floor": 10})
    sql(database_url, "CREATE SEQUENCE once")
    sql(
        database_url,
        "CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF nextval('once') = 1 THEN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END IF; RETURN NEW; END $$",
    )
    sql(
        database_url,
        "CREATE TRIGGER fail_once BEFORE INSERT ON holds FOR EACH ROW EXECUTE FUNCTION fail_once()",
    )
    assert isinstance(await place(inventory, number, quantity(1)), Hold)
    assert max(everywhere(database_url, "SELECT last_value FROM once")) == 2


@pytest.mark.parametrize("sqlstate", ["XX000", "08006", "08001", "53300", "58030", "57014", "40003", "55000"])
async def test_a_commit_that_is_answered_with_an_error_is_unknown(
    inventory: Inventory, database_url: str, sqlstate: str
) -> None:
    """A coordinator answers so if a node has committed and then broke off, and its session goes on.

    Class of bug: a failure that is reported as certain. Each class of SQLSTATE that a node's failure has is tried, at
    COMMIT and before it, and the writes beside batches, which commit by themselves (`Connections.use`).
    """
    number = await new_event(inventory, areas={"floor": 10})
    await place(inventory, number, quantity(1))
    fail_holds(database_url, sqlstate, at_commit=True)
    with pytest.raises(OutcomeUnknown):
        await place(inventory, number, quantity(1))
    assert isinstance(await place(inventory, number, quantity(1)), Hold)


@pytest.mark.parametrize("sqlstate", ["XX000", "53300", "58030"])
async def test_an_error_before_the_commit_is_certain(
    inventory: Inventory, database_url: str, sqlstate: str
) -> None:
    number = await new_event(inventory, areas={"floor": 10})
    await place(inventory, number, quantity(1))
    fail_holds(database_url, sqlstate, at_commit=False)
    with pytest.raises(Unavailable):
        await place(inventory, number, quantity(1))
    assert count(database_url, "holds") == 1


@pytest.mark.one_postgres("a coordinator hides why a node's COMMIT failed, so that it may be done")
@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_a_commit_that_certainly_failed_runs_again(
    inventory: Inventory, database_url: str, sqlstate: str
) -> None:
    number = await new_event(inventory, areas={"floor": 10})
    fail_holds(database_url, sqlstate, at_commit=True)
    assert isinstance(await place(inventory, number, quantity(1)), Hold)


@pytest.mark.parametrize(
    ("sqlstate", "unknown"),
    [
        ("XX000", True),
        ("08006", True),
        pytest.param(
            "42P01", False, marks=pytest.mark.one_postgres("a coordinator hides why a COMMIT failed")
        ),
    ],
)
async def test_a_write_that_commits_by_itself_may_be_done_after_a_nodes_failure(
    inventory: Inventory, database_url: str, sqlstate: str, unknown: bool
) -> None:
    fail_holds(database_url, sqlstate, at_commit=True, table="events")
    with pytest.raises(OutcomeUnknown if unknown else Unavailable):
        await new_event(inventory, areas={"floor": 10})


async def test_a_command_that_meets_a_bug_fails_alone(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other commands of its batch get their outcomes, and the bug is counted."""
    number = await new_event(inventory, areas={"floor": 10})
    before = metrics.VIOLATIONS._value.get()

    def fail(outcome: Any) -> c.StoredAnswer:
        raise KeyError("no such thing")

    key = c.RetryKey(scope=b"s" * 32, body=b"b" * 32, render=fail)
    outcomes = await in_one_batch(
        inventory,
        number,
        *[a_place(inventory, number, quantity(1), key=key if n == 3 else None) for n in range(6)],
    )
    assert [type(each) for each in outcomes] == [InvariantViolated if n == 3 else Hold for n in range(6)]
    assert metrics.VIOLATIONS._value.get() == before + 1
    assert (await inventory.queries.get_availability(number)).counts.held == 5


async def test_an_observer_that_fails_does_not_undo_a_sale(inventory: Inventory) -> None:
    """A committed sale is acknowledged, even if an observer of commits fails."""
    number = await new_event(inventory, areas={"floor": 10})

    def fail(*_: Any) -> None:
        raise ValueError("an observer's bug")

    inventory._on_commit.append(fail)
    assert isinstance(await place(inventory, number, quantity(1)), Hold)


async def test_a_migration_under_a_running_server_does_not_stop_sales(
    inventory: Inventory, database_url: str
) -> None:
    """A later schema has further columns. Statements that were prepared before it still fit."""
    number = await new_event(inventory, areas={"floor": 10}, widths=(3,))
    for _ in range(6):
        await place(inventory, number, quantity(1))
        await inventory.queries.get_availability(number)
    for table in ("events", "inventories", "areas", "holds", "claims", "journal", "seats", "bookings"):
        sql(database_url, f"ALTER TABLE {table} ADD COLUMN something_new integer")
    for _ in range(4):
        assert isinstance(await place(inventory, number, quantity(1)), Hold)
    assert (await inventory.queries.get_availability(number)).counts.held == 10


async def test_a_cancelled_wait_for_the_standby_is_no_success(
    inventory: Inventory, database_url: str, databases: TestDatabases
) -> None:
    """PostgreSQL only warns if a commit's wait for its standby is cancelled. A warning is no acknowledgement."""
    number = await new_event(inventory, areas={"floor": 10})
    await place(inventory, number, quantity(1))
    key = a_key("standby")
    superuser = databases.server.url_of("postgres", role="postgres")
    try:
        sql(superuser, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        sql(superuser, "SELECT pg_reload_conf()")
        asked = asyncio.ensure_future(place(inventory, number, quantity(1), key=key))
        while not await asyncio.to_thread(_cancel_waiters, superuser):
            assert not asked.done(), asked
        with pytest.raises(OutcomeUnknown):
            await asked
    finally:
        sql(superuser, "ALTER SYSTEM RESET synchronous_standby_names")
        sql(superuser, "SELECT pg_reload_conf()")
    assert isinstance(await place(inventory, number, quantity(1), key=key), Replayed)


def _cancel_waiters(url: str) -> int:
    return len(sql(url, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))


async def test_a_replayed_creation_waits_for_the_standby_as_the_first_did(
    inventory: Inventory, database_url: str
) -> None:
    """The replay writes, because only a commit waits."""
    new = c.NewEvent(name="E", areas=(c.AreaSpec(name="floor", capacity=5),))
    await inventory.create_event_keyed(new, by="test", key=a_key("create"))
    before = sql(database_url, "SELECT xmin::text FROM event_creations")
    again = await inventory.create_event_keyed(new, by="test", key=a_key("create"))
    assert isinstance(again, Replayed)
    assert sql(database_url, "SELECT xmin::text FROM event_creations") != before
    assert count(database_url, "events") == 1


async def test_a_connection_whose_first_batch_failed_sells_in_its_second(
    inventory: Inventory, database_url: str
) -> None:
    """What that batch had prepared before it failed stays prepared in the session, and the pipeline knows that."""
    number = await new_event(inventory, areas={"floor": 10})
    sql(database_url, "ALTER TABLE journal ADD CONSTRAINT never CHECK (version < 1)")
    with pytest.raises(InvariantViolated):
        await place(inventory, number, quantity(1))
    sql(database_url, "ALTER TABLE journal DROP CONSTRAINT never")
    for _ in range(5):
        assert isinstance(await place(inventory, number, quantity(1)), Hold)
