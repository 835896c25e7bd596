"""The check: silent about everything the engine did, even during a sale, and never silent about a damaged row."""

from __future__ import annotations

import asyncio
from uuid import UUID

import psycopg
import pytest

from holdfast.errors import EventNotFound
from holdfast.inventory.audit.check import Auditor, Report
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from support.ageing import lapse_hold
from support.house_of import attempt, confirm, fetch, hold_with_key, key_of, make_event, place


async def check(inventory: Inventory, **chosen: int) -> Report:
    checking = Auditor(inventory._connections, **chosen)
    return await checking.check(await checking.list_numbers(), with_strays=True)


async def codes(inventory: Inventory) -> set[str]:
    return {found.code for found in (await check(inventory)).disagreements}


@pytest.fixture
async def used_event(inventory: Inventory, database_url: str) -> int:
    """Return the number of an event in which everything has happened once."""
    event = await make_event(inventory, capacity=100, rows=3)
    number = event.number
    sold = await confirm(inventory, number, await place(inventory, number, "A-1-1", "A-1-2", 2, buyer="ann"))
    await inventory.execute(number, c.CancelBooking(booking_id=sold, authority=c.STAFF))
    changed = await confirm(inventory, number, await place(inventory, number, "A-1-1", 3))
    seat, one = c.SeatsLine(labels=("A-1-5",)), c.QuantityLine(quantity=1)
    await inventory.execute(
        number, c.ExchangeAdmissions(booking_id=changed, authority=c.STAFF, lines=(seat,), returns=(one,))
    )
    await inventory.execute(number, c.CancelAdmissions(booking_id=changed, authority=c.STAFF, lines=(one,)))
    released = await place(inventory, number, "A-2-1")
    await inventory.execute(number, c.ReleaseHold(hold_id=released, authority=c.STAFF))
    lapse_hold(database_url, await place(inventory, number, "A-2-2", 5), inventory=inventory)
    await inventory.execute(number, c.ReclaimLapsed(limit=10))
    live = await place(inventory, number, "A-2-2", 7)
    await inventory.execute(number, c.ExtendHold(hold_id=live, authority=c.STAFF, ttl_seconds=900))
    lapse_hold(database_url, await place(inventory, number, 1), inventory=inventory)
    await inventory.execute(
        number, c.BlockAdmissions(block_id=inventory.new_id(number), labels=("A-3-1", "A-3-2"))
    )
    lifted = inventory.new_id(number)
    await inventory.execute(number, c.BlockAdmissions(block_id=lifted, area="general", quantity=4))
    await inventory.execute(number, c.LiftBlock(block_id=lifted))
    await inventory.execute(
        number, c.BlockAdmissions(block_id=inventory.new_id(number), area="general", quantity=2)
    )
    await inventory.execute(
        number, c.ChangeEvent(capacity=80, changes={"name": "Recital"}, rules={"max_per_hold": 9})
    )
    more = SeatSpec(label="B-1-1", section="B", row="1", category="balcony")
    await inventory.execute(number, c.ChangeEvent(seats=(more,), categories=("balcony",)))
    await place(inventory, number, "B-1-1")
    await inventory.execute(number, c.StopSales())
    await inventory.execute(number, c.ResumeSales())
    line = c.QuantityLine(quantity=1)
    hold_id = inventory.new_id(number)
    key = key_of("a key")
    key = c.RetryKey(
        scope=key.scope,
        body=key.body,
        render=lambda _: c.StoredAnswer(status=201, body=b"", token_for=hold_id),
    )
    await inventory.execute_keyed(number, c.PlaceHold(hold_id=hold_id, lines=(line,), key=key))
    await attempt(inventory, number, 2)
    await attempt(inventory, number, 200)
    return number


async def test_a_used_event_has_no_disagreements(inventory: Inventory, used_event: int) -> None:
    report = await check(inventory)
    assert report.disagreements == []
    assert report.events[0].holds == 9
    assert report.events[0].version > 20


@pytest.mark.parametrize("claims_in_page", [1, 2, 3])
async def test_the_check_finds_the_same_in_small_pages(
    inventory: Inventory, used_event: int, claims_in_page: int
) -> None:
    """A hold or block whose claims fill more than a page is read in full."""
    report = await check(inventory, claims_in_page=claims_in_page)
    assert report.disagreements == []
    assert report.events[0].holds == 9


