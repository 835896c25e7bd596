"""Cold events: what a process does not know yet of many events is loaded together, and each event sells as if alone.

Class of bug: an event that a shared load or a shared map ties to another one. Its members: events with an error
and missing ones, maps that are alike but not the same, large maps, a lost connection, other processes.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from typing import Any

import pytest

from holdfast.errors import EventNotFound, InvariantViolated, SeatTaken
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.projections import occupancies
from holdfast.inventory.queries import EventFilter
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.seating.seat_map import SeatMap
from support.cutting_proxy import cutting_proxy
from support.selling import all_at_once, an_engine, new_event, place, quantity, sql, what_is_wrong

PAIR = c.BestAvailableLine(quantity=2)
BATCHES = "SELECT count(*) FROM journal WHERE version > 0 GROUP BY xmin::text"


async def make_seated(url: str, count: int, widths: tuple[int, ...] = (10, 10)) -> list[int]:
    """Create events by another process, so that they are cold."""
    async with an_engine(url) as other:
        return [await new_event(other, widths=widths) for _ in range(count)]


async def sell(inventory: Inventory, numbers: Sequence[int], line: c.Line = PAIR) -> list[Any]:
    return await all_at_once(*(place(inventory, number, line) for number in numbers))


def kinds(outcomes: Sequence[Any]) -> list[type[Any]]:
    return [type(each) for each in outcomes]


async def map_of(inventory: Inventory, number: int, version: int = 1) -> SeatMap:
    return await inventory.queries.get_seat_map(number, version)


@pytest.mark.one_postgres("there the events of one shard share a batch, not all")
async def test_cold_events_of_a_turn_share_their_loads_and_their_batch(database_url: str) -> None:
    """Three round trips load twenty events, and two sell them; each event alone would need eight."""
    numbers = await make_seated(database_url, 20)
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url, size=1) as inventory:
        await inventory.queries.list_events(
            EventFilter(), before=None, limit=1
        )  # until there is a connection
        before = proxy.turns
        assert kinds(await sell(inventory, numbers)) == [Hold] * 20
        assert proxy.turns - before <= 6
    assert sql(database_url, BATCHES) == [(20,)]
    assert what_is_wrong(database_url) == []


async def test_a_lone_cold_event_is_loaded_in_three_round_trips(database_url: str) -> None:
    """Rules and areas, the map, what is taken: and then the batch's own two."""
    (number,) = await make_seated(database_url, 1)
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url, size=1) as inventory:
        await inventory.queries.list_events(EventFilter(), before=None, limit=1)
        before = proxy.turns
        await place(inventory, number, PAIR)
        assert proxy.turns - before == 5


async def test_events_with_the_same_seats_share_one_map(database_url: str) -> None:
    same = await make_seated(database_url, 3)
    (other,) = await make_seated(database_url, 1, widths=(10, 9))
    async with an_engine(database_url) as inventory:
        assert kinds(await sell(inventory, [*same, other])) == [Hold] * 4
        maps = [await map_of(inventory, number) for number in (*same, other)]
        assert maps[0] is maps[1] is maps[2] is not maps[3]
        assert [seat_map.size for seat_map in maps] == [20, 20, 20, 19]


async def test_seats_of_one_event_stay_its_own(database_url: str) -> None:
    """The map is shared, and what is taken is not."""
    one, other = await make_seated(database_url, 2, widths=(2,))
    line = c.SeatsLine(labels=("A-1-1",))
    async with an_engine(database_url) as inventory:
        assert kinds(await sell(inventory, [one, other], line)) == [Hold] * 2
        assert kinds(await sell(inventory, [one, other], line)) == [SeatTaken] * 2
        assert kinds(await sell(inventory, [one, other], c.SeatsLine(labels=("A-1-2",)))) == [Hold] * 2
    assert what_is_wrong(database_url) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE seats SET label = label || 'b'",
        "UPDATE seats SET position = position + 1 WHERE seat_number > 5",
        "UPDATE seats SET section = 'Balcony'",
        "UPDATE seats SET row_name = row_name || 'b'",
        "UPDATE seats SET x = seat_number, y = 1",
        "UPDATE seats SET guid = seat_number::text",
        "UPDATE seats SET name = 'a'",
        "UPDATE seats SET traits = 1 WHERE seat_number = 1",
        "UPDATE areas SET category = 'silver', name = 'silver'",
    ],
)
async def test_a_map_that_differs_in_anything_is_another_map(database_url: str, change: str) -> None:
    one, other = await make_seated(database_url, 2)
    sql(database_url, f"{change}{' AND' if 'WHERE' in change else ' WHERE'} event_number = {other}")
    async with an_engine(database_url) as inventory:
        maps = [await map_of(inventory, number) for number in (one, other)]
    assert maps[0] is not maps[1]
    assert [*maps[0].seats()] != [*maps[1].seats()]


