"""Several events in one transaction: each is sold as it would be alone, and none waits for another's lock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from random import Random

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from holdfast.errors import InvariantViolated
from holdfast.inventory.batching.scheduler import MAX_TOGETHER
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.hold import Hold
from holdfast.postgres.connections import Connections
from holdfast.postgres.placement import Placement
from inventory.batching.test_oracle import MOVES, create, look
from inventory.rules.comparing import compare
from inventory.rules.ledger import START
from inventory.rules.model import Model
from inventory.rules.sales import Known, a_command, a_hall
from support.selling import (
    a_confirm,
    a_place,
    all_at_once,
    an_engine,
    in_one_batch,
    move_time,
    new_event,
    place,
    quantity,
    sql,
    waiting_for_the_lock,
    what_is_wrong,
)

# Transactions that wrote the journals of several events together.
TOGETHER = "SELECT count(*) FROM journal GROUP BY xmin::text HAVING count(*) > 1"


async def warm(inventory: Inventory, *numbers: int) -> None:
    """Make the process load these events."""
    for number in numbers:
        await place(inventory, number, quantity(1))


@pytest.mark.parametrize(
    "shards",
    [
        pytest.param(0, id="one PostgreSQL"),
        pytest.param(2, id="shards", marks=pytest.mark.one_postgres("it pretends to be one")),
    ],
)
@pytest.mark.parametrize("seed", range(6))
async def test_events_that_share_batches_answer_as_the_model_does(
    database_url: str, seed: int, shards: int
) -> None:
    """Two processes, six events, few runners. Every round sends a command to each event at the same moment."""
    if shards:
        pretend_shards(database_url, shards)
    random = Random(seed)
    async with an_engine(database_url, size=2) as one, an_engine(database_url, size=2) as other:
        halls = [a_hall(random) for _ in range(6)]
        models = [Model(areas=hall.areas, seats=hall.labels, **hall.rules) for hall in halls]
        numbers = [await create(one, hall) for hall in halls]
        known = [Known(lambda number=number: one.new_id(number)) for number in numbers]
        now = START
        moves = 0
        for _ in range(14):
            if moves < 4 and random.random() < 0.3:
                seconds, moves = random.choice(MOVES), moves + 1
                now += timedelta(seconds=seconds)
                for number in numbers:
                    move_time(database_url, number, timedelta(seconds=seconds), one, other)
            batches = [
                [a_command(random, halls[at], known[at]) for _ in range(random.randint(1, 3))]
                for at in range(6)
            ]
            batches = [
                [command for command in batch if getattr(command, "ttl_seconds", None) != 1]
                for batch in batches
            ]
            processes = [random.choice((one, other)) for _ in range(6)]
            outcomes = await asyncio.gather(
                *(
                    in_one_batch(inventory, number, *batch)
                    for inventory, number, batch in zip(processes, numbers, batches, strict=True)
                )
            )
            for at, model in enumerate(models):
                for command, outcome in zip(batches[at], outcomes[at], strict=True):
                    compare(model, command, outcome, now, exact=False)
                await look(one, numbers[at], model, now)
                await look(other, numbers[at], model, now)
    assert what_is_wrong(database_url) == []
    assert sql(database_url, TOGETHER)


async def test_buyers_of_many_events_are_served_together(database_url: str) -> None:
    """Every command of a buyer: place, confirm, extend, release, cancel."""
    async with an_engine(database_url, size=2) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(20)]
        await warm(inventory, *numbers)
        holds = await all_at_once(*(place(inventory, number, quantity(2)) for number in numbers))
        assert all(isinstance(hold, Hold) for hold in holds)
        pairs = list(zip(numbers, holds, strict=True))
        booked = await all_at_once(
            *(inventory.execute(number, a_confirm(inventory, number, hold)) for number, hold in pairs)
        )
        await all_at_once(
            *(
                inventory.execute(number, c.CancelBooking(booking_id=booking.id, authority=c.STAFF))
                for number, booking in zip(numbers, booked, strict=True)
            )
        )
    assert sql(database_url, "SELECT DISTINCT held, booked FROM areas") == [(1, 0)]
    assert sql(database_url, "SELECT DISTINCT version FROM inventories") == [(4,)]
    assert max(sql(database_url, TOGETHER)) > (2,)
    assert what_is_wrong(database_url) == []


def pretend_shards(database_url: str, shards: int) -> None:
    """Make the tables by which a coordinator of Citus says where its shards are, all of them here."""
    where = conninfo_to_dict(database_url)
    sql(
        database_url,
        "CREATE TABLE pg_dist_node (groupid integer, nodename text, nodeport integer, noderole text)",
    )
    sql(
        database_url, "CREATE TABLE pg_dist_shard (logicalrelid regclass, shardid bigint, shardminvalue text)"
    )
    sql(database_url, "CREATE TABLE pg_dist_placement (shardid bigint, groupid integer)")
    sql(
        database_url,
        "INSERT INTO pg_dist_node VALUES (1, %s, %s, 'primary')",
        where["host"],
        int(where.get("port") or 5432),
    )
    for at in range(shards):
        lowest = -(2**31) + at * 2**32 // shards
        sql(database_url, "INSERT INTO pg_dist_shard VALUES ('events', %s, %s)", at, str(lowest))
        sql(database_url, "INSERT INTO pg_dist_placement VALUES (%s, 1)", at)


@pytest.mark.one_postgres("it pretends to be one")
async def test_events_of_a_shard_share_batches_and_no_others(database_url: str) -> None:
    """A coordinator refuses locks over several shards: each such batch would fail, and everything be forgotten."""
    pretend_shards(database_url, 3)
    shards = Placement.of_shards(
        [
            (int(low), "", 0)
            for (low,) in sql(database_url, "SELECT shardminvalue FROM pg_dist_shard ORDER BY shardid")
        ]
    )
    async with an_engine(database_url, size=2) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(24)]
        await warm(inventory, *numbers)
        holds = await all_at_once(*(place(inventory, number, quantity(2)) for number in numbers))
        pairs = list(zip(numbers, holds, strict=True))
        booked = await all_at_once(
            *(inventory.execute(number, a_confirm(inventory, number, hold)) for number, hold in pairs)
        )
        assert all(isinstance(booking, Booking) for booking in booked)
    together = sql(
        database_url, "SELECT array_agg(event_number) FROM journal GROUP BY xmin::text HAVING count(*) > 1"
    )
    assert together
    assert all(len({shards.shard_of(number) for number in found}) == 1 for (found,) in together)
    assert len({shards.shard_of(number) for number in numbers}) == 3
    assert what_is_wrong(database_url) == []


@pytest.mark.one_postgres("it pretends to be one")
async def test_events_share_nothing_on_unknown_shards(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator whose tables are not distributed yet. Plain shards are another kind without groups."""
    pretend_shards(database_url, 0)
    async with an_engine(database_url) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(6)]
        await warm(inventory, *numbers)
        monkeypatch.setattr(inventory._batches, "run_together", None)  # nobody may call it
        holds = await all_at_once(*(place(inventory, number, quantity(1)) for number in numbers))
        assert all(isinstance(hold, Hold) for hold in holds)
    assert not sql(database_url, TOGETHER)
    assert Connections([database_url, database_url]).group_of(1) is None


