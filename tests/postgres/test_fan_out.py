"""Fan-out: where connections go straight to the nodes, one statement reads all shards of a node, as they are now.

One PostgreSQL stands for the only node here: its catalogue of Citus is made by hand. The last tests need a cluster.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.queries import EventFilter
from holdfast.inventory.store.events import EventStore
from holdfast.inventory.store.workers import WorkerStore
from holdfast.postgres import distribution
from holdfast.postgres.connections import Connections
from holdfast.postgres.fan_out import NodeShards
from holdfast.postgres.tables import OF_EVENTS
from support.citus import CitusDatabases
from support.house_of import make_event, place
from support.postgres import TestDatabases
from support.selling import sql

TWO = NodeShards(
    ids=frozenset({1, 2}),
    names=tuple({table.encode(): f"{table}_{at}".encode() for table in OF_EVENTS} for at in (1, 2)),
)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            b"SELECT e.name FROM events e WHERE e.event_number = %(n)s",
            (
                b"SELECT e.name FROM (SELECT * FROM events_1 UNION ALL SELECT * FROM events_2) e"
                b" WHERE e.event_number = %(n)s"
            ),
        ),
        (
            b"SELECT held\nFROM areas\nWHERE event_number = ANY(%(n)s)",
            (
                b"SELECT held\nFROM (SELECT * FROM areas_1 UNION ALL SELECT * FROM areas_2) areas\n"
                b"WHERE event_number = ANY(%(n)s)"
            ),
        ),
        (
            b"SELECT 1 FROM inventories i JOIN events e ON true LIMIT %(max_rows)s",
            (
                b"SELECT * FROM ((SELECT 1 FROM inventories_1 i JOIN events_1 e ON true LIMIT %(max_rows)s) UNION ALL"
                b" (SELECT 1 FROM inventories_2 i JOIN events_2 e ON true LIMIT %(max_rows)s)) AS shards"
                b" LIMIT %(max_rows)s"
            ),
        ),
    ],
)
def test_a_statement_reads_all_shards_of_a_node(statement: bytes, expected: bytes) -> None:
    assert TWO.text_of(statement) == expected


@pytest.fixture
async def node(database_url: str) -> AsyncIterator[Connections]:
    """A node with the shards 101 and 102, each with two events."""
    where = conninfo_to_dict(database_url)
    sql(
        database_url,
        "CREATE TABLE pg_dist_node (groupid integer, nodename text, nodeport integer, noderole text)",
    )
    sql(
        database_url, "CREATE TABLE pg_dist_shard (logicalrelid regclass, shardid bigint, shardminvalue text)"
    )
    sql(database_url, "CREATE TABLE pg_dist_placement (shardid bigint, groupid integer)")
    sql(database_url, "CREATE TABLE pg_dist_local_group (groupid integer)")
    sql(database_url, "INSERT INTO pg_dist_local_group VALUES (1)")
    port = int(where.get("port") or 5432)
    sql(database_url, "INSERT INTO pg_dist_node VALUES (1, %s, %s, 'primary')", where["host"], port)
    for shard in (101, 102):
        add_shard(database_url, shard)
    connections = Connections(database_url, size=2, direct=True)
    await connections.open()
    await connections.check_epoch()
    assert connections.nodes
    yield connections
    await connections.close()


def add_shard(url: str, shard: int) -> None:
    """Make a part of each table, with the events shard * 10 + 1 and + 2. The second has a lapsed hold."""
    for table in OF_EVENTS:
        sql(url, f"CREATE TABLE {table}_{shard} (LIKE {table} INCLUDING ALL)")
        sql(url, "INSERT INTO pg_dist_shard VALUES (%s, %s, %s)", table, shard, str(shard - 200))
    sql(url, "INSERT INTO pg_dist_placement VALUES (%s, 1)", shard)
    for number in (10 * shard + 1, 10 * shard + 2):
        sql(
            url,
            f"INSERT INTO events_{shard} (event_number, id, name, status, created_at, rules)"
            " VALUES (%s, gen_random_uuid(), 'E', 'published', now(), '{}')",
            number,
        )
        sql(url, f"INSERT INTO inventories_{shard} VALUES (%s, 1, now(), now() - interval '1 day')", number)
        sql(url, f"INSERT INTO areas_{shard} VALUES (%s, 1, 'floor', NULL, false, %s, 1)", number, number)
    sql(
        url,
        f"INSERT INTO holds_{shard} (event_number, id, status, placed_at, expires_at, quantity, requested, placed_by)"
        " VALUES (%s, gen_random_uuid(), 'active', now(), now() - interval '1 hour', 1, 1, 'guest')",
        10 * shard + 2,
    )


async def listed(
    connections: Connections, *, limit: int = 10, before: int | None = None
) -> list[tuple[int, int]]:
    """Return the number and the capacity of each event of a page."""
    page = await EventStore(connections).list_events(EventFilter(), before=before, limit=limit)
    return [(event.number, counts[0]) for event, counts, _ in page]


@pytest.mark.one_postgres("it pretends to be a node")
async def test_a_page_of_events_is_merged_from_all_shards(node: Connections) -> None:
    numbers = [1022, 1021, 1012, 1011]
    assert await listed(node) == [(number, number) for number in numbers]
    assert await listed(node, limit=3) == [(number, number) for number in numbers[:3]]
    assert await listed(node, before=1021) == [(1012, 1012), (1011, 1011)]
    areas = await EventStore(node).list_areas([1011, 1022])
    assert {number: [area.capacity for area in found] for number, found in areas.items()} == {
        1011: [1011],
        1022: [1022],
    }


@pytest.mark.one_postgres("it pretends to be a node")
async def test_lapsed_holds_are_found_in_all_shards(node: Connections) -> None:
    assert sorted(await WorkerStore(node).find_unswept(10)) == [1012, 1022]
    assert len(await WorkerStore(node).find_unswept(1)) == 1


@pytest.mark.one_postgres("it pretends to be a node")
async def test_old_rows_are_found_in_all_shards(node: Connections, database_url: str) -> None:
    """Both kinds in one round trip. They are deleted through their own event, which has the whole tables here."""
    answer = "(event_number, scope, body, status, answer, created_at) VALUES (%s, '\\x01', '', 201, '', now()"
    for shard in (101, 102):
        number = 10 * shard + 1
        for table in (f"attempts_{shard}", "attempts"):
            old = "(%s, 1, 1, 'FAILED', now() - interval '9 days', NULL)"
            sql(database_url, f"INSERT INTO {table} VALUES {old}", number)
        for table in (f"idempotency_{shard}", "idempotency"):
            sql(database_url, f"INSERT INTO {table} {answer} - interval '9 days')", number)
    young = f"INSERT INTO idempotency_102 {answer})"
    sql(database_url, young, 1022)
    assert await WorkerStore(node).delete_old_rows(answer_hours=72, attempt_days=3, max_rows=10) == 4
    assert sql(database_url, "SELECT FROM attempts UNION ALL SELECT FROM idempotency") == []


@pytest.mark.one_postgres("it pretends to be a node")
async def test_a_shard_that_came_is_read_at_once(node: Connections, database_url: str) -> None:
    assert len(await listed(node)) == 4
    add_shard(database_url, 103)
    assert [number for number, _ in await listed(node)] == [1032, 1031, 1022, 1021, 1012, 1011]


@pytest.mark.one_postgres("it pretends to be a node")
async def test_a_shard_that_left_is_read_no_more(node: Connections, database_url: str) -> None:
    """Its old rows stay for a while, and then they are gone."""
    assert len(await listed(node)) == 4
    sql(database_url, "DELETE FROM pg_dist_shard WHERE shardid = 102")
    assert [number for number, _ in await listed(node)] == [1012, 1011]
    add_shard(database_url, 104)
    assert len(await listed(node)) == 4
    sql(database_url, "DELETE FROM pg_dist_shard WHERE shardid = 104")
    sql(database_url, "DROP TABLE events_104")
    assert [number for number, _ in await listed(node)] == [1012, 1011]


@pytest.mark.one_postgres("it pretends to be a node")
async def test_the_coordinator_answers_for_shards_on_an_unknown_node(
    node: Connections, database_url: str
) -> None:
    """The whole tables are the coordinator's answer. They are empty here."""
    assert len(await listed(node)) == 4
    sql(database_url, "INSERT INTO pg_dist_node VALUES (2, 'elsewhere.invalid', 5432, 'primary')")
    sql(database_url, "UPDATE pg_dist_placement SET groupid = 2 WHERE shardid = 102")
    assert await listed(node) == []
    sql(database_url, "UPDATE pg_dist_placement SET groupid = 1 WHERE shardid = 102")
    assert len(await listed(node)) == 4


