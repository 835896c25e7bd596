"""Connections that are lost or silent: callers get a true answer, and sales continue."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.errors import Busy, OutcomeUnknown, SoldOut, Unavailable
from holdfast.inventory.batching import runner as batches
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Answered, Replayed, decide
from holdfast.inventory.rules.hold import Hold
from support.cutting_proxy import cutting_proxy
from support.failing import a_key, count, fail_holds
from support.selling import a_confirm, all_at_once, an_engine, new_event, place, quantity, sql, what_is_wrong


async def test_a_lost_node_behind_a_coordinator_keeps_the_pool(
    inventory: Inventory, database_url: str
) -> None:
    """The batch is tried once more on the same connections. What is remembered is forgotten, once a second."""
    number = await new_event(inventory, areas={"floor": 10})
    await place(inventory, number, quantity(1))
    sessions = "SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast' ORDER BY pid"
    before, forgotten = sql(database_url, sessions), []
    inventory._connections.on_lost.append(lambda: forgotten.append(number))
    fail_holds(database_url, "08006", at_commit=False, times=3)
    with pytest.raises(Unavailable):
        await place(inventory, number, quantity(1))
    assert isinstance(await place(inventory, number, quantity(1)), Hold)
    assert sql(database_url, sessions) == before
    assert forgotten == [number]


async def test_a_batch_runs_again_if_its_connection_is_lost_before_commit(database_url: str) -> None:
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        proxy.before = b"BEGIN"
        assert isinstance(await place(inventory, number, quantity(1)), Hold)
        assert proxy.cuts == 1


async def test_a_second_lost_connection_before_commit_is_unavailable(database_url: str) -> None:
    """The error says so, and once the database is back the same process sells."""
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        proxy.before, proxy.times = b"BEGIN", 2
        with pytest.raises(Unavailable):
            await place(inventory, number, quantity(1))
        assert count(database_url, "holds") == 0
        assert isinstance(await place(inventory, number, quantity(1)), Hold)
    assert what_is_wrong(database_url) == []


async def test_a_lost_commit_answer_is_unknown_until_the_key_is_retried(
    database_url: str,
) -> None:
    """The commit had happened. The same key returns the lost answer, and nothing is sold twice."""
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        number = await new_event(inventory, areas={"floor": 10}, widths=(5,))
        await place(inventory, number, c.BestAvailableLine(quantity=1))
        key = a_key("one")
        proxy.after = b"COMMIT"
        with pytest.raises(OutcomeUnknown):
            await place(inventory, number, c.BestAvailableLine(quantity=2), key=key)
        assert number not in inventory._occupancies._occupancy, "the occupancy may be wrong and was kept"
        again = await place(inventory, number, c.BestAvailableLine(quantity=2), key=key)
        assert isinstance(again, Replayed)
        assert (await inventory.queries.get_availability(number)).counts.held == 3
    assert what_is_wrong(database_url) == []


async def test_a_commit_that_never_arrived_happens_on_retry(database_url: str) -> None:
    """The commit had not happened. With the same key it happens now, once."""
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        await place(inventory, number, quantity(1))
        key = a_key("two")
        proxy.before = b"COMMIT"
        with pytest.raises(OutcomeUnknown):
            await place(inventory, number, quantity(2), key=key)
        again = await place(inventory, number, quantity(2), key=key)
        assert isinstance(again, Answered)
        assert (await inventory.queries.get_availability(number)).counts.held == 3
    assert what_is_wrong(database_url) == []


async def test_an_unknown_confirm_is_settled_by_a_retry_without_a_key(database_url: str) -> None:
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        hold = await place(inventory, number, quantity(2))
        proxy.after = b"COMMIT"
        with pytest.raises(OutcomeUnknown):
            await inventory.execute(number, a_confirm(inventory, number, hold))
        booking = await inventory.execute(number, a_confirm(inventory, number, hold))
        assert not booking.created
        assert count(database_url, "bookings") == 1


async def test_a_silent_database_is_given_up_after_the_limit(database_url: str) -> None:
    """Neither before the commit nor in it. Once it answers again, the same process sells."""
    async with (
        cutting_proxy(database_url) as proxy,
        an_engine(proxy.url, answer_seconds=0.3, wait_seconds=0.5) as inventory,
    ):
        number = await new_event(inventory, areas={"floor": 10})
        await place(inventory, number, quantity(1))
        proxy.silent = True
        with pytest.raises((Unavailable, Busy)):
            await asyncio.wait_for(place(inventory, number, quantity(1)), 8)
        proxy.speak()
        for _ in range(20):  # each waits for a connection as long as a sale would
            outcomes = await all_at_once(place(inventory, number, quantity(1)))
            if isinstance(outcomes[0], Hold):
                break
        assert isinstance(outcomes[0], Hold)
    assert what_is_wrong(database_url) == []


async def test_a_refusal_is_answered_though_the_database_falls_silent(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal was decided under the lock and is true. Only the lock remains to be released."""
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url, answer_seconds=0.3) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        await place(inventory, number, quantity(1))

        def decide_and_lose(*asked: Any) -> Any:
            proxy.silent = True
            return decide(*asked)

        monkeypatch.setattr(batches, "decide", decide_and_lose)
        with pytest.raises(SoldOut):
            await asyncio.wait_for(place(inventory, number, quantity(11)), 8)
        proxy.speak()