async def test_events_that_part_do_not_wait_for_each_other(database_url: str) -> None:
    """A bad row parts a shared batch, and another process has locked one of its events. The others sell at once."""
    async with an_engine(database_url, size=8) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(4)]
        await warm(inventory, *numbers)
        with psycopg.connect(database_url) as blocker:
            blocker.execute("SELECT FROM inventories WHERE event_number = %s FOR UPDATE", (numbers[0],))
            waiting = [
                asyncio.ensure_future(
                    place(inventory, number, quantity(1), buyer="\0" if number == numbers[1] else None)
                )
                for number in numbers
            ]
            done, _ = await asyncio.wait(waiting[1:], timeout=3)
            assert len(done) == 3, "they waited for the locked event"
            assert not waiting[0].done()
        assert isinstance(await waiting[0], Hold)
        assert isinstance(waiting[1].exception(), InvariantViolated)


async def test_small_events_share_a_transaction(database_url: str) -> None:
    """So little is free that lapsed holds might be needed; only an event that is short of it goes alone."""
    async with an_engine(database_url, size=2) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(20)]
        await warm(inventory, *numbers)
        holds = await all_at_once(*(place(inventory, number, quantity(2)) for number in numbers))
        assert all(isinstance(hold, Hold) for hold in holds)
    assert max(sql(database_url, TOGETHER)) > (2,)