@pytest.mark.one_postgres("it pretends to be a node")
async def test_a_lost_connection_costs_no_answer(node: Connections, database_url: str) -> None:
    assert len(await listed(node)) == 4
    with psycopg.connect(database_url, autocommit=True) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'holdfast'"
        )
    assert len(await listed(node)) == 4


async def test_both_ways_to_a_cluster_read_the_same(
    databases: TestDatabases | CitusDatabases, database_url: str
) -> None:
    if not isinstance(databases, CitusDatabases):
        pytest.skip("there is no Citus cluster: make test CITUS_URL=…")
    ways = [
        Inventory(Connections(database_url, size=4, direct=direct), HoldTokens(b"k" * 32))
        for direct in (False, True)
    ]
    for inventory in ways:
        await inventory.open()
        await inventory.operations.check_epoch()
    try:
        numbers = [(await make_event(ways[0], capacity=5)).number for _ in range(12)]
        for number in numbers[::2]:
            await place(ways[0], number, 1)
        pages = [await listed(inventory._connections, limit=9) for inventory in ways]
        assert pages[0] == pages[1] == [(number, 5) for number in sorted(numbers, reverse=True)[:9]]

        def split() -> None:
            with distribution.connect(database_url) as session:
                distribution.isolate(session, numbers[-1])

        await asyncio.to_thread(split)
        assert await listed(ways[1]._connections, limit=9) == pages[0]
        sql(database_url, "UPDATE holds SET expires_at = placed_at - interval '1 hour'")
        sql(database_url, "UPDATE inventories SET reclaimed_until = last_at - interval '1 day'")
        found = [sorted(await inventory.operations.find_unswept(50)) for inventory in ways]
        assert found[0] == found[1] == sorted(numbers[::2])
    finally:
        for inventory in ways:
            await inventory.close()
