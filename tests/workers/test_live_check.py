"""The live check: damage stops only its event, and a consistent event is never stopped."""

from __future__ import annotations

import pytest

from holdfast.errors import SalesStopped
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from holdfast.metrics import metric_totals
from holdfast.workers.live_check import LiveCheck
from support.ageing import lapse_hold
from support.house_of import attempt, confirm, fetch, make_event, place
from support.live_checking import Watched, damage, is_stopped


async def sell_everything(inventory: Inventory, number: int, url: str) -> None:
    """Use every operation on holds, bookings, blocks and rules once."""
    sold = await confirm(inventory, number, await place(inventory, number, "A-1-1", "A-1-2", 2, buyer="ann"))
    await inventory.execute(number, c.CancelBooking(booking_id=sold, authority=c.STAFF))
    await confirm(inventory, number, await place(inventory, number, "A-1-1", 3))
    released = await place(inventory, number, "A-2-1")
    await inventory.execute(number, c.ReleaseHold(hold_id=released, authority=c.STAFF))
    lapse_hold(url, await place(inventory, number, "A-2-2", 5), inventory=inventory)
    await inventory.execute(number, c.ReclaimLapsed(limit=10))
    lapse_hold(url, await place(inventory, number, "A-2-2", 5), inventory=inventory)
    live = await place(inventory, number, "A-2-2", 7)
    await inventory.execute(number, c.ExtendHold(hold_id=live, authority=c.STAFF, ttl_seconds=900))
    await inventory.execute(
        number, c.BlockAdmissions(block_id=inventory.new_id(number), labels=("A-3-1", "A-3-2"))
    )
    lifted = inventory.new_id(number)
    await inventory.execute(number, c.BlockAdmissions(block_id=lifted, area="general", quantity=4))
    await inventory.execute(number, c.LiftBlock(block_id=lifted))
    await inventory.execute(
        number, c.ChangeEvent(capacity=80, areas=(c.AreaChange(name="floor", capacity=9, adds=True),))
    )
    more = SeatSpec(label="B-1-1", section="B", row="1", category="balcony")
    await inventory.execute(number, c.ChangeEvent(seats=(more,), categories=("balcony",)))
    await place(inventory, number, "B-1-1")
    hold, booking, other = (inventory.new_id(number) for _ in range(3))
    line = c.QuantityLine(quantity=1, area="general")
    await inventory._batches.run(
        number,
        [
            c.PlaceHold(hold_id=hold, lines=(line,)),
            c.ConfirmHold(hold_id=hold, booking_id=booking, authority=c.STAFF),
            c.CancelBooking(booking_id=booking, authority=c.STAFF),
            c.BlockAdmissions(block_id=other, labels=("A-3-3",)),
            c.LiftBlock(block_id=other),
        ],
    )
    await inventory.execute(number, c.StopSales())
    await inventory.execute(number, c.ResumeSales())


@pytest.mark.parametrize("small_claims", [0, 10_000], ids=["large", "small"])
@pytest.mark.parametrize("first_step", [1, 3, 50])
async def test_every_operation_passes_the_check(
    inventory: Inventory, number: int, database_url: str, first_step: int, small_claims: int
) -> None:
    """In steps of any size, for an event that is summed up and for one that is too large."""
    checking = Watched(inventory, first_step=first_step, small_claims=small_claims)
    check = LiveCheck(inventory, audit=checking)
    await check.run_once()
    await sell_everything(inventory, number, database_url)
    assert await check.run_once() == 1
    checking.forget()
    assert await check.run_once() == 1
    assert checking.findings == []
    assert await check.run_once() == 0
    instant = await make_event(inventory, capacity=4)
    await attempt(inventory, instant.number, 3)
    await attempt(inventory, instant.number, 3)
    assert await check.run_once() == 1
    await inventory.execute(number, c.CancelEvent())
    await inventory.execute(number, c.ReclaimLapsed(limit=100))
    assert await check.run_once() == 1
    assert checking.findings == []