async def test_several_commands_on_one_hold_in_one_batch_agree(
    inventory: Inventory, database_url: str
) -> None:
    """Placed, confirmed and cancelled in one commit; blocked and lifted; confirmed and cancelled."""
    event = await make_event(inventory, capacity=10, rows=1)
    number = event.number
    before = await place(inventory, number, "A-1-1")
    hold, booking, other, block = (inventory.new_id(number) for _ in range(4))
    outcomes = await inventory._batches.run(
        number,
        [
            c.PlaceHold(hold_id=hold, lines=(c.SeatsLine(labels=("A-1-2",)),)),
            c.ExtendHold(hold_id=hold, authority=c.STAFF, ttl_seconds=900),
            c.ConfirmHold(hold_id=hold, booking_id=booking, authority=c.STAFF),
            c.CancelBooking(booking_id=booking, authority=c.STAFF),
            c.ConfirmHold(hold_id=before, booking_id=other, authority=c.STAFF),
            c.CancelBooking(booking_id=other, authority=c.STAFF),
            c.BlockAdmissions(block_id=block, labels=("A-1-3",)),
            c.LiftBlock(block_id=block),
        ],
    )
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert (await check(inventory)).disagreements == []
    counts = (await inventory.queries.get_availability(number)).counts
    assert (counts.available, counts.capacity) == (20, 20)


async def test_an_event_is_checked_while_it_sells(inventory: Inventory, used_event: int) -> None:
    """Every page has a newer version than the one before, and no sale is reported as a mistake."""
    over = asyncio.Event()

    async def sell() -> None:
        while not over.is_set():
            hold = await place(inventory, used_event, 1)
            if hold.int % 2:
                await confirm(inventory, used_event, hold)
                await inventory.execute(used_event, c.ChangeEvent(changes={"venue": f"{hold}"}))
            else:
                await inventory.execute(used_event, c.ReleaseHold(hold_id=hold, authority=c.STAFF))

    await inventory.execute(used_event, c.ChangeEvent(capacity=100_000))
    sellers = [asyncio.create_task(sell()) for _ in range(4)]
    try:
        reports = [await check(inventory, claims_in_page=2) for _ in range(3)]
    finally:
        over.set()
        await asyncio.gather(*sellers)
    assert [report.disagreements for report in reports] == [[], [], []]
    assert reports[0].events[0].version < reports[-1].events[0].version
    assert (await check(inventory)).disagreements == []


async def test_a_long_journal_is_read_in_pages(inventory: Inventory) -> None:
    """The journal has more versions than a page before the holds are read, and gains more than a page meanwhile."""
    event = await make_event(inventory, capacity=1_000)
    for _ in range(130):
        await place(inventory, event.number, 1)
    report = await check(inventory, claims_in_page=20)
    assert report.disagreements == []
    assert (report.events[0].holds, report.events[0].version) == (130, 130)


async def test_a_cancelled_event_agrees_before_and_after_its_sweep(
    inventory: Inventory, used_event: int
) -> None:
    await inventory.execute(used_event, c.CancelEvent())
    assert (await check(inventory)).disagreements == []
    await inventory.execute(used_event, c.ReclaimLapsed(limit=100))
    assert (await check(inventory)).disagreements == []


async def test_one_event_is_checked_alone(inventory: Inventory, used_event: int, database_url: str) -> None:
    other = await make_event(inventory, capacity=1)
    fetch(database_url, "UPDATE areas SET booked = 1 WHERE event_number = %s RETURNING 1", other.number)
    checking = Auditor(inventory._connections)
    assert (await checking.check([used_event])).disagreements == []
    assert (await checking.check([other.number])).disagreements != []
    with pytest.raises(EventNotFound):
        await checking.check([999])


