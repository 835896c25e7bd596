"""The live check goes on: restores, outages, takeovers, little time, and busy events."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import UUID

import psycopg
import pytest

from holdfast.errors import HoldfastError, Refusal, Unavailable
from holdfast.inventory.audit import live_check as live_checking
from holdfast.inventory.audit.live_check import LiveAudit
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.metrics import metric_totals
from holdfast.postgres.connections import Connections
from holdfast.workers.live_check import LiveCheck
from support.house_of import confirm, fetch, make_event, place
from support.live_checking import Watched, damage, is_stopped


async def test_a_deleted_event_is_forgotten(
    inventory: Inventory, number: int, check: LiveCheck, checking: Watched, database_url: str
) -> None:
    await check.run_once()
    fetch(database_url, "DELETE FROM events")
    assert await checking.check(number, 1) == []
    assert await check.run_once() == 0


async def test_a_restored_backup_is_not_damage(
    inventory: Inventory, number: int, check: LiveCheck, checking: Watched, database_url: str
) -> None:
    """An event restored to an earlier version that agrees is followed from there."""
    await place(inventory, number, 1)
    await check.run_once()
    hold = await place(inventory, number, 2)
    await check.run_once()
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM claims WHERE hold_id = %s", (hold,))
        connection.execute("DELETE FROM holds WHERE id = %s", (hold,))
        connection.execute("DELETE FROM journal WHERE version = 2")
        connection.execute("UPDATE inventories SET version = 1")
        connection.execute("UPDATE areas SET held = 1 WHERE name = 'general'")
    assert await check.run_once() == 1
    await place(inventory, number, 5)
    assert await check.run_once() == 1
    assert checking.findings == []


async def test_a_database_outage_resets_the_check(
    inventory: Inventory, number: int, check: LiveCheck, checking: Watched, database_url: str
) -> None:
    """The returning database may be an older copy; earlier knowledge is not held against it."""
    await place(inventory, number, 1)
    await check.run_once()
    fetch(
        database_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()",
    )
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE areas SET held = 0 WHERE name = 'general'")
        connection.execute("DELETE FROM claims")
        connection.execute("DELETE FROM holds")
        connection.execute(
            """UPDATE journal SET changes = '[{"change": "changed", "fields": {}}]' WHERE version = 1"""
        )
    for _ in range(3):  # the first ones may use dead connections
        with suppress(HoldfastError):
            await check.run_once()
    assert checking.findings == []
    await place(inventory, number, 1)
    damage(database_url, "UPDATE holds SET quantity = 2")
    await check.run_once()
    assert checking.codes == ["quantity_differs"]


async def test_one_process_checks_and_another_takes_over(
    inventory: Inventory, number: int, database_url: str
) -> None:
    first = LiveCheck(inventory)
    second = LiveCheck(inventory)
    await place(inventory, number, 1)
    assert [await first.run_once(), await second.run_once()] == [1, 0]
    await place(inventory, number, 1)
    damage(database_url, "UPDATE holds SET quantity = 2")
    fetch(database_url, "UPDATE leases SET until = clock_timestamp() - interval '1 s'")
    assert [await second.run_once(), await first.run_once()] == [1, 0]
    assert await is_stopped(inventory, number)


async def test_a_process_that_resumes_checking_starts_over(
    inventory: Inventory, number: int, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process's finding is not reported for an old event a second time."""
    monkeypatch.setattr(live_checking, "MAX_BEFORE", 0)
    audits = [Watched(inventory, small_claims=0) for _ in range(2)]
    first, second = (LiveCheck(inventory, audit=checking) for checking in audits)
    await place(inventory, number, 1)
    await first.run_once()
    fetch(database_url, "UPDATE leases SET until = clock_timestamp() - interval '1 s'")
    await second.run_once()
    assert await first.run_once() == 0
    damage(database_url, "UPDATE areas SET held = held + 1 WHERE name = 'general'")
    await second.run_once()
    await inventory.execute(number, c.ResumeSales())
    fetch(database_url, "UPDATE leases SET until = clock_timestamp() - interval '1 s'")
    assert await first.run_once() == 1
    assert [checking.codes for checking in audits] == [[], ["counter_differs"]]


async def test_sales_before_a_takeover_are_checked(
    inventory: Inventory, number: int, check: LiveCheck, checking: Watched, database_url: str
) -> None:
    """The last minute of each event's sales is compared, from any process."""
    hold = await place(inventory, number, 1)
    for _ in range(60):
        await place(inventory, number, 1)
    await confirm(inventory, number, hold)
    fetch(database_url, "DELETE FROM bookings")
    await check.run_once()
    assert "booking_differs" in checking.codes