DAMAGE: dict[str, tuple[str, str]] = {
    "a counter one up": ("UPDATE areas SET held = held + 1 WHERE name = 'general'", "counter_differs"),
    "a counter one down": ("UPDATE areas SET booked = booked - 1 WHERE name = 'general'", "counter_differs"),
    "two counters that make up for each other": (
        "UPDATE areas SET booked = booked - 1, held = held + 1 WHERE name = 'general'",
        "counter_differs",
    ),
    "a capacity": ("UPDATE areas SET capacity = capacity + 1 WHERE name = 'general'", "counter_differs"),
    "a claim ended": (
        "UPDATE claims SET ended_version = held_version FROM holds WHERE hold_id = id AND status = 'active'",
        "claim_differs",
    ),
    "a claim ended at the current version": (
        (
            "UPDATE claims SET ended_version = version FROM holds h, inventories i"
            " WHERE hold_id = id AND status = 'active' AND i.event_number = h.event_number"
        ),
        "journal_differs",
    ),
    "a claim ended in the future": (
        (
            "UPDATE claims SET ended_version = 1000 WHERE kind = 'block' AND ended_version IS NULL;"
            "UPDATE blocks SET lifted_at = now()"
        ),
        "claim_differs",
    ),
    "a claim alive again": (
        "UPDATE claims SET ended_version = NULL FROM holds WHERE hold_id = id AND status = 'released'",
        "claim_differs",
    ),
    "a claim gone": ("DELETE FROM claims WHERE quantity = 7", "journal_differs"),
    "a hold without claims": ("DELETE FROM claims WHERE quantity = 7", "without_claims"),
    "a claim of another quantity": ("UPDATE claims SET quantity = 8 WHERE quantity = 7", "quantity_differs"),
    "a claim on another seat": (
        "UPDATE claims SET seat_number = 29 WHERE seat_number = 12",
        "journal_differs",
    ),
    "a claim in another area": ("UPDATE claims SET area_number = 2 WHERE quantity = 7", "journal_differs"),
    "a claim not booked": (
        "UPDATE claims SET booked_version = NULL FROM bookings b WHERE claims.hold_id = b.hold_id",
        "claim_differs",
    ),
    "a claim of the wrong kind": (
        "UPDATE claims SET kind = 'block' FROM holds WHERE hold_id = id AND status = 'active'",
        "claim_kind",
    ),
    "a seat claimed twice": (
        "DROP INDEX claims_one_live_per_seat; UPDATE claims SET seat_number = 1 WHERE seat_number = 12",
        "seat_claimed_twice",
    ),
    "a hold gone": (
        (
            "ALTER TABLE bookings DROP CONSTRAINT bookings_event_number_hold_id_fkey;"
            "DELETE FROM holds WHERE status = 'confirmed'"
        ),
        "row_missing",
    ),
    "a hold released": (
        "UPDATE holds SET status = 'released' WHERE status = 'active'",
        "claim_differs",
    ),
    "a hold's end": ("UPDATE holds SET status = 'expired' WHERE status = 'released'", "journal_differs"),
    "a hold's expiry": (
        "UPDATE holds SET expires_at = expires_at - interval '1 s' WHERE status = 'active'",
        "journal_differs",
    ),
    "a hold confirmed late": (
        "UPDATE holds SET expires_at = placed_at WHERE status = 'confirmed'",
        "confirmed_late",
    ),
    "a hold expired early": (
        "UPDATE holds SET expires_at = expires_at + interval '1 h' WHERE status = 'expired'",
        "expired_early",
    ),
    "a booking gone": ("DELETE FROM bookings WHERE status = 'confirmed'", "booking_differs"),
    "a booking of another id": ("UPDATE bookings SET id = gen_random_uuid()", "booking_differs"),
    "a booking alive again": (
        "UPDATE bookings SET status = 'confirmed' WHERE status = 'cancelled'",
        "booking_differs",
    ),
    "a block lifted": ("UPDATE blocks SET lifted_at = now() WHERE lifted_at IS NULL", "claim_differs"),
    "a version of the journal gone": (
        "DELETE FROM journal WHERE version = (SELECT max(version) - 2 FROM journal)",
        "journal_gap",
    ),
    "the journal's end gone": (
        "DELETE FROM journal WHERE version = (SELECT max(version) FROM journal)",
        "version_differs",
    ),
    "the journal's quantities": (
        "UPDATE journal SET changes = replace(changes::text, '{\"1\": 7}', '{\"1\": 6}')::jsonb",
        "journal_differs",
    ),
    "the journal's seats": (
        "UPDATE journal SET changes = replace(changes::text, '\"seats\": [12]', '\"seats\": [13]')::jsonb",
        "journal_differs",
    ),
    "the journal's words": (
        'UPDATE journal SET changes = replace(changes::text, \'"hold": "\', \'"hold": "x\')::jsonb',
        "journal_unreadable",
    ),
    "the journal's form": (
        "UPDATE journal SET changes = '7' WHERE version = (SELECT max(version) - 2 FROM journal)",
        "journal_unreadable",
    ),
    "an entry recorded twice": (
        "UPDATE journal SET changes = changes || changes WHERE changes::text LIKE '%\"cancelled\"%'",
        "journal_differs",
    ),
}


