"""Occupancies and other copies: each has a bound, and none ever blocks a sale."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.errors import Unavailable
from holdfast.inventory.batching import runner as batches
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.projections import read_models
from holdfast.inventory.projections.read_models import SeatForm
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.hold import Hold
from support.selling import a_confirm, all_at_once, an_engine, new_event, place, quantity


async def test_more_events_than_occupancies_fit_all_sell(database_url: str) -> None:
    """There is room for one map of twelve. While one is loaded another is dropped, even during its load."""
    async with an_engine(database_url, occupancy_seats=12) as inventory:
        numbers = [await new_event(inventory, widths=(10,)) for _ in range(6)]
        for _ in range(5):
            outcomes = await all_at_once(
                *[place(inventory, number, c.BestAvailableLine(quantity=1)) for number in numbers],
                *[inventory._occupancies.get_current(number, 1) for number in numbers],
            )
            assert [each for each in outcomes if isinstance(each, Exception)] == []
            assert all(isinstance(each, Hold) for each in outcomes[:6])
        assert len(inventory._occupancies._maps) == 1


async def test_a_loaded_occupancy_equals_one_that_followed(inventory: Inventory) -> None:
    """Bookings of counted areas are in neither: there may be a million of them."""
    number = await new_event(inventory, areas={"floor": 10}, widths=(4,))
    for line in (quantity(1, "floor"), c.SeatsLine(labels=("A-1-1",)), quantity(3, "floor")):
        hold = await place(inventory, number, line)
        await inventory.execute(number, a_confirm(inventory, number, hold))
    await place(inventory, number, quantity(2, "floor"), c.SeatsLine(labels=("A-1-3",)))
    await inventory.execute(
        number, c.BlockAdmissions(block_id=inventory.new_id(number), area="floor", quantity=1)
    )
    followed = await inventory._occupancies.get(number, 1)
    inventory._occupancies.drop(number)
    loaded = await inventory._occupancies.get(number, 1)
    assert loaded is not followed
    assert loaded.version == followed.version
    for one, other in ((loaded, followed), (followed, loaded)):
        assert {id: (h.status, h.seats, h.areas) for id, h in one.by_id.items()} == {
            id: (h.status, h.seats, h.areas) for id, h in other.by_id.items()
        }
    assert sorted(h.status for h in loaded.by_id.values()) == ["blocked", "booked", "held"]


async def test_a_process_forgets_events_that_it_sold_long_ago(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MAX_KNOWN", 3)
    numbers = [await new_event(inventory, areas={"floor": 10}) for _ in range(5)]
    for number in [*numbers, numbers[2], numbers[0]]:
        await place(inventory, number, quantity(1))
    assert list(inventory._batches._known) == [numbers[4], numbers[2], numbers[0]]


async def test_a_seat_map_is_loaded_again_after_a_failure(inventory: Inventory) -> None:
    """Every reader that waited for the document during the outage gets the same error."""
    number = await new_event(inventory, widths=(3,))
    event = await inventory.queries.get_event(number)
    await inventory._connections.close()
    outcomes = await all_at_once(*[inventory.queries.get_seat_map_document(event, 1) for _ in range(3)])
    assert [type(each) for each in outcomes] == [Unavailable] * 3


async def test_a_read_model_dropped_while_following_is_built_again(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for one read model. Reads of two events drop each other's in the middle."""
    monkeypatch.setattr(read_models, "MAX_SEATS", 1)
    numbers = [await new_event(inventory, widths=(3,)) for _ in range(4)]
    for _ in range(5):
        found = await asyncio.gather(*[inventory.read_models.get_current(number) for number in numbers])
        assert [read_model.number for read_model in found] == numbers
        written = await asyncio.gather(
            *[inventory.read_models.list_seats(each, SeatForm.EVERY) for each in found]
        )
        assert [len(each.body) > 2 for each in written] == [True] * 4
    assert len(inventory.read_models._kept) == 1
    assert {number for number, _ in inventory.read_models._written} <= set(inventory.read_models._kept)