async def test_a_map_without_readers_is_kept_by_nobody(database_url: str) -> None:
    numbers = await make_seated(database_url, 2)
    async with an_engine(database_url) as inventory:
        await sell(inventory, numbers)
        assert len(inventory._occupancies._by_digest) == 1
        inventory._occupancies.drop_all()
        gc.collect()
        assert len(inventory._occupancies._by_digest) == 0
        assert kinds(await sell(inventory, numbers)) == [Hold] * 2


async def test_an_event_that_cannot_be_loaded_costs_the_others_nothing(database_url: str) -> None:
    """Its map names an area that it does not have."""
    numbers = await make_seated(database_url, 5)
    sql(database_url, "ALTER TABLE seats DROP CONSTRAINT IF EXISTS seats_area_fkey")
    sql(database_url, "UPDATE seats SET area_number = 77 WHERE event_number = %s", numbers[2])
    async with an_engine(database_url) as inventory:
        outcomes = await sell(inventory, [*numbers, 10_000])
    assert kinds(outcomes) == [Hold, Hold, InvariantViolated, Hold, Hold, EventNotFound]
    assert what_is_wrong(database_url) == []


@pytest.mark.one_postgres("there the events of one shard share a batch, not all")
async def test_large_maps_and_many_seats_are_loaded_apart(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warm event of the same batch waits for few seats only."""
    monkeypatch.setattr(occupancies, "MAX_SEATS_TOGETHER", 40)
    monkeypatch.setattr(occupancies, "MAX_SEATS_AT_ONCE", 100)
    numbers = await make_seated(database_url, 8)
    (large,) = await make_seated(database_url, 1, widths=(41,))
    async with an_engine(database_url) as inventory:
        assert kinds(await sell(inventory, [large, *numbers])) == [Hold] * 9
    assert max(sql(database_url, BATCHES)) == (5,)
    assert what_is_wrong(database_url) == []


async def test_cold_events_survive_a_lost_connection(database_url: str) -> None:
    numbers = await make_seated(database_url, 6)
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        for statement in (b"holdfast_get_event", b"holdfast_list_seats", b"holdfast_load_occupancy"):
            inventory._batches.forget_all()
            inventory._occupancies.drop_all()
            proxy.after = statement
            assert kinds(await sell(inventory, numbers)) == [Hold] * 6
        assert proxy.cuts == 3
    assert what_is_wrong(database_url) == []


async def test_cold_events_of_many_processes_never_sell_a_seat_twice(database_url: str) -> None:
    """Each process loads the events while the others sell them."""
    numbers = await make_seated(database_url, 4, widths=(6, 6))
    async with (
        an_engine(database_url) as one,
        an_engine(database_url) as two,
        an_engine(database_url) as three,
    ):
        outcomes = []
        for _ in range(3):
            found = await asyncio.gather(*(sell(each, numbers) for each in (one, two, three)))
            outcomes += [outcome for each in found for outcome in each]
            two._batches.forget_all()
            three._occupancies.drop_all()
    sold = [seat for each in outcomes if isinstance(each, Hold) for seat in _seats_of(each)]
    assert len(sold) == len(set(sold)) == 48
    assert what_is_wrong(database_url) == []


@pytest.mark.one_postgres("there the events of one shard share a batch, not all")
async def test_counted_events_are_learned_without_a_map(database_url: str) -> None:
    async with an_engine(database_url) as other:
        numbers = [await new_event(other, areas={"general": 10}) for _ in range(6)]
    async with an_engine(database_url) as inventory:
        assert kinds(await sell(inventory, numbers, quantity(1))) == [Hold] * 6
    assert sql(database_url, BATCHES) == [(6,)]


def _seats_of(hold: Hold) -> list[tuple[int, int]]:
    return [(hold.event_number, seat) for seat in hold.seat_numbers]