@pytest.mark.parametrize("small_claims", [0, 10_000], ids=["large", "small"])
@pytest.mark.parametrize("what", DAMAGE)
async def test_damage_stops_only_its_event(
    inventory: Inventory, number: int, database_url: str, what: str, small_claims: int
) -> None:
    """For an event that is summed up and for one that is too large."""
    statements, code = DAMAGE[what]
    checking = Watched(inventory, small_claims=small_claims)
    check = LiveCheck(inventory, audit=checking)
    await check.run_once()
    await confirm(inventory, number, await place(inventory, number, "A-1-1", 3))
    sold = await confirm(inventory, number, await place(inventory, number, 4))
    await inventory.execute(number, c.CancelBooking(booking_id=sold, authority=c.STAFF))
    released = await place(inventory, number, "A-2-1")
    await inventory.execute(number, c.ReleaseHold(hold_id=released, authority=c.STAFF))
    lapse_hold(database_url, await place(inventory, number, "A-2-3"), inventory=inventory)
    await inventory.execute(number, c.ReclaimLapsed(limit=10))
    await inventory.execute(
        number, c.BlockAdmissions(block_id=inventory.new_id(number), labels=("A-3-1", "A-3-2"))
    )
    await place(inventory, number, 7)
    await place(inventory, number, "A-2-2")
    damage(database_url, statements)
    other = await make_event(inventory, capacity=100)
    await place(inventory, other.number, 8)
    await check.run_once()
    assert code in checking.codes
    assert {each.event for each in checking.findings} == {number}
    assert await is_stopped(inventory, number)
    assert not await is_stopped(inventory, other.number)


async def test_damage_to_an_idle_event_is_found_by_its_counters(
    inventory: Inventory, number: int, check: LiveCheck, checking: Watched, database_url: str
) -> None:
    await place(inventory, number, 3)
    await check.run_once()
    damage(database_url, "UPDATE areas SET held = held + 1 WHERE name = 'general'")
    await check.run_once()
    assert [(each.code, each.subject) for each in checking.findings] == [
        ("counter_differs", "area 1 held +1")
    ]
    assert await is_stopped(inventory, number)


async def test_damage_anywhere_in_a_small_event_is_found(
    inventory: Inventory, number: int, check: LiveCheck, checking: Watched, database_url: str
) -> None:
    """Rows with no recent journal entry are not checked one by one, but in a sum."""
    await place(inventory, number, "A-1-1", 3)
    await check.run_once()
    damage(database_url, "UPDATE claims SET ended_version = 1 WHERE seat_number IS NULL")
    await place(inventory, number, 1)
    await check.run_once()
    assert [(each.code, each.subject) for each in checking.findings] == [
        ("counter_differs", "area 1 held +3")
    ]


async def test_the_same_damage_alarms_once_and_new_damage_again(
    inventory: Inventory, number: int, check: LiveCheck, checking: Watched, database_url: str
) -> None:
    """Also after the organiser resumed the sales."""
    await check.run_once()
    hold = await place(inventory, number, 3)
    damage(database_url, "UPDATE claims SET quantity = 2; UPDATE areas SET booked = 1 WHERE name = 'general'")
    await check.run_once()
    assert sorted(set(checking.codes)) == ["counter_differs", "journal_differs", "quantity_differs"]
    known = len(checking.findings)
    await inventory.execute(number, c.ResumeSales())
    await confirm(inventory, number, hold)
    await check.run_once()
    assert len(checking.findings) == known
    assert not await is_stopped(inventory, number)
    damage(database_url, "UPDATE areas SET booked = booked + 1 WHERE name = 'general'")
    await check.run_once()
    assert len(checking.findings) > known
    assert await is_stopped(inventory, number)


async def test_a_stop_by_the_check_is_recorded_in_journal_and_metrics(
    inventory: Inventory, number: int, check: LiveCheck, database_url: str
) -> None:
    before = metric_totals()
    await place(inventory, number, 1)
    damage(database_url, "UPDATE holds SET quantity = 2")
    await check.run_once()
    after = metric_totals()
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert grown["holdfast_invariant_violations_total"] == 1
    assert grown["holdfast_live_check_disagreements_total"] == 1
    assert grown["holdfast_live_check_stops_total"] == 1
    assert grown["holdfast_live_check_looks_total"] == 1
    last = fetch(database_url, "SELECT changes->-1 FROM journal ORDER BY version DESC LIMIT 1")
    assert last == [({"change": "stopped", "by": "check"},)]


async def test_a_stopped_event_refuses_holds_but_confirms_live_ones(
    inventory: Inventory, number: int, check: LiveCheck, database_url: str
) -> None:
    """The buyer of a live hold was promised it and may be paying, so it can be confirmed."""
    hold = await place(inventory, number, 1)
    damage(database_url, "UPDATE areas SET booked = 1 WHERE name = 'general'")
    await check.run_once()
    with pytest.raises(SalesStopped):
        await place(inventory, number, 1)
    await confirm(inventory, number, hold)


async def test_a_cancelled_event_alarms_without_a_stop(
    inventory: Inventory, number: int, check: LiveCheck, checking: Watched, database_url: str
) -> None:
    await place(inventory, number, 1)
    await inventory.execute(number, c.CancelEvent())
    damage(database_url, "UPDATE areas SET booked = 1 WHERE name = 'general'")
    await check.run_once()
    assert checking.codes == ["counter_differs"]
    assert await check.run_once() == 0
