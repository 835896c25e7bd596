"""Changes of an event over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2

from holdfast.inventory.inventory import Inventory
from support.ageing import lapse_hold
from support.http_sales import (
    SEATS,
    ask_hold,
    make_event,
    outcome_of,
    place,
    pointers,
)

NO_CHANGES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": None}, "/name", "wrong_type"),
    ({"capacity": None}, "/capacity", "wrong_type"),
    ({"seat_map": None}, "/seat_map", "wrong_type"),
    ({"areas": None}, "/areas", "wrong_type"),
    ({"allow_partial": None}, "/allow_partial", "wrong_type"),
    ({"hold_ttl_seconds": None}, "/hold_ttl_seconds", "wrong_type"),
    ({"max_hold_ttl_seconds": 100}, "/hold_ttl_seconds", "out_of_range"),
    ({"off_sale_at": "2029-12-31T00:00:00Z"}, "/off_sale_at", "out_of_range"),
    ({"status": "cancelled"}, "/status", "unknown_field"),
    ({"number": 2}, "/number", "unknown_field"),
    ({"areas": [{"name": "x", "capacity": 1, "add": True}] * 2}, "/areas/1/name", "duplicate_area"),
    ({"areas": [{"name": "general", "capacity": 1, "add": True}]}, "/areas/0/name", "duplicate_area"),
    ({"areas": [{"id": 1}, {"name": "general"}]}, "/areas/1/name", "duplicate_area"),
    ({"areas": [{"name": "x", "capacity": 2_000_000_000, "add": True}]}, "/areas", "out_of_range"),
    ({"areas": [{"capacity": 1}]}, "/areas/0", "missing"),
    ({"areas": [{"id": 1, "capacity": None}]}, "/areas/0", "wrong_type"),
    ({"areas": [{"id": 1, "name": None}]}, "/areas/0", "wrong_type"),
    ({"areas": [{"id": 1, "remove": True, "capacity": 3}]}, "/areas/0", "not_allowed"),
    ({"areas": [{"id": 1, "add": True}]}, "/areas/0", "not_allowed"),
    ({"areas": [{"name": "x", "add": True}]}, "/areas/0", "not_allowed"),
    ({"categories": [{"name": "x"}]}, "/categories/0", "not_allowed"),
    ({"categories": [{"name": "x", "add": True}]}, "/categories", "not_allowed"),
    ({"categories": None}, "/categories", "wrong_type"),
]
"""Body, pointer of the error, and its code."""


class TestChanging:
    async def test_a_change_affects_only_named_members(self, client: httpx2.AsyncClient):
        event = await make_event(client, venue="Opera", max_per_hold=4, starts_at="2030-01-01T19:00:00Z")
        changes = {
            "name": "Gala",
            "venue": None,
            "time_zone": "Asia/Kathmandu",
            "starts_at": None,
            "off_sale_at": "2031-01-01T19:00:00Z",
            "hold_ttl_seconds": 60,
            "max_hold_ttl_seconds": 600,
            "max_per_hold": None,
            "max_per_buyer": 3,
            "allow_partial": True,
        }
        answer = await client.patch(f"/v1/events/{event['id']}", json=changes)
        assert answer.status_code == 200
        assert answer.json() == {**event, **changes}
        assert (await client.get(f"/v1/events/{event['id']}")).json() == {**event, **changes}

    async def test_an_empty_change_changes_nothing(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        assert (await client.patch("/v1/events/1", json={})).json() == event

    async def test_an_invalid_change_changes_nothing(self, client: httpx2.AsyncClient):
        event = await make_event(client, on_sale_at="2030-01-01T00:00:00Z")
        for changes, pointer, code in NO_CHANGES:
            answer = await client.patch("/v1/events/1", json={"venue": "Moved", **changes})
            assert outcome_of(answer) == (422, "invalid_input"), changes
            assert (pointer, code) in pointers(answer), changes
        assert (await client.get("/v1/events/1")).json() == event

    async def test_capacity_grows_and_shrinks_to_the_taken_part(self, client: httpx2.AsyncClient):
        event = await make_event(client, capacity=10)
        await place(client, event, {"quantity": 4})
        assert (await client.patch("/v1/events/1", json={"capacity": 20})).json()["capacity"] == 20
        assert (await client.patch("/v1/events/1", json={"capacity": 4})).json()["capacity"] == 4
        answer = await client.patch("/v1/events/1", json={"capacity": 3})
        assert outcome_of(answer) == (409, "capacity_taken")
        assert pointers(answer) == [("/capacity", "capacity_taken")]
        assert outcome_of(await ask_hold(client, event)) == (409, "sold_out")

    async def test_a_lapsed_hold_does_not_keep_capacity(
        self, client: httpx2.AsyncClient, inventory: Inventory, database_url: str
    ):
        event = await make_event(client, capacity=10)
        hold = await place(client, event, {"quantity": 4})
        lapse_hold(database_url, hold["id"], inventory=inventory)
        assert (await client.patch("/v1/events/1", json={"capacity": 3})).json()["capacity"] == 3

    async def test_seats_are_added_and_sold(self, client: httpx2.AsyncClient):
        event = await make_event(client, seat_map={"labels": ["A1", "A2"]})
        await place(client, event, {"seats": ["A1"]})
        more = {
            "seat_map": {"labels": ["B1", "B2"], "category": "gold"},
            "categories": [{"name": "gold", "add": True}],
        }
        changed = (await client.patch("/v1/events/1", json=more)).json()
        assert (changed["capacity"], changed["map_version"]) == (4, 2)
        assert [one["name"] for one in changed["categories"]] == ["standard", "gold"]
        assert (await place(client, event, {"seats": ["b1", "A2"]}))["quantity"] == 2
        assert outcome_of(await ask_hold(client, event, {"seats": ["A1"]})) == (409, "seat_taken")
        again = {"seat_map": more["seat_map"]}
        assert outcome_of(await client.patch("/v1/events/1", json=again)) == (409, "duplicate_seat")

    async def test_an_event_without_inventory_can_get_it_later(self, client: httpx2.AsyncClient):
        event = (await client.post("/v1/events", json={"name": "Concert"})).json()
        assert outcome_of(await ask_hold(client, event)) == (409, "sold_out")
        changes = {"areas": [{"name": "lawn", "capacity": 3, "add": True}], "seat_map": SEATS}
        assert (await client.patch("/v1/events/1", json=changes)).json()["capacity"] == 13
        assert (await place(client, event, {"quantity": 3}, {"seats": ["A-1-1"]}))["quantity"] == 4

    async def test_a_cancelled_event_refuses_changes(self, client: httpx2.AsyncClient):
        await make_event(client)
        await client.post("/v1/events/1/cancel")
        assert outcome_of(await client.patch("/v1/events/1", json={"name": "Gala"})) == (
            410,
            "event_cancelled",
        )

    async def test_changes_and_holds_take_turns(self, client: httpx2.AsyncClient, inventory: Inventory):
        """In any order of a shrink and holds, no more is held than the final capacity."""
        event = await make_event(client, capacity=10)
        answers = await asyncio.gather(
            *(ask_hold(client, event) for _ in range(10)),
            client.patch("/v1/events/1", json={"capacity": 5}),
            *(ask_hold(client, event) for _ in range(10)),
        )
        counts = (await inventory.queries.get_availability(1)).counts
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        assert counts.held == sum(answer.status_code == 201 for answer in answers)
        assert counts.held == counts.capacity
