"""Workers beside the requests: settings reach their workers, and a failure stops none."""

from __future__ import annotations

import asyncio

from holdfast.access.access import Access
from holdfast.app.settings import Settings
from holdfast.app.workers import build_workers
from holdfast.delivery.delivery import Delivery
from holdfast.delivery.mail.mailer import MailSettings
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.postgres.connections import Connections
from holdfast.workers.background import Background
from holdfast.workers.commit_poller import CommitPoller
from holdfast.workers.live_check import LiveCheck
from holdfast.workers.retention import Retention
from holdfast.workers.sweeper import Sweeper
from holdfast.workers.worker import Worker
from support.ageing import lapse_hold
from support.house_of import age, attempt, fetch, hold_with_key, make_event, place


async def committed(inventory: Inventory) -> None:
    """Return at the next commit of this inventory."""
    notified = asyncio.Event()
    inventory._on_commit.append(lambda number, version, changes: notified.set())
    await asyncio.wait_for(notified.wait(), 30)


async def test_the_sweep_interval_runs_the_sweeper(inventory: Inventory, database_url: str) -> None:
    event = await make_event(inventory, capacity=1)
    lapse_hold(database_url, await place(inventory, event.number, 1))
    loops = Background([Sweeper(inventory, interval=0.01)])
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
    loops = Background([Retention(inventory, interval=0.01, idempotency_hours=24, attempt_days=1)])
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
    loops = Background([LiveCheck(inventory, interval=0.01)])
    loops.start()
    await committed(inventory)
    await loops.stop()
    assert (await inventory.queries.get_event(event.number)).sales_stopped


async def test_another_processs_commit_notifies_a_subscription(
    inventory: Inventory, database_url: str
) -> None:
    """Processes send each other nothing: the poller finds the new version."""
    event = await make_event(inventory, capacity=5)
    other = Inventory(Connections(database_url, size=2), HoldTokens(b"a server key of the tests"))
    await other.open()
    loops = Background([CommitPoller(inventory, interval=0.01)])
    loops.start()
    try:
        with inventory._commits.watch(event.number) as watch:
            assert await asyncio.wait_for(watch.changed(), 30) == 0
            await place(other, event.number, 1)
            assert await asyncio.wait_for(watch.changed(), 30) == 1
    finally:
        await loops.stop()
        await other.close()


async def test_an_own_commit_notifies_a_subscription_immediately(inventory: Inventory) -> None:
    event = await make_event(inventory, capacity=5)
    with inventory._commits.watch(event.number) as watch:
        await place(inventory, event.number, 1)
        assert await watch.changed() == 1


async def test_no_subscription_means_no_query(inventory: Inventory) -> None:
    event = await make_event(inventory, capacity=5)
    with inventory._commits.watch(event.number), inventory._commits.watch(event.number):
        assert await CommitPoller(inventory).run_once() == 1
    assert await CommitPoller(inventory).run_once() == 0


async def test_a_worker_loop_survives_failures() -> None:
    """A database outage ends, so the worker must try again."""
    looks: list[int] = []
    twice = asyncio.Event()

    class Failing(Worker):
        name = "failing"
        interval = 0.001

        async def run_once(self) -> int:
            looks.append(1)
            if len(looks) == 1:
                raise ConnectionError("away")
            twice.set()
            return 0

    loops = Background([Failing()])
    loops.start()
    await asyncio.wait_for(twice.wait(), 30)
    await loops.stop()


async def test_a_worker_that_cannot_stop_stops_the_others_all_the_same() -> None:
    """The database may be away when a server stops."""
    stopped: list[str] = []

    class Last(Worker):
        interval = 3600

        def __init__(self, name: str) -> None:
            self.name = name

        async def run_once(self) -> int:
            return 0

        async def stop(self) -> None:
            stopped.append(self.name)
            raise ConnectionError("away")

    loops = Background([Last("first"), Last("second")])
    loops.start()
    await loops.stop()
    assert stopped == ["first", "second"]


async def test_each_setting_reaches_its_worker(inventory: Inventory) -> None:
    settings = Settings(
        sweep_interval_seconds=11,
        retention_interval_seconds=12,
        watch_interval_milliseconds=130,
        live_check_interval_seconds=14,
        job_interval_seconds=15,
    )
    nowhere = Connections("postgresql://nowhere")
    delivery = Delivery(nowhere, b"k" * 32, MailSettings())
    workers = build_workers(settings, inventory, delivery, Access(nowhere))
    without_settings = {"vitals", "history_check", "clock_check", "sale counts"}
    assert {each.name: each.interval for each in workers if each.name not in without_settings} == {
        "sweeper": 11,
        "retention": 12,
        "commit_poller": 0.13,
        "live_check": 14,
        "fanout": 15,
        "job_runner": 15,
        "job_retention": 12,
        "audit_retention": 12,
    }