DAMAGE = {
    "a counter": (
        "UPDATE areas SET held = held + 1 WHERE name = 'general'",
        {"counter_differs", "journal_differs"},
    ),
    "a counter beyond capacity": (
        "ALTER TABLE areas DROP CONSTRAINT areas_never_oversold; UPDATE areas SET booked = 1000 WHERE name = 'general'",
        {"oversold", "counter_differs"},
    ),
    "a capacity of counted admissions": (
        "UPDATE areas SET capacity = 81 WHERE name = 'general'",
        {"journal_differs"},
    ),
    "a capacity of seats": ("UPDATE areas SET capacity = 31 WHERE name = 'stalls'", {"capacity_differs"}),
    "a claim gone": (
        "DELETE FROM claims WHERE claim_number = 0 AND ended_version IS NULL AND kind = 'hold' AND seat_number = 1",
        {"counter_differs", "quantity_differs", "journal_differs"},
    ),
    "a hold's claims gone": (
        "DELETE FROM claims USING holds WHERE hold_id = id AND status = 'released'",
        {"without_claims"},
    ),
    "a claim of another quantity": (
        "UPDATE claims SET quantity = 3 WHERE quantity = 7",
        {"quantity_differs", "counter_differs"},
    ),
    "a claim alive after its hold": (
        "UPDATE claims SET ended_version = NULL FROM holds WHERE hold_id = id AND status = 'released'",
        {"claim_differs", "counter_differs"},
    ),
    "a claim ended before its hold": (
        "UPDATE claims SET ended_version = 20 FROM holds WHERE hold_id = id AND status = 'active'",
        {"claim_differs", "counter_differs"},
    ),
    "a claim not booked": (
        "UPDATE claims SET booked_version = NULL FROM bookings b WHERE claims.hold_id = b.hold_id",
        {"claim_differs", "counter_differs"},
    ),
    "a claim of nobody": (
        (
            "ALTER TABLE bookings DROP CONSTRAINT bookings_event_number_hold_id_fkey;"
            "DELETE FROM holds WHERE status = 'active'"
        ),
        {"claim_without_holder"},
    ),
    "a claim of the wrong kind": (
        "UPDATE claims SET kind = 'block' FROM holds WHERE hold_id = id AND status = 'active'",
        {"claim_kind", "counter_differs"},
    ),
    "a seat claimed twice": (
        "DROP INDEX claims_one_live_per_seat; UPDATE claims SET seat_number = 1 WHERE seat_number = 12",
        {"seat_claimed_twice"},
    ),
    "a claim on no seat": ("UPDATE claims SET seat_number = 500 WHERE seat_number = 12", {"seat_unknown"}),
    "a claim in another area": (
        "UPDATE claims SET area_number = 3 WHERE seat_number = 12",
        {"seat_in_other_area"},
    ),
    "a claim of no area": ("UPDATE claims SET area_number = 9 WHERE quantity = 7", {"area_unknown"}),
    "a claim's first version": (
        "UPDATE claims SET held_version = held_version - 1 WHERE quantity = 7",
        {"journal_differs"},
    ),
    "a seat gone": ("DELETE FROM seats WHERE seat_number = 30", {"capacity_differs"}),
    "a seat's area": ("UPDATE seats SET area_number = 3 WHERE seat_number = 1", {"seat_in_other_area"}),
    "a hold's status": ("UPDATE holds SET status = 'released' WHERE status = 'active'", {"claim_differs"}),
    "a hold expired early": (
        "UPDATE holds SET status = 'expired', expires_at = now() + interval '1 year' WHERE status = 'expired'",
        {"expired_early"},
    ),
    "a hold's expiry": ("UPDATE holds SET expires_at = expires_at + interval '1 s'", {"journal_differs"}),
    "a hold's buyer": ("UPDATE holds SET buyer = 'eve' WHERE buyer = 'ann'", {"journal_differs"}),
    "a booking gone": (
        "DELETE FROM bookings WHERE status = 'confirmed'",
        {"booking_differs", "attempt_without_booking"},
    ),
    "a booking's status": (
        "UPDATE bookings SET status = 'confirmed' WHERE status = 'cancelled'",
        {"claim_differs"},
    ),
    "a booking of nothing": (
        (
            "ALTER TABLE bookings DROP CONSTRAINT bookings_event_number_hold_id_fkey;"
            "UPDATE bookings SET hold_id = id WHERE status = 'cancelled'"
        ),
        {"booking_without_hold", "booking_differs"},
    ),
    "two bookings of one hold": (
        (
            "ALTER TABLE bookings DROP CONSTRAINT bookings_pkey;"
            "INSERT INTO bookings SELECT event_number, hold_id, gen_random_uuid(), status, confirmed_at, cancelled_at,"
            " buyer_name, buyer_email, confirmed_by FROM bookings WHERE status = 'cancelled'"
        ),
        {"booked_twice"},
    ),
    "a block lifted without its claims": (
        "UPDATE blocks SET lifted_at = now() WHERE lifted_at IS NULL",
        {"claim_differs"},
    ),
    "a version ahead": ("UPDATE inventories SET version = version + 1", {"version_differs"}),
    "a version behind": ("UPDATE inventories SET version = version - 1", {"version_differs"}),
    "the journal's end": (
        "DELETE FROM journal WHERE version = (SELECT max(version) FROM journal)",
        {"version_differs"},
    ),
    "the journal's middle": ("DELETE FROM journal WHERE version = 7", {"journal_gap"}),
    "the journal's beginning": ("DELETE FROM journal WHERE version = 0", {"journal_gap"}),
    "the journal's order in time": (
        "UPDATE journal SET at = at - interval '1 h' WHERE version = 9",
        {"journal_time"},
    ),
    "the journal's end after the event's time": (
        "UPDATE inventories SET last_at = last_at - interval '1 h'",
        {"time_differs"},
    ),
    "the journal's mark": (
        "UPDATE journal SET structural = NOT structural WHERE version = 9",
        {"journal_mark"},
    ),
    "the journal's words": (
        'UPDATE journal SET changes = \'[{"change": "vanished"}]\' WHERE version = 2',
        {"journal_unreadable"},
    ),
    "a repeated entry": (
        "UPDATE journal SET changes = changes || changes WHERE version = 1",
        {"taken_twice", "seat_given_twice"},
    ),
    "a rule": ("UPDATE events SET rules = rules || '{\"max_per_hold\": 10}'", {"rule_differs"}),
    "the event's status": ("UPDATE events SET sales_stopped = true", {"rule_differs"}),
    "the lower bound of the scan": (
        "UPDATE inventories SET reclaimed_until = now() + interval '1 h'",
        {"reclaimed_until_wrong"},
    ),
    "the hot row": ("DELETE FROM inventories", {"inventory_missing"}),
    "an attempt's booking": (
        "UPDATE attempts SET booking_id = gen_random_uuid() WHERE status = 'CONFIRMED'",
        {"attempt_without_booking"},
    ),
    "an attempt's quantity": (
        "UPDATE attempts SET quantity = 3 WHERE status = 'CONFIRMED'",
        {"attempt_differs"},
    ),
    "a FAILED attempt with a booking": (
        "UPDATE attempts SET booking_id = gen_random_uuid() WHERE status = 'FAILED'",
        {"attempt_differs"},
    ),
    "an answer's token": (
        "UPDATE idempotency SET token_for = gen_random_uuid()",
        {"answer_without_hold"},
    ),
    "an id of another event": (
        "UPDATE holds SET id = gen_random_uuid() WHERE status = 'released'",
        {"id_of_other_event", "claim_without_holder", "without_claims"},
    ),
    "a hold with all its rows": (
        (
            "DELETE FROM claims USING holds WHERE hold_id = id AND status = 'released';"
            "DELETE FROM holds WHERE status = 'released'"
        ),
        {"row_missing"},
    ),
    "a hold that nobody placed": (
        (
            "INSERT INTO holds SELECT event_number, (left(id::text, -12) || '000000000000')::uuid, status, placed_at,"
            " expires_at, quantity, requested, buyer, token_hash, placed_by FROM holds WHERE status = 'released'"
        ),
        {"not_in_journal", "without_claims"},
    ),
    "an event gone": (
        "DELETE FROM events",
        {"event_missing"},
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_the_check_reports_damaged_rows(
    inventory: Inventory, used_event: int, database_url: str, damage: str
) -> None:
    statements, expected = DAMAGE[damage]
    assert await codes(inventory) == set()
    with psycopg.connect(database_url) as connection:
        assert connection.execute(statements.encode()).rowcount != 0 or ";" in statements
    assert await codes(inventory) >= expected


async def test_the_check_reports_a_creation_without_event(inventory: Inventory, database_url: str) -> None:
    await inventory.create_event_keyed(c.NewEvent(name="Concert"), by="test", key=key_of("creation"))
    assert await codes(inventory) == set()
    fetch(database_url, "DELETE FROM events RETURNING 1")
    assert "creation_without_event" in await codes(inventory)


async def test_the_check_reports_a_double_sale_that_rows_hide(
    inventory: Inventory, database_url: str
) -> None:
    """Rows and journal are changed alike, so they agree; but the journal gave one seat to two holds."""
    event = await make_event(inventory, rows=1)
    first, second = (
        await place(inventory, event.number, "A-1-1"),
        await place(inventory, event.number, "A-1-2"),
    )
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP INDEX claims_one_live_per_seat")
        connection.execute("UPDATE claims SET seat_number = 1 WHERE hold_id = %s", (second,))
        connection.execute(
            "UPDATE journal SET changes = jsonb_set(changes, '{0,seats}', '[1]') WHERE version = 2"
        )
    found = {one.code: one for one in (await check(inventory)).disagreements}
    assert set(found) == {"seat_given_twice", "seat_claimed_twice"}
    assert str(first) in found["seat_claimed_twice"].detail


async def test_the_check_lists_twenty_disagreements_and_counts_the_rest(
    inventory: Inventory, database_url: str
) -> None:
    event = await make_event(inventory, capacity=100)
    ids: list[UUID] = [await place(inventory, event.number, 1) for _ in range(25)]
    assert len(ids) == 25
    fetch(database_url, "UPDATE holds SET buyer = 'eve' RETURNING 1")
    (report,) = (await check(inventory)).events
    assert (len(report.disagreements), report.left_out) == (20, 5)


async def test_the_check_includes_events_of_retried_keys(inventory: Inventory) -> None:
    event = await make_event(inventory, capacity=5)
    await hold_with_key(inventory, event.number, "key")
    assert (await check(inventory)).disagreements == []