async def test_each_hold_of_many_events_keeps_its_own_buyer(database_url: str) -> None:
    """Only some have a name, and others an e-mail address."""
    buyers: list[dict[str, str]] = [
        {},
        {"buyer_name": "Ada"},
        {"buyer_email": "eve@example.org"},
        {"buyer": "bob", "buyer_name": 'B "o", {b}', "buyer_email": "bob@example.org"},
    ]
    async with an_engine(database_url, size=2) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in buyers * 3]
        await warm(inventory, *numbers)
        given = dict(zip(numbers, buyers * 3, strict=True))
        holds = await all_at_once(*(place(inventory, at, quantity(1), **given[at]) for at in numbers))
        bookings = await all_at_once(
            *(
                inventory.execute(hold.event_number, a_confirm(inventory, hold.event_number, hold))
                for hold in holds
            )
        )
        for made in (*holds, *bookings):
            kept = {name: getattr(made, name) for name in ("buyer", "buyer_name", "buyer_email")}
            assert {name: value for name, value in kept.items() if value} == given[made.event_number]
    assert max(sql(database_url, TOGETHER)) > (2,)
    for table in ("holds", "bookings"):
        stored = sql(
            database_url,
            f"SELECT event_number, buyer_name, buyer_email FROM {table}"
            " WHERE buyer_name IS NOT NULL OR buyer_email IS NOT NULL",
        )
        assert set(stored) == {
            (number, buyer.get("buyer_name"), buyer.get("buyer_email"))
            for number, buyer in given.items()
            if buyer
        }


async def test_a_locked_event_does_not_delay_the_others(database_url: str) -> None:
    async with an_engine(database_url, size=4) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(4)]
        await warm(inventory, *numbers)
        with psycopg.connect(database_url) as blocker:
            blocker.execute("SELECT FROM inventories WHERE event_number = %s FOR UPDATE", (numbers[1],))
            processes = [asyncio.ensure_future(place(inventory, number, quantity(1))) for number in numbers]
            free = [hold for at, hold in enumerate(processes) if at != 1]
            assert all(isinstance(hold, Hold) for hold in await asyncio.gather(*free))
            await waiting_for_the_lock(database_url)
            assert not processes[1].done()
        assert isinstance(await processes[1], Hold)
    assert what_is_wrong(database_url) == []


async def test_an_event_with_wrong_rows_spoils_no_other(database_url: str) -> None:
    """The constraint refuses the transaction. Then each event gets its own error, in a batch of its own."""
    async with an_engine(database_url, size=2) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(4)]
        await warm(inventory, *numbers)
        broken = numbers[2]
        first = await place(inventory, broken, quantity(1))
        sql(database_url, "UPDATE areas SET held = 0 WHERE event_number = %s", broken)
        processes = [inventory.execute(broken, c.ReleaseHold(hold_id=first.id, authority=c.STAFF))]
        processes += [place(inventory, number, quantity(1)) for number in numbers if number != broken]
        refused, *others = await all_at_once(*processes)
        assert isinstance(refused, InvariantViolated)
        assert all(isinstance(hold, Hold) for hold in others)