async def test_a_read_only_database_is_searched_for_again(database_url: str) -> None:
    """A primary that became a standby keeps its connections. The next try finds the new primary."""
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        await place(inventory, number, quantity(1))
        pool = inventory._connections.pool(number)
        for _ in range(pool.get_stats()["pool_size"]):
            connection = await pool.getconn()
            await connection.execute("SET default_transaction_read_only = on")
            await pool.putconn(connection)
        assert isinstance(await place(inventory, number, quantity(1)), Hold)


async def test_a_backend_that_is_terminated_costs_no_sale(inventory: Inventory, database_url: str) -> None:
    number = await new_event(inventory, areas={"floor": 1_000})
    for _ in range(5):
        await place(inventory, number, quantity(1))
        sql(
            database_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holdfast'",
        )
        assert isinstance(await place(inventory, number, quantity(1)), Hold)


async def test_failures_leave_no_connection_behind(database_url: str) -> None:
    """Two hundred batches fail in four ways. A pool of two connections has both again, and sells."""
    async with an_engine(database_url, size=2) as inventory:
        number = await new_event(inventory, areas={"floor": 1_000}, widths=(3,))
        for _ in range(50):
            outcomes = await all_at_once(
                place(inventory, number, quantity(1), buyer="\0"),
                place(inventory, number, quantity(2_000, "floor")),
                place(inventory, 999_999, quantity(1)),
                place(inventory, number, c.SeatsLine(labels=("A-9-9",))),
            )
            assert all(isinstance(each, Exception) for each in outcomes)
        assert isinstance(await place(inventory, number, quantity(1)), Hold)
        pool = inventory._connections.pool(number)
        async with pool.connection(timeout=10), pool.connection(timeout=10):
            pass  # the last one is returned by a task of the pool, some time after its answer
        assert sql(database_url, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%%'") == [
            (0,)
        ]


async def test_a_failover_to_an_older_server_drops_all_copies(
    inventory: Inventory, database_url: str
) -> None:
    """Version 1 was lost, and another process has made its own. The copies of the first must not be used."""
    number = await new_event(inventory, widths=(3,))
    await place(inventory, number, c.SeatsLine(labels=("A-1-1",)))
    await inventory.read_models.get_current(number)
    for table in ("claims", "holds", "journal WHERE version > 0"):
        sql(database_url, f"DELETE FROM {table}")
    sql(database_url, "UPDATE inventories SET version = 0")
    sql(database_url, "UPDATE areas SET held = 0")
    async with an_engine(database_url) as other:
        await place(other, number, c.SeatsLine(labels=("A-1-2",)))
    sql(
        database_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holdfast'",
    )
    assert list((await inventory.read_models.get_current(number)).taken) == [2]
    assert isinstance(await place(inventory, number, c.SeatsLine(labels=("A-1-1",))), Hold)


async def test_a_session_whose_statements_were_deallocated_sells(database_url: str) -> None:
    """The driver forgets them after each rollback of its own, and so does a pooler."""
    async with an_engine(database_url, size=1) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        for _ in range(2):
            assert isinstance(await place(inventory, number, quantity(1)), Hold)
            async with inventory._connections.pool(number).connection() as connection:
                await connection.execute("DEALLOCATE ALL")
        assert isinstance(await place(inventory, number, quantity(1)), Hold)
