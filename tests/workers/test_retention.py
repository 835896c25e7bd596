"""Retention: old records are deleted; younger ones and sales stay."""

from __future__ import annotations

from uuid import uuid4

from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.workers.retention import Retention
from support.house_of import age, attempt, fetch, hold_with_key, key_of, make_event


async def test_old_retry_answers_are_deleted_in_steps(inventory: Inventory, database_url: str) -> None:
    """For every event and for the creation of events; recent ones are kept."""
    numbers = [(await make_event(inventory, capacity=10)).number for _ in range(2)]
    await inventory.create_event_keyed(c.NewEvent(name="Old"), by="test", key=key_of("old creation"))
    for number in numbers:
        for at in range(3):
            await hold_with_key(inventory, number, f"{number} {at}")
    age(database_url, "idempotency", "73 hours")
    age(database_url, "event_creations", "73 hours")
    await inventory.create_event_keyed(c.NewEvent(name="Young"), by="test", key=key_of("young creation"))
    await hold_with_key(inventory, numbers[0], "young")

    retention = Retention(inventory, idempotency_hours=72, attempt_days=90, rows_per_step=2)
    assert await retention.run_once() == 7

    assert fetch(database_url, "SELECT event_number FROM idempotency") == [(numbers[0],)]
    assert fetch(database_url, "SELECT count(*) FROM event_creations") == [(1,)]
    assert await retention.run_once() == 0


async def test_old_failed_attempts_are_deleted_and_sales_kept(
    inventory: Inventory, database_url: str
) -> None:
    event = await make_event(inventory, capacity=3)
    for quantity in (2, 2, 2):  # one succeeds, two fail
        await attempt(inventory, event.number, quantity)
    age(database_url, "attempts", "91 days")
    await attempt(inventory, event.number, 2)

    retention = Retention(inventory, idempotency_hours=72, attempt_days=90, rows_per_step=1)
    assert await retention.run_once() == 2

    rows = fetch(
        database_url, "SELECT status, created_at < now() - interval '90 days' FROM attempts ORDER BY number"
    )
    assert rows == [("CONFIRMED", True), ("FAILED", False)]


async def test_one_retention_run_is_bounded(inventory: Inventory, database_url: str) -> None:
    event = await make_event(inventory, capacity=10)
    for at in range(5):
        await hold_with_key(inventory, event.number, str(at))
    age(database_url, "idempotency", "73 hours")
    retention = Retention(inventory, idempotency_hours=72, attempt_days=90, rows_per_step=2, max_steps=2)
    assert [await retention.run_once() for _ in range(3)] == [4, 1, 0]


async def test_retention_respects_another_processs_lease(inventory: Inventory, database_url: str) -> None:
    event = await make_event(inventory, capacity=10)
    await hold_with_key(inventory, event.number, "key")
    age(database_url, "idempotency", "73 hours")
    assert await inventory.operations.take_lease("retention", uuid4(), 60)
    assert await Retention(inventory, idempotency_hours=72, attempt_days=90).run_once() == 0
