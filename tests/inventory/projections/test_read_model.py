"""Read models: what a reader sees equals the rows, by whichever way it was reached."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import orjson
import pytest

from holdfast.errors import HoldfastError
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.projections import touches as touches_module
from holdfast.inventory.projections.read_model import ReadModel
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from holdfast.postgres.connections import Connections
from support.ageing import age_hold, lapse_hold
from support.house_of import confirm, make_event, place


@pytest.fixture
async def other_inventory(database_url: str) -> AsyncIterator[Inventory]:
    """Another process, over the same database."""
    made = Inventory(Connections(database_url), HoldTokens(b"a server key of the tests"))
    await made.open()
    yield made
    await made.close()


def _shown(read_model: ReadModel) -> dict[str, Any]:
    """Return everything that a read model shows, in a form that can be compared."""
    availability = read_model.availability()
    return {
        "state": read_model.state,
        "counts": availability.counts,
        "areas": availability.areas,
        "next_expiry": read_model.next_expiry,
        "seats": dict(sorted(read_model.taken.items())),
        "buyers": dict(sorted(read_model.buyers.items())),
        "held_until": dict(sorted(read_model.held_until().items())),
    }


async def _act(
    inventory: Inventory, number: int, chance: random.Random, holds: list[Any], blocks: list[Any]
) -> None:
    """Run one random command, which may well be refused."""
    seats = [f"A-{chance.randint(1, 3)}-{chance.randint(1, 10)}" for _ in range(chance.randint(1, 3))]
    command: c.AnyCommand
    match chance.randrange(8):
        case 0 | 1:
            command = c.PlaceHold(
                hold_id=inventory.new_id(number),
                lines=(c.SeatsLine(labels=tuple(dict.fromkeys(seats))), c.QuantityLine(quantity=2)),
                ttl_seconds=chance.choice([1, 300]),
                buyer=chance.choice([None, "ada", "bob"]),
            )
            holds.append((command.hold_id, inventory.new_id(number)))
        case 2:
            command = c.PlaceHold(
                hold_id=inventory.new_id(number), lines=(c.BestAvailableLine(quantity=2),), ttl_seconds=300
            )
            holds.append((command.hold_id, inventory.new_id(number)))
        case 3 if holds:
            command = c.ExtendHold(hold_id=chance.choice(holds)[0], authority=c.STAFF, ttl_seconds=600)
        case 4 if holds:
            command = c.ReleaseHold(hold_id=chance.choice(holds)[0], authority=c.STAFF)
        case 5 if holds:
            hold_id, booking_id = chance.choice(holds)
            command = c.ConfirmHold(hold_id=hold_id, booking_id=booking_id, authority=c.STAFF)
        case 6 if holds:
            command = c.CancelBooking(booking_id=chance.choice(holds)[1], authority=c.STAFF)
        case _:
            if blocks and chance.random() < 0.5:
                command = c.LiftBlock(block_id=chance.choice(blocks))
            else:
                command = c.BlockAdmissions(
                    block_id=inventory.new_id(number), labels=tuple(dict.fromkeys(seats))
                )
                blocks.append(command.block_id)
    with suppress(HoldfastError):
        await inventory.execute(number, command)


@pytest.mark.parametrize("seed", range(4))
async def test_a_followed_read_model_equals_a_new_one(
    inventory: Inventory, other_inventory: Inventory, seed: int
):
    """Whatever was sold, returned, blocked or lapsed in between, and by whichever process."""
    chance = random.Random(seed)
    event = await make_event(inventory, capacity=100, rows=3)
    holds: list[Any] = []
    blocks: list[Any] = []
    for _ in range(12):
        for _ in range(chance.randint(1, 6)):
            await _act(chance.choice([inventory, other_inventory]), event.number, chance, holds, blocks)
        followed = await inventory.read_models.get_with_buyers(event.number)
        other_inventory.read_models.drop(event.number)
        anew = await other_inventory.read_models.get_with_buyers(event.number)
        followed.pass_time(anew.now)
        anew.pass_time(followed.now)
        assert _shown(followed) == _shown(anew)
        rows = await inventory.queries.get_availability(event.number)
        followed.pass_time(rows.as_of)
        assert followed.state == (rows.version, rows.lapsed)
        assert followed.availability().counts == rows.counts


async def test_counts_and_seats_agree(inventory: Inventory):
    event = await make_event(inventory, capacity=5, rows=1)
    held = await place(inventory, event.number, 2, "A-1-1", "A-1-2")
    await confirm(inventory, event.number, held)
    await place(inventory, event.number, "A-1-3")
    read_model = await inventory.read_models.get_current(event.number)
    counts = read_model.availability().counts
    assert (counts.available, counts.held, counts.booked, counts.blocked) == (10, 1, 4, 0)
    members = [orjson.loads(each) for each in read_model.members(read_model.taken)]
    assert [(each["label"], each["status"]) for each in members] == [
        ("A-1-1", "booked"),
        ("A-1-2", "booked"),
        ("A-1-3", "held"),
    ]


async def test_taken_seats_have_the_buyers_of_their_holds(inventory: Inventory, database_url: str):
    event = await make_event(inventory, rows=1)
    number = event.number
    await inventory.read_models.get_current(number)  # follows from here on
    held = await place(inventory, number, "A-1-1", buyer="ada")
    booked = await place(inventory, number, "A-1-2", "A-1-3", buyer="bob")
    await confirm(inventory, number, booked)
    await place(inventory, number, "A-1-4")
    lapsed = await place(inventory, number, "A-1-5", buyer="eve")
    followed = await inventory.read_models.get_current(number)
    assert followed.buyers == {1: "ada", 2: "bob", 3: "bob", 5: "eve"}
    lapse_hold(database_url, lapsed, inventory=inventory)
    loaded = await inventory.read_models.get_with_buyers(number)
    assert loaded.buyers == {1: "ada", 2: "bob", 3: "bob"}
    assert set(loaded.held_until()) == {1, 4}
    await inventory.execute(number, c.ReleaseHold(hold_id=held, authority=c.STAFF))
    followed = await inventory.read_models.get_current(number)
    assert followed.buyers == {2: "bob", 3: "bob"}
    inventory.read_models.drop(number)
    assert (await inventory.read_models.get_current(number)).buyers == {}
    assert (await inventory.read_models.get_with_buyers(number)).buyers == {2: "bob", 3: "bob"}


async def test_a_seat_that_changed_hands_since_the_load_keeps_its_new_buyer(inventory: Inventory):
    event = await make_event(inventory, rows=1)
    number = event.number
    old = await place(inventory, number, "A-1-1", buyer="ada")
    booking = await confirm(inventory, number, old)
    await confirm(inventory, number, await place(inventory, number, "A-1-2", buyer="bob"))
    read_model = await inventory.read_models.get_current(number)
    assert read_model.unnamed == {1, 2}
    buyers = await inventory.read_models._reads.list_buyers(number)
    await inventory.execute(number, c.CancelBooking(booking_id=booking, authority=c.STAFF))
    await place(inventory, number, "A-1-1", buyer="eve")
    assert await inventory.read_models.get_current(number) is read_model
    read_model.name_buyers(buyers)
    assert read_model.buyers == {1: "eve", 2: "bob"}


async def test_time_alone_frees_a_held_seat(inventory: Inventory):
    """No batch, no sweeper, no query: the expiry alone changes the state."""
    event = await make_event(inventory, capacity=5, rows=1)
    await place(inventory, event.number, 3, "A-1-1", ttl=60)
    read_model = await inventory.read_models.get_current(event.number)
    expires_at = read_model.next_expiry
    assert expires_at is not None
    read_model.pass_time(expires_at - timedelta(microseconds=1))
    assert read_model.state == (1, 0)
    read_model.pass_time(expires_at)
    assert read_model.state == (1, 1)
    assert not read_model.taken
    assert read_model.availability().counts.held == 0
    assert read_model.next_expiry is None


@pytest.mark.parametrize("extended", [True, False])
async def test_a_batch_before_an_expiry_counts_if_read_after_it(inventory: Inventory, extended: bool):
    """A hold was confirmed or extended just in time, by a process whose commit is read only after the expiry."""
    event = await make_event(inventory, capacity=5, rows=1)
    hold = await place(inventory, event.number, 3, "A-1-1", ttl=60)
    read_model = await inventory.read_models.get_current(event.number)
    assert read_model.next_expiry is not None
    read_model.pass_time(read_model.next_expiry)
    assert read_model.state == (1, 1)
    if extended:
        await inventory.execute(event.number, c.ExtendHold(hold_id=hold, authority=c.STAFF, ttl_seconds=900))
    else:
        await confirm(inventory, event.number, hold)
    assert await inventory.read_models.get_current(event.number) is read_model
    counts = read_model.availability().counts
    assert (counts.held, counts.booked) == ((4, 0) if extended else (0, 4))
    assert read_model.state == (2, 0)
    assert list(read_model.taken) == [1]


async def test_a_lapsed_hold_is_reported_once(inventory: Inventory, database_url: str):
    """When its rows are rewritten later, clients that got its expiry do not get it again."""
    event = await make_event(inventory, rows=1)
    hold = await place(inventory, event.number, "A-1-1")
    lapse_hold(database_url, hold)
    inventory._occupancies.drop(event.number)
    read_model = await inventory.read_models.get_current(event.number)
    assert (read_model.state, read_model.touched_since(1)) == ((1, 1), {1})
    bookmark = read_model.touches.sequence
    await inventory.execute(event.number, c.ReclaimLapsed(limit=10))
    assert await inventory.read_models.get_current(event.number) is read_model
    assert read_model.state == (2, 0)
    assert read_model.touches.after(bookmark) == set()


async def test_changes_since_include_reclaimed_lapsed_holds(inventory: Inventory, database_url: str):
    event = await make_event(inventory, rows=1)
    hold = await place(inventory, event.number, "A-1-1")
    await place(inventory, event.number, "A-1-2")
    lapse_hold(database_url, hold)
    inventory._occupancies.drop(event.number)
    await inventory.read_models.get_current(event.number)
    await inventory.execute(event.number, c.ReclaimLapsed(limit=10))
    changes = await inventory.queries.get_changes_since(event.number, inventory.epoch, 2)
    assert [orjson.loads(each) for each in changes.seats or []] == [{"label": "A-1-1", "status": "available"}]


async def test_changes_since_older_versions_are_read_from_the_journal(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
):
    """A read model that remembers few versions still answers for older ones."""
    monkeypatch.setattr(touches_module, "MAX_VERSIONS_REMEMBERED", 2)
    event = await make_event(inventory, rows=1)
    await inventory.read_models.get_current(event.number)
    extended = await place(inventory, event.number, "A-1-1")
    for seat in range(2, 8):
        await place(inventory, event.number, f"A-1-{seat}")
        await inventory.read_models.get_current(event.number)
    await inventory.execute(event.number, c.ExtendHold(hold_id=extended, authority=c.STAFF, ttl_seconds=600))
    for seat in range(8, 11):
        await place(inventory, event.number, f"A-1-{seat}")
        await inventory.read_models.get_current(event.number)
    changes = await inventory.queries.get_changes_since(event.number, inventory.epoch, 5)
    assert [orjson.loads(each)["label"] for each in changes.seats or []] == [
        "A-1-1", "A-1-6", "A-1-7", "A-1-8", "A-1-9", "A-1-10",
    ]  # fmt: skip


async def test_new_seats_and_areas_are_shown(inventory: Inventory):
    event = await make_event(inventory, capacity=5, rows=1)
    read_model = await inventory.read_models.get_current(event.number)
    await inventory.execute(
        event.number,
        c.ChangeEvent(
            areas=(c.AreaChange(name="balcony", capacity=7, adds=True),), seats=(SeatSpec("Z-1", "Z", "1"),)
        ),
    )
    grown = await inventory.read_models.get_current(event.number)
    assert grown is not read_model
    assert grown.availability().counts.capacity == 5 + 10 + 7 + 1
    assert grown.seat_map.number_of("Z-1") == 11


async def test_a_cancelled_event_has_nothing_held(inventory: Inventory, database_url: str):
    event = await make_event(inventory, capacity=5, rows=1)
    await confirm(inventory, event.number, await place(inventory, event.number, 1, "A-1-2"))
    hold = await place(inventory, event.number, 1, "A-1-1")
    await inventory.execute(event.number, c.CancelEvent())
    read_model = await inventory.read_models.get_current(event.number)
    counts = read_model.availability().counts
    assert (counts.available, counts.held, counts.booked) == (0, 0, 2)
    assert [orjson.loads(each)["label"] for each in read_model.members(read_model.taken)] == ["A-1-2"]
    await inventory.execute(event.number, c.ReleaseHold(hold_id=hold, authority=c.STAFF))
    assert (await inventory.read_models.get_current(event.number)).availability().counts == counts


async def test_a_hold_that_was_aged_before_the_first_look_is_gone(inventory: Inventory, database_url: str):
    event = await make_event(inventory, capacity=5)
    hold = await place(inventory, event.number, 5, ttl=120)
    age_hold(database_url, hold, 120)
    read_model = await inventory.read_models.get_current(event.number)
    assert read_model.state == (1, 1)
    assert read_model.availability().counts.available == 5


async def test_changes_since_include_expiries_by_their_reclaim(
    inventory: Inventory, database_url: str, monkeypatch: pytest.MonkeyPatch
):
    """The reader knows a version from before the expiry. The read model remembers only that the rows were
    rewritten."""
    monkeypatch.setattr(touches_module, "MAX_VERSIONS_REMEMBERED", 2)
    event = await make_event(inventory, rows=1)
    hold = await place(inventory, event.number, "A-1-1")
    lapse_hold(database_url, hold)
    inventory._occupancies.drop(event.number)
    await inventory.read_models.get_current(event.number)
    await place(inventory, event.number, "A-1-2")
    await inventory.execute(event.number, c.ReclaimLapsed(limit=10))
    read_model = await inventory.read_models.get_current(event.number)
    assert (read_model.version, read_model.touches.first_version) == (3, 2)
    changes = await inventory.queries.get_changes_since(event.number, inventory.epoch, 1)
    assert [orjson.loads(each)["label"] for each in changes.seats or []] == ["A-1-1", "A-1-2"]
