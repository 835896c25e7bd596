"""Distribution over a Citus cluster, and the table of tables that it follows.

With `HOLDFAST_TEST_CITUS_URL` the commands run on a cluster. Without one, the tests hold what one PostgreSQL can show:
every table is sorted, the keys that a move drops come back as they were, and the commands refuse.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from holdfast.inventory.inventory import Inventory
from holdfast.postgres import citus, distribution, schema
from holdfast.postgres.tables import OF_EVENTS, OF_NO_EVENT
from support.citus import CitusDatabases
from support.commands import Ended, Run, holdfast, run
from support.house_of import confirm, fetch, make_event, place
from support.postgres import TestDatabases
from support.selling import an_engine

__all__ = ["holdfast", "run"]


@pytest.fixture
def local_url(databases: TestDatabases | CitusDatabases, empty_database_url: str) -> str:
    """A migrated database of a coordinator, not distributed yet."""
    if not isinstance(databases, CitusDatabases):
        pytest.skip("there is no Citus cluster: make test CITUS_URL=…")
    schema.upgrade(empty_database_url)
    return empty_database_url


@pytest.fixture
async def inventory(local_url: str) -> AsyncIterator[Inventory]:
    async with an_engine(local_url) as one:
        yield one


async def beside(run: Run, *words: object, **settings: object) -> Ended:
    """Run a command while the test's own loop runs."""
    return await asyncio.to_thread(run, *words, **settings)


def keys_of(url: str) -> list[tuple[object, ...]]:
    return fetch(
        url,
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
        " WHERE contype = 'f' ORDER BY 1, 2",
    )


def test_every_table_is_either_of_events_or_of_none(database_url: str) -> None:
    found = fetch(
        database_url,
        "SELECT c.relname, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'event_number'"
        " AND a.attnotnull) FROM pg_class c"
        " WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace",
    )
    assert {name for name, is_of_events in found if is_of_events} == set(OF_EVENTS)
    assert {name for name, is_of_events in found if not is_of_events} == {*OF_NO_EVENT, "alembic_version"}


@pytest.mark.one_postgres("there the tables are distributed already")
def test_dropped_keys_come_back_as_they_were(database_url: str) -> None:
    before = keys_of(database_url)
    assert len(before) == 3
    with distribution.connect(database_url) as session:
        keys = distribution.read_keys(session)
        with session.transaction():
            distribution.drop_keys(session, keys)
            assert distribution.read_keys(session) == []
            distribution.add_keys(session, keys)
    assert keys_of(database_url) == before


@pytest.mark.one_postgres("there it is a cluster")
@pytest.mark.parametrize("command", [("distribute", "--yes"), ("distribute", "--dry-run"), ("rebalance",)])
def test_one_postgresql_is_not_a_cluster(holdfast: Run, command: tuple[str, ...]) -> None:
    said = holdfast("db", *command).complaint
    assert "no coordinator of Citus" in said or "is not distributed" in said


@pytest.mark.one_postgres("there it is a cluster")
def test_one_postgresql_has_nothing_to_bring_back(holdfast: Run) -> None:
    assert holdfast("db", "undistribute", "--yes", "--json").json == {"tables_undistributed": 0}