async def test_an_event_sold_out_elsewhere_finds_its_lapsed_holds(database_url: str) -> None:
    """Another process sold out meanwhile, and its holds lapsed. The event needs a batch of its own to find them."""
    async with an_engine(database_url, size=2) as one, an_engine(database_url, size=2) as other:
        numbers = [await new_event(one, areas={"floor": 10}) for _ in range(3)]
        await warm(one, *numbers)
        for number in numbers:
            await place(other, number, quantity(9), ttl_seconds=60)
            move_time(database_url, number, timedelta(seconds=61), one, other)
        holds = await all_at_once(*(place(one, number, quantity(9)) for number in numbers))
        assert all(isinstance(hold, Hold) for hold in holds)
    assert what_is_wrong(database_url) == []


async def test_one_key_is_stored_separately_for_each_event(database_url: str) -> None:
    """The same key in two events is two keys. A retry in each gets the same answer as before."""
    async with an_engine(database_url, size=2) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(3)]
        await warm(inventory, *numbers)
        key = c.RetryKey(
            scope=b"s" * 32,
            body=b"b" * 32,
            render=lambda outcome: c.StoredAnswer(status=201, body=str(outcome.id).encode()),
        )
        commands = [(number, a_place(inventory, number, quantity(1), key=key)) for number in numbers]
        first = await all_at_once(*(inventory.execute_keyed(number, command) for number, command in commands))
        again = await all_at_once(*(inventory.execute_keyed(number, command) for number, command in commands))
        assert [outcome.answer for outcome in again] == [outcome.answer for outcome in first]
        assert len({outcome.answer.body for outcome in first}) == 3
    assert sql(database_url, "SELECT DISTINCT replays FROM idempotency") == [(1,)]


@contextmanager
def _no_writes(database_url: str) -> Iterator[None]:
    """Let every batch wait where it writes its claims."""
    with psycopg.connect(database_url) as blocker:
        blocker.execute("LOCK TABLE claims IN SHARE MODE")
        yield


async def _begin(inventory: Inventory, numbers: Sequence[int]) -> list[asyncio.Future[Hold]]:
    """Place a hold of each event, each in a turn of the loop of its own."""
    begun = []
    for number in numbers:
        begun.append(asyncio.ensure_future(place(inventory, number, quantity(1))))
        await asyncio.sleep(0)
    return begun


async def _begin_together(inventory: Inventory, numbers: Sequence[int]) -> list[asyncio.Future[Hold]]:
    begun = [asyncio.ensure_future(place(inventory, number, quantity(1))) for number in numbers]
    await asyncio.sleep(0)
    return begun


@pytest.mark.one_postgres("there the events of one shard share a batch, not all")
async def test_later_events_share_the_next_batch_instead_of_beginning_small_ones(database_url: str) -> None:
    """Two batches of several events run, and two more runners are free. Six buyers come, one after the other."""
    async with an_engine(database_url, size=8) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(12)]
        await warm(inventory, *numbers)
        before = sql(database_url, "SELECT max(xmin::text::bigint) FROM journal")
        with _no_writes(database_url):
            begun = await _begin_together(inventory, numbers[:3])
            await waiting_for_the_lock(database_url)
            begun += await _begin_together(inventory, numbers[3:6])
            await waiting_for_the_lock(database_url, sessions=2)
            begun += await _begin(inventory, numbers[6:])
        assert all(isinstance(hold, Hold) for hold in await asyncio.gather(*begun))
    sizes = "SELECT count(*) FROM journal WHERE xmin::text::bigint > %s GROUP BY xmin::text ORDER BY 1"
    assert sql(database_url, sizes, *before[0]) == [(3,), (3,), (6,)]


async def test_a_full_batch_of_events_does_not_wait_for_a_running_one(database_url: str) -> None:
    async with an_engine(database_url, size=8) as inventory:
        numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(4 + MAX_TOGETHER)]
        await warm(inventory, *numbers)
        with _no_writes(database_url):
            begun = await _begin_together(inventory, numbers[:2])
            await waiting_for_the_lock(database_url)
            begun += await _begin_together(inventory, numbers[2:4])
            await waiting_for_the_lock(database_url, sessions=2)
            begun += await _begin_together(inventory, numbers[4:])
            await waiting_for_the_lock(database_url, sessions=3)
        assert all(isinstance(hold, Hold) for hold in await asyncio.gather(*begun))