async def test_a_failed_stop_is_retried(
    inventory: Inventory, number: int, check: LiveCheck, database_url: str
) -> None:
    """The lane is full at the alarm."""
    damage(database_url, "UPDATE areas SET booked = 1 WHERE name = 'general'")
    execute = inventory.execute
    crowded = [HoldfastError("crowded")]

    async def refuse(*arguments: object, **more: object) -> object:
        if crowded:
            raise crowded.pop()
        return await execute(*arguments, **more)  # type: ignore[arg-type]  # passed on unchanged

    inventory.execute = refuse  # type: ignore[method-assign, assignment]  # only this test's inventory
    await check.run_once()
    assert not await is_stopped(inventory, number)
    await check.run_once()
    assert await is_stopped(inventory, number)


async def test_findings_are_reported_despite_a_database_outage(
    inventory: Inventory, number: int, database_url: str
) -> None:
    """It would be lost otherwise, because the next run continues after it."""

    class Interrupted(LiveAudit):
        async def _add_up(self, *arguments: object) -> None:
            raise Unavailable("The database is not available.")

    checking = Interrupted(inventory._connections)
    await place(inventory, number, 1)
    with pytest.raises(Unavailable):
        await checking.check(number, 1)
    await place(inventory, number, 2)
    damage(database_url, "UPDATE claims SET quantity = 3 WHERE quantity = 2")
    assert [each.code for each in await checking.check(number, 2)] != []


async def test_a_check_out_of_time_resumes_where_it_ended(
    inventory: Inventory, number: int, database_url: str
) -> None:
    """The counters are compared at its end."""
    checking = LiveAudit(inventory._connections, first_step=1, small_claims=0)
    for _ in range(5):
        await place(inventory, number, 1)
    damage(database_url, "UPDATE areas SET held = 4 WHERE name = 'general'")
    looks = [await checking.check(number, 5, seconds=0) for _ in range(6)]
    assert looks[0] == []
    assert [each.code for look in looks for each in look] == ["counter_differs"]


async def test_an_event_far_ahead_is_checked_from_its_newest_versions(
    inventory: Inventory, number: int, check: LiveCheck, checking: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    await check.run_once()
    monkeypatch.setattr(live_checking, "MAX_BEHIND", 3)
    for _ in range(9):
        await place(inventory, number, 1)
    before = metric_totals()["holdfast_live_check_passed_over_total"]
    assert await check.run_once() == 1
    assert metric_totals()["holdfast_live_check_passed_over_total"] == before + 9
    await place(inventory, number, 1)
    assert await check.run_once() == 1
    assert checking.findings == []


async def test_every_event_gets_its_turn(inventory: Inventory, database_url: str) -> None:
    """A run with time for one event continues with the next one."""
    events = [await make_event(inventory, capacity=10) for _ in range(3)]
    for event in events:
        await place(inventory, event.number, 1)
    fetch(database_url, "UPDATE holds SET quantity = 2")
    check = LiveCheck(inventory, max_seconds=0)
    assert [await check.run_once() for _ in events] == [1, 1, 1]
    assert [await is_stopped(inventory, event.number) for event in events] == [True, True, True]


async def test_a_busy_event_is_never_accused(inventory: Inventory, number: int, database_url: str) -> None:
    """Two processes sell everything while a third one checks repeatedly."""
    other = Inventory(Connections(database_url, size=4), HoldTokens(b"a server key of the tests"))
    await other.open()
    over = asyncio.Event()
    await inventory.execute(number, c.ChangeEvent(capacity=100_000))

    async def sell(inventory: Inventory, client: int) -> None:
        while not over.is_set():
            with suppress(Refusal):
                await act(inventory, await place(inventory, number, 1, f"A-{client % 3 + 1}-{client + 1}"))

    async def act(inventory: Inventory, hold: UUID) -> None:
        match hold.int % 5:
            case 0:
                booking = await confirm(inventory, number, hold)
                await inventory.execute(number, c.CancelBooking(booking_id=booking, authority=c.STAFF))
            case 1:
                await inventory.execute(number, c.ChangeEvent(changes={"venue": f"{hold}"}))
                await inventory.execute(number, c.ReleaseHold(hold_id=hold, authority=c.STAFF))
            case 2:
                block = inventory.new_id(number)
                await inventory.execute(number, c.BlockAdmissions(block_id=block, area="general", quantity=3))
                await inventory.execute(number, c.LiftBlock(block_id=block))
                await inventory.execute(number, c.ReleaseHold(hold_id=hold, authority=c.STAFF))
            case _:
                await inventory.execute(
                    number, c.ExtendHold(hold_id=hold, authority=c.STAFF, ttl_seconds=900)
                )
                await inventory.execute(number, c.ReleaseHold(hold_id=hold, authority=c.STAFF))

    sellers = [asyncio.create_task(sell(one, client)) for one in (inventory, other) for client in range(6)]
    checks = [
        Watched(inventory, first_step=step, small_claims=small) for step, small in ((2, 0), (50, 100_000))
    ]
    looks = 0
    try:
        while looks < 15 or (await inventory.queries.get_availability(number)).version <= 100:
            for checking in checks:
                for moved, version in (await checking.find_moved()).items():
                    await checking.check(moved, version)
            looks += 1
    finally:
        over.set()
        await asyncio.gather(*sellers)
        await other.close()
    assert [checking.findings for checking in checks] == [[], []]
