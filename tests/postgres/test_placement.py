"""Placement: connections go to the node that has an event, and an outdated map is slower but right.

The hash is compared with PostgreSQL's own. The rest needs a cluster: `make test CITUS_URL=…`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.postgres import connections as connections_module
from holdfast.postgres import distribution
from holdfast.postgres.connections import Connections
from holdfast.postgres.placement import Placement, hash_of, url_of_node
from support.citus import CitusDatabases
from support.house_of import confirm, fetch, make_event, place
from support.postgres import TestDatabases
from support.selling import all_at_once


def test_the_hash_is_that_of_the_database(database_url: str) -> None:
    some = random.Random(1)
    numbers = [0, 1, -1, 2**31, 2**32, 2**40 - 1, 2**63 - 1, -(2**63)]
    numbers += [some.randrange(-(2**63), 2**63) for _ in range(500)] + list(range(2, 500))
    found = fetch(database_url, "SELECT n, hashint8(n) FROM unnest(%s::bigint[]) n", numbers)
    assert found == [(number, hash_of(number)) for number in numbers]


def test_each_event_is_on_the_node_of_its_hash() -> None:
    low, high = -(2**30), 2**30
    placement = Placement.of_shards([(-(2**31), "a", 1), (low, "b", 2), (high, "a", 1)])
    found = {number: placement.node_of(number) for number in range(1, 500)}
    assert found == {number: ("b", 2) if low <= hash_of(number) < high else ("a", 1) for number in found}
    assert set(found.values()) == {("a", 1), ("b", 2)}
    assert {placement.shard_of(number) for number in found} == {0, 1, 2}


def test_a_node_has_the_options_and_the_role_of_the_coordinator() -> None:
    url = (
        "postgresql://me:secret@first,second:5433/box?options=-csearch_path%3Dmine&hostaddr=10.0.0.1,10.0.0.2"
    )
    found = conninfo_to_dict(url_of_node(url, ("node", 6000)))
    assert found == {
        "user": "me",
        "password": "secret",
        "dbname": "box",
        "options": "-csearch_path=mine",
        "host": "node",
        "port": "6000",
    }


@pytest.mark.one_postgres("there it is a cluster")
async def test_one_postgresql_has_no_other_nodes(database_url: str) -> None:
    connections = Connections(database_url, direct=True)
    await connections.open()
    try:
        await connections.check_epoch()
        assert connections.spans
        assert connections.pool(5) is connections.control()
    finally:
        await connections.close()


@pytest.fixture
async def direct(databases: TestDatabases | CitusDatabases, database_url: str) -> AsyncIterator[Inventory]:
    if not isinstance(databases, CitusDatabases):
        pytest.skip("there is no Citus cluster: make test CITUS_URL=…")
    inventory = Inventory(Connections(database_url, size=4, direct=True), HoldTokens(b"k" * 32))
    await inventory.open()
    await inventory.operations.check_epoch()
    try:
        yield inventory
    finally:
        await inventory.close()


async def node_of(inventory: Inventory, number: int) -> str:
    async with inventory._connections.pool(number).connection() as connection:
        return f"{connection.info.host}:{connection.info.port}"


async def test_events_are_sold_on_their_own_nodes(direct: Inventory, database_url: str) -> None:
    events = [(await make_event(direct, capacity=5)).number for _ in range(6)]
    for number in events:
        await confirm(direct, number, await place(direct, number, 2))
    with distribution.connect(database_url) as session:
        places = {number: distribution.find_place(session, number).node for number in events}
    assert {number: await node_of(direct, number) for number in events} == places
    assert len(set(places.values())) == 2
    assert fetch(database_url, "SELECT count(*) FROM bookings") == [(6,)]


async def test_a_moved_event_is_sold_before_and_after_it_is_followed(
    direct: Inventory, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = (await make_event(direct, capacity=9)).number
    await confirm(direct, number, await place(direct, number, 1))
    former = await node_of(direct, number)

    def move() -> str:
        with distribution.connect(database_url) as session:
            (other,) = [
                node.name
                for node in distribution.list_nodes(session)
                if node.has_shards and node.name != former
            ]
            return distribution.isolate(session, number, node=other).node

    new = await asyncio.to_thread(move)
    assert new != former
    await confirm(direct, number, await place(direct, number, 1))  # by the former node
    assert await node_of(direct, number) == former
    monkeypatch.setattr(connections_module, "_PLACED_SECONDS", 0.0)
    await direct.operations.check_epoch()
    assert await node_of(direct, number) == new
    await confirm(direct, number, await place(direct, number, 1))
    assert fetch(database_url, "SELECT count(*) FROM bookings") == [(3,)]


async def test_events_of_a_split_shard_sell_on(direct: Inventory, database_url: str) -> None:
    """A batch of both parts can lock nothing, so that each event goes alone. The next look shows the new shards."""
    first, second = await two_of_a_shard(direct)
    group_of = direct._connections.group_of
    await all_at_once(*(place(direct, number, 1) for number in (first, second)))
    assert fetch(database_url, "SELECT count(*) FROM holds") == [(2,)]

    def split() -> None:
        with distribution.connect(database_url) as session:
            distribution.isolate(session, first)

    await asyncio.to_thread(split)
    sold = await all_at_once(*(place(direct, number, 1) for number in (first, second) * 4))
    assert not [each for each in sold if isinstance(each, BaseException)]
    await direct.operations.check_epoch()
    assert group_of(first) != group_of(second)
    sold = await all_at_once(*(place(direct, number, 1) for number in (first, second)))
    assert not [each for each in sold if isinstance(each, BaseException)]


async def two_of_a_shard(inventory: Inventory) -> tuple[int, int]:
    """Create events until two are on one shard."""
    by_shard: dict[int | None, int] = {}
    while True:
        number = (await make_event(inventory, capacity=50)).number
        group = inventory._connections.group_of(number)
        assert group is not None
        if group in by_shard:
            return by_shard[group], number
        by_shard[group] = number