async def test_sales_are_distributed_and_come_back(run: Run, local_url: str, inventory: Inventory) -> None:
    """The same rows and keys before, between and after; the engine sells on through all of it."""
    event = await make_event(inventory, capacity=20, rows=1)
    await confirm(inventory, event.number, await place(inventory, event.number, 2, "A-1-1"))
    before = keys_of(local_url)

    planned = (await beside(run, "db", "distribute", "--dry-run", "--json", database_url=local_url)).json
    assert {row["table"] for row in planned} == set(OF_EVENTS)
    assert (
        await beside(run, "db", "distribute", "--yes", "--shards", "4", "--json", database_url=local_url)
    ).json == {
        "tables_distributed": len(OF_EVENTS),
        "shards": 4,
        "nodes": 2,
    }
    schema.verify(local_url)
    assert keys_of(local_url) == before
    await confirm(inventory, event.number, await place(inventory, event.number, 3, "A-1-2"))
    assert fetch(local_url, "SELECT count(*) FROM bookings") == [(2,)]
    assert fetch(local_url, "SELECT count(*) FROM ONLY pg_catalog.pg_dist_partition") == [(len(OF_EVENTS),)]
    again = (await beside(run, "db", "distribute", "--yes", "--json", database_url=local_url)).json
    assert again["tables_distributed"] == 0
    shown = (await beside(run, "db", "status", "--json", database_url=local_url)).json
    assert shown["shards"] == 4 == sum(node["shards"] for node in shown["nodes"])
    assert (await beside(run, "check", database_url=local_url)).code == 0

    back = (await beside(run, "db", "undistribute", "--yes", "--json", database_url=local_url)).json
    assert back == {"tables_undistributed": len(OF_EVENTS)}
    assert keys_of(local_url) == before
    await confirm(inventory, event.number, await place(inventory, event.number, 1, "A-1-3"))
    assert fetch(local_url, "SELECT count(*) FROM bookings") == [(3,)]
    assert (await beside(run, "check", database_url=local_url)).code == 0


async def test_a_hot_event_gets_a_shard_and_a_node_of_its_own(
    run: Run, local_url: str, inventory: Inventory
) -> None:
    events = [await make_event(inventory, capacity=5) for _ in range(3)]
    await beside(run, "db", "distribute", "--yes", "--shards", "2", database_url=local_url)
    hot = events[1].number
    first = (await beside(run, "db", "isolate", hot, "--json", database_url=local_url)).json
    with distribution.connect(local_url) as session:
        places = {event.number: distribution.find_place(session, event.number) for event in events}
        nodes = [node.name for node in distribution.list_nodes(session) if node.has_shards]
    assert [places[event.number].is_alone for event in events] == [False, True, False]
    assert first == {"event": hot, "shard": places[hot].shard, "node": places[hot].node}

    (other,) = [name for name in nodes if name != places[hot].node]
    assert (await beside(run, "db", "isolate", hot, "--node", other, "--json", database_url=local_url)).json[
        "node"
    ] == other
    assert (
        "no node"
        in (await beside(run, "db", "isolate", hot, "--node", "nowhere:1", database_url=local_url)).complaint
    )
    for event in events:
        await confirm(inventory, event.number, await place(inventory, event.number, 1))
    balanced = (await beside(run, "db", "rebalance", "--wait", "--json", database_url=local_url)).json
    assert balanced["state"] in ("balanced", "finished")
    assert (await beside(run, "check", database_url=local_url)).code == 0


async def test_a_table_that_a_migration_added_joins_the_others(run: Run, local_url: str) -> None:
    """As after an upgrade that was interrupted: a server refuses, and `db upgrade` repairs it."""
    await beside(run, "db", "distribute", "--yes", "--shards", "2", database_url=local_url)
    fetch(local_url, "SELECT undistribute_table('blocks')")
    with pytest.raises(schema.SchemaError, match="not blocks"):
        schema.verify(local_url)
    assert (await beside(run, "db", "upgrade", database_url=local_url)).code == 0
    schema.verify(local_url)
    with distribution.connect(local_url) as session:
        assert citus.undistributed(session) == []


async def test_an_interrupted_move_changes_nothing(
    local_url: str, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await make_event(inventory, capacity=5)

    def stop(_session: Any, _keys: Any) -> None:
        raise KeyboardInterrupt

    before = keys_of(local_url)
    monkeypatch.setattr(distribution, "add_keys", stop)
    with distribution.connect(local_url) as session, pytest.raises(KeyboardInterrupt):
        distribution.distribute(session, shards=2)
    assert keys_of(local_url) == before
    with distribution.connect(local_url) as session:
        assert not citus.is_distributed(session)
    await place(inventory, event.number, 1)


async def test_locked_tables_are_given_up_in_the_end(local_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "PATIENCE_SECONDS", 0.0)
    with psycopg.connect(local_url) as other:
        other.execute("SELECT 1 FROM inventories")
        with (
            distribution.connect(local_url) as session,
            pytest.raises(distribution.ClusterError, match="locked"),
        ):
            distribution.distribute(session, shards=2)
