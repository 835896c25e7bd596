"""The loops beside the requests: each setting reaches its worker, and none dies of what it meets."""

from __future__ import annotations

import asyncio

from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.postgres.connections import Connections
from holdfast.workers.background import Background, _repeat
from holdfast.workers.commit_poller import CommitPoller
from support.ageing import lapse_hold
from support.house_of import age, attempt, fetch, hold_with_key, make_event, place

NEVER_SECONDS = 3600.0


def background(inventory: Inventory, **seconds: float) -> Background:
    chosen = {
        "sweep_seconds": NEVER_SECONDS,
        "retention_seconds": NEVER_SECONDS,
        "watch_seconds": NEVER_SECONDS,
        "live_check_seconds": NEVER_SECONDS,
    }
    return Background(inventory, idempotency_hours=24, attempt_days=1, **(chosen | seconds))


async def committed(inventory: Inventory) -> None:
    """Returns at the next commit of this engine."""
    told = asyncio.Event()
    inventory._on_commit.append(lambda number, version, changes: told.set())
    await asyncio.wait_for(told.wait(), 30)


async def test_the_sweep_interval_runs_the_sweeper(inventory: Inventory, database_url: str) -> None:
    event = await make_event(inventory, capacity=1)
    lapse_hold(database_url, await place(inventory, event.number, 1))
    loops = background(inventory, sweep_seconds=0.01)
    loops.start()
    await committed(inventory)
    await loops.stop()
    assert fetch(database_url, "SELECT status FROM holds") == [("expired",)]


async def test_the_retention_interval_runs_retention_with_its_ages(
    inventory: Inventory, database_url: str
) -> None:
    event = await make_event(inventory, capacity=1)
    await hold_with_key(inventory, event.number, "key")
    await attempt(inventory, event.number, 5)
    age(database_url, "idempotency", "25 hours")
    age(database_url, "attempts", "25 hours")
    loops = background(inventory, retention_seconds=0.01)
    loops.start()
    try:
        async with asyncio.timeout(30):
            while fetch(database_url, "SELECT 1 FROM idempotency UNION ALL SELECT 1 FROM attempts"):
                await asyncio.to_thread(fetch, database_url, "SELECT 1")
    finally:
        await loops.stop()


async def test_the_live_check_interval_runs_the_live_check(inventory: Inventory, database_url: str) -> None:
    event = await make_event(inventory, capacity=5)
    await place(inventory, event.number, 1)
    fetch(database_url, "UPDATE areas SET held = 2")
    loops = background(inventory, live_check_seconds=0.01)
    loops.start()
    await committed(inventory)
    await loops.stop()
    assert (await inventory.queries.get_event(event.number)).sales_stopped


async def test_another_process_s_commit_wakes_a_watch(inventory: Inventory, database_url: str) -> None:
    """Nothing is sent between processes: the watcher's look finds the new version."""
    event = await make_event(inventory, capacity=5)
    other = Inventory(Connections(database_url, size=2), HoldTokens(b"a server key of the tests"))
    await other.open()
    loops = background(inventory, watch_seconds=0.01)
    loops.start()
    try:
        with inventory._commits.watch(event.number) as watch:
            assert await asyncio.wait_for(watch.changed(), 30) == 0
            await place(other, event.number, 1)
            assert await asyncio.wait_for(watch.changed(), 30) == 1
    finally:
        await loops.stop()
        await other.close()


async def test_this_process_s_own_commit_wakes_a_watch_at_once(inventory: Inventory) -> None:
    event = await make_event(inventory, capacity=5)
    with inventory._commits.watch(event.number) as watch:
        await place(inventory, event.number, 1)
        assert await watch.changed() == 1


async def test_nobody_watching_asks_nothing(inventory: Inventory) -> None:
    event = await make_event(inventory, capacity=5)
    with inventory._commits.watch(event.number), inventory._commits.watch(event.number):
        assert await CommitPoller(inventory).run_once() == 1
    assert await CommitPoller(inventory).run_once() == 0


async def test_a_loop_outlives_what_its_step_met() -> None:
    """A database that is away comes back; whoever looked for it meanwhile must look again."""
    looks: list[int] = []
    twice = asyncio.Event()

    async def step() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise ConnectionError("away")
        twice.set()

    loop = asyncio.create_task(_repeat("test", step, 0.001))
    await asyncio.wait_for(twice.wait(), 30)
    loop.cancel()
