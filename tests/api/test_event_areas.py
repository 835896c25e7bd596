"""Areas and categories in a change of an event: nothing is added, renamed or closed that was not said.

The kind is "a change that adds where one means to rename". Its members: an area's name, the category of an area, the
category of added seats, and null in place of a value. They were found by every member of `ChangeEventIn` that names
a thing by text. A rule, a date and the venue are values, so that another value cannot make a second one.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.inventory.inventory import Inventory
from support.ageing import lapse_hold
from support.http_sales import (
    Json,
    act,
    ask_hold,
    confirm,
    make_event,
    outcome_of,
    place,
    pointers,
    read_hold,
)
from support.selling import an_engine, quantity
from support.selling import place as place_in

AREAS = [{"name": "hall", "capacity": 5, "category": "inside"}, {"name": "garden", "capacity": 3}]
SEATS = {"sections": [{"name": "A", "rows": 1, "seats_per_row": 4, "category": "stalls"}]}


async def change(client: httpx2.AsyncClient, **changes: Any) -> httpx2.Response:
    return await client.patch("/v1/events/1", json=changes)


async def changed(client: httpx2.AsyncClient, **changes: Any) -> Json:
    answer = await change(client, **changes)
    assert answer.status_code == 200, answer.text
    event: Json = answer.json()
    assert (await client.get("/v1/events/1")).json() == event
    return event


async def availability(client: httpx2.AsyncClient, area: str) -> list[int]:
    found = (await client.get("/v1/events/1/availability")).json()
    (counts,) = [each for each in found["areas"] if each["name"] == area]
    return [counts[name] for name in ("capacity", "available", "held", "booked", "blocked")]


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"areas": [{"name": "gardn", "capacity": 3}]}, "/areas/0/name", "garden, hall"),
        ({"areas": [{"name": "Hall"}]}, "/areas/0/name", 'say "add": true'),
        ({"areas": [{"name": "stalls", "capacity": 4}]}, "/areas/0/name", "garden, hall"),
        ({"areas": [{"id": 3, "name": "stalls"}]}, "/areas/0/id", "hall (1)"),
        ({"areas": [{"id": 9, "closed": True}]}, "/areas/0/id", "hall (1)"),
        ({"areas": [{"id": 1, "category": "insid"}]}, "/areas/0/category", "inside, stalls"),
        (
            {"areas": [{"name": "bar", "capacity": 1, "category": "new", "add": True}]},
            "/areas/0/category",
            "inside, stalls",
        ),
        ({"seat_map": {"labels": ["Z-1-1"], "category": "stals"}}, "/seat_map", "inside, stalls"),
        ({"seat_map": {"labels": ["Z-1-1"]}}, "/seat_map", "inside, stalls"),
        ({"categories": [{"id": 2, "name": "x"}]}, "/categories/0/id", "stalls (3)"),
    ],
)
async def test_unknown_name_changes_nothing_and_the_refusal_lists_the_names(
    client: httpx2.AsyncClient, changes: Json, pointer: str, words: str
):
    event = await make_event(client, areas=AREAS, seat_map=SEATS)
    answer = await change(client, venue="Moved", **changes)
    assert outcome_of(answer) == (422, "area_unknown")
    assert pointers(answer) == [(pointer, "area_unknown")]
    assert words in answer.json()["detail"]
    assert (await client.get("/v1/events/1")).json() == event


async def test_areas_are_changed_by_name_and_added_only_when_that_is_said(client: httpx2.AsyncClient):
    await make_event(client, areas=[{"name": "hall", "capacity": 5}])
    bar = {"name": "bar", "capacity": 2, "category": "vip", "add": True}
    areas = [{"name": "hall", "capacity": 7}, bar]
    event = await changed(client, areas=areas, categories=[{"name": "vip", "add": True}])
    assert event["areas"] == [
        {"id": 1, "name": "hall", "capacity": 7, "category": None, "closed": False},
        {"id": 2, "name": "bar", "capacity": 2, "category": "vip", "closed": False},
    ]
    assert event["categories"] == [{"id": 2, "name": "vip", "capacity": 2}]
    assert outcome_of(await change(client, capacity=9)) == (422, "invalid_input")
    await place(client, event, {"quantity": 2, "area": "bar"})


@pytest.mark.parametrize("named", [[], [{"name": "stalls", "add": True}]])
async def test_first_seat_map_brings_its_categories(client: httpx2.AsyncClient, named: list[Json]):
    await make_event(client, areas=AREAS)
    event = await changed(client, seat_map=SEATS, categories=named)
    assert [one["name"] for one in event["categories"]] == ["inside", "stalls"]


async def test_area_is_renamed_by_its_id_and_keeps_what_is_taken(client: httpx2.AsyncClient):
    event = await make_event(client, areas=AREAS)
    hold = await place(client, event, {"area": "hall", "quantity": 2})
    after = await changed(client, areas=[{"id": 1, "name": "Great Hall"}, {"id": 2, "name": "hall"}])
    assert [(area["id"], area["name"], area["capacity"]) for area in after["areas"]] == [
        (1, "Great Hall", 5),
        (2, "hall", 3),
    ]
    assert after["capacity"] == event["capacity"]
    assert (await read_hold(client, hold))["lines"] == [{"area": "Great Hall", "quantity": 2}]
    assert (await place(client, event, {"area": "hall", "quantity": 3}))["quantity"] == 3
    gone = await ask_hold(client, event, {"area": "garden", "quantity": 1})
    assert outcome_of(gone) == (422, "area_unknown")
    assert await availability(client, "Great Hall") == [5, 3, 2, 0, 0]


async def test_lapsed_holds_of_a_renamed_area_are_on_sale_in_another_process(
    client: httpx2.AsyncClient, database_url: str, inventory: Inventory
):
    """The other process knows the area by its old name only."""
    event = await make_event(client, areas=AREAS)
    async with an_engine(database_url) as other:
        await place_in(other, event["number"], quantity(1, "garden"))
        hold = await place(client, event, {"area": "hall", "quantity": 5})
        lapse_hold(database_url, hold["id"], inventory=inventory)
        await changed(client, areas=[{"id": 1, "name": "Great Hall"}])
        placed = await place_in(other, event["number"], quantity(5, "Great Hall"))
        assert placed.quantity == 5


async def test_closed_area_sells_nothing_and_keeps_what_is_taken(client: httpx2.AsyncClient):
    event = await make_event(client, areas=AREAS)
    line = {"area": "hall", "quantity": 1}
    held, lost = await place(client, event, line), await place(client, event, line)
    after = await changed(client, areas=[{"name": "hall", "closed": True}])
    assert [area["closed"] for area in after["areas"]] == [True, False]
    assert outcome_of(await ask_hold(client, event, line)) == (409, "sold_out")
    assert await availability(client, "hall") == [5, 0, 2, 0, 3]
    assert (await act(client, held, "extend", {"ttl_seconds": 700})).status_code == 200
    await confirm(client, held)
    await act(client, lost, "release")
    assert await availability(client, "hall") == [5, 0, 0, 1, 4]
    listed = (await client.get("/v1/events/1/availability")).json()
    assert listed["capacity"] == listed["available"] + listed["held"] + listed["booked"] + listed["blocked"]
    assert outcome_of(await ask_hold(client, event, line)) == (409, "sold_out")
    partly = await place(client, event, line, {"area": "garden", "quantity": 1}, allow_partial=True)
    assert partly["quantity"] == 1
    await changed(client, areas=[{"name": "hall", "closed": False}])
    await place(client, event, {"area": "hall", "quantity": 4})


async def test_lapsed_hold_of_a_closed_area_is_not_on_sale(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event = await make_event(client, areas=AREAS)
    hold = await place(client, event, {"area": "hall", "quantity": 2})
    before = (await client.get("/v1/events/1/availability")).json()["as_of"]
    await changed(client, areas=[{"id": 1, "closed": True}])
    past = (await client.get(f"/v1/events/1/availability?as_of={before}")).json()
    assert past["available"] == 6, "the past shows the area closed"
    lapse_hold(database_url, hold["id"], inventory=inventory)
    assert await availability(client, "hall") == [5, 0, 0, 0, 5]
    refused = await ask_hold(client, event, {"area": "hall", "quantity": 1})
    assert outcome_of(refused) == (409, "sold_out")


async def test_area_is_removed_once_nobody_has_anything_of_it(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event = await make_event(client, areas=AREAS)
    hold = await place(client, event, {"area": "hall", "quantity": 1})
    refused = await change(client, areas=[{"name": "hall", "remove": True}])
    assert outcome_of(refused) == (409, "capacity_taken")
    lapse_hold(database_url, hold["id"], inventory=inventory)
    after = await changed(client, areas=[{"name": "hall", "remove": True}])
    assert [area["name"] for area in after["areas"]] == ["garden"]
    assert (after["capacity"], after["categories"]) == (3, [])
    assert (await read_hold(client, hold))["lines"] == [{"area": "hall", "quantity": 1}], "old holds show it"
    unknown = await ask_hold(client, event, {"area": "hall", "quantity": 1})
    assert outcome_of(unknown) == (422, "area_unknown")
    assert (await place(client, event, {"quantity": 3}))["lines"] == [{"area": "garden", "quantity": 3}]
    assert outcome_of(await change(client, areas=[{"id": 1, "name": "back"}])) == (422, "area_unknown")
    again = await changed(client, areas=[{"name": "hall", "capacity": 2, "add": True}])
    assert [(area["id"], area["name"]) for area in again["areas"]] == [(2, "garden"), (3, "hall")]
    shown = (await client.get("/v1/events/1/availability")).json()
    assert [area["name"] for area in shown["areas"]] == ["garden", "hall"]


async def test_category_is_renamed_with_its_seats_and_areas(client: httpx2.AsyncClient):
    areas = [{"name": "pit", "capacity": 5, "category": "stalls"}]
    event = await make_event(client, areas=areas, seat_map=SEATS)
    hold = await place(client, event, {"seats": ["A-1-1"]})
    after = await changed(client, categories=[{"id": 2, "name": "Parkett"}])
    assert after["categories"] == [{"id": 2, "name": "Parkett", "capacity": 9}]
    assert (after["capacity"], after["map_version"]) == (event["capacity"], 2)
    assert (await read_hold(client, hold))["lines"] == [{"seats": ["A-1-1"], "category": "Parkett"}]
    old_name = await ask_hold(client, event, {"best_available": 1, "category": "stalls"})
    assert outcome_of(old_name) == (422, "area_unknown")
    assert (await place(client, event, {"best_available": 2, "category": "Parkett"}))["quantity"] == 2
    new_map = (await client.get("/v1/events/1/seat-map/2")).json()
    assert "stalls" not in str(new_map["categories"])
    more = await changed(client, seat_map={"labels": ["Z-1-1"], "category": "Parkett"})
    assert (more["map_version"], more["capacity"]) == (3, event["capacity"] + 1)


async def test_books_agree_after_every_change_of_areas(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(client, areas=AREAS, seat_map=SEATS)
    await place(client, event, {"area": "garden", "quantity": 1})
    await changed(
        client, areas=[{"id": 1, "name": "Great Hall", "category": None}, {"id": 2, "closed": True}]
    )
    await changed(client, categories=[{"id": 3, "name": "Parkett"}])
    await changed(client, areas=[{"id": 1, "remove": True}])
    found = await inventory.operations.make_auditor().check([event["number"]])
    assert found.disagreements == []
