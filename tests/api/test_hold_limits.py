"""Limits of holds over HTTP: how many admissions, and for how long."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx2
import pytest

from holdfast.inventory.inventory import Inventory
from support.ageing import age_hold, lapse_hold
from support.http_sales import (
    SEATS,
    Json,
    act,
    ask_hold,
    confirm,
    make_event,
    outcome_of,
    place,
    read_hold,
    seconds_left,
    when,
)


class TestLimits:
    async def test_max_per_hold_counts_all_lines(self, client: httpx2.AsyncClient):
        event = await make_event(client, max_per_hold=4)
        lines = ({"quantity": 3}, {"quantity": 2})
        answer = await ask_hold(client, event, *lines)
        assert (outcome_of(answer), answer.json()["limit"]) == ((422, "quantity_over_limit"), 4)
        assert (await place(client, event, {"quantity": 3}, {"quantity": 1}))["quantity"] == 4

    async def test_a_hold_has_at_most_20_admissions_unless_the_organiser_says_otherwise(
        self, client: httpx2.AsyncClient
    ):
        """Also of named seats, of the best available, and of all lines together; null lifts the limit."""
        rows = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 30}]}
        event = await make_event(client, capacity=100, seat_map=rows)
        labels = [f"A-1-{seat}" for seat in range(1, 22)]
        for lines in (
            [{"quantity": 21}],
            [{"best_available": 21}],
            [{"seats": labels}],
            [{"quantity": 10}, {"best_available": 11}],
        ):
            assert outcome_of(await ask_hold(client, event, *lines)) == (422, "quantity_over_limit")
        assert (await place(client, event, {"quantity": 10}, {"best_available": 10}))["quantity"] == 20
        changed = await client.patch(f"/v1/events/{event['number']}", json={"max_per_hold": None})
        assert changed.json()["max_per_hold"] is None
        assert (await place(client, event, {"quantity": 21}))["quantity"] == 21
        unlimited = await make_event(client, capacity=1_000, max_per_hold=None)
        assert (await place(client, unlimited, {"quantity": 998}))["quantity"] == 998

    async def test_max_per_buyer_counts_holds_and_bookings(
        self, client: httpx2.AsyncClient, inventory: Inventory, database_url: str
    ):
        """Released, lapsed and cancelled ones no longer count."""
        event = await make_event(client, max_per_buyer=4)
        assert outcome_of(await ask_hold(client, event)) == (422, "buyer_required")
        assert outcome_of(await ask_hold(client, event, buyer={"name": "Ada"})) == (422, "buyer_required")
        booking = await confirm(client, await place(client, event, {"quantity": 2}, buyer="ada"))
        hold = await place(client, event, {"quantity": 2}, buyer="ada")
        over = (422, "quantity_over_limit")
        assert outcome_of(await ask_hold(client, event, buyer={"reference": "ada", "name": "Eve"})) == over
        await place(client, event, {"quantity": 4}, buyer={"reference": "bob", "name": "Ada"})
        await act(client, hold, "release")
        hold = await place(client, event, {"quantity": 2}, buyer="ada")
        assert outcome_of(await ask_hold(client, event, buyer="ada")) == over
        lapse_hold(database_url, hold["id"], inventory=inventory)
        await place(client, event, {"quantity": 2}, buyer="ada")
        assert outcome_of(await ask_hold(client, event, buyer="ada")) == over
        await client.post(f"/v1/bookings/{booking['id']}/cancel")
        await place(client, event, {"quantity": 2}, buyer="ada")

    @pytest.mark.parametrize("quantity", [1, 2, 3])
    async def test_max_per_buyer_is_exact_under_50_concurrent_requests(
        self, client: httpx2.AsyncClient, quantity: int
    ):
        event = await make_event(client, capacity=1000, max_per_buyer=7)
        line = {"quantity": quantity}
        answers = await asyncio.gather(
            *(ask_hold(client, event, line, buyer=f"buyer-{number % 2}") for number in range(50))
        )
        placed = [answer.json() for answer in answers if answer.status_code == 201]
        for buyer in ("buyer-0", "buyer-1"):
            assert sum(hold["buyer"]["reference"] == buyer for hold in placed) == 7 // quantity
        assert {outcome_of(answer) for answer in answers} == {(201, ""), (422, "quantity_over_limit")}

    async def test_capacity_is_exact_under_50_concurrent_requests(self, client: httpx2.AsyncClient):
        event = await make_event(client, capacity=20)
        answers = await asyncio.gather(*(ask_hold(client, event) for _ in range(50)))
        assert sum(answer.status_code == 201 for answer in answers) == 20
        assert {outcome_of(answer) for answer in answers} == {(201, ""), (409, "sold_out")}

    async def test_one_seat_goes_to_one_of_50_concurrent_requests(self, client: httpx2.AsyncClient):
        event = await make_event(client, seat_map=SEATS)
        answers = await asyncio.gather(*(ask_hold(client, event, {"seats": ["A-1-1"]}) for _ in range(50)))
        assert sorted(outcome_of(answer) for answer in answers) == [(201, ""), *[(409, "seat_taken")] * 49]


class TestTime:
    @pytest.mark.parametrize(
        ("rules", "requested", "seconds"),
        [
            ({}, {}, 600),
            ({"hold_ttl_seconds": 30}, {}, 30),
            ({"hold_ttl_seconds": 30}, {"ttl_seconds": 1800}, 1800),
            ({}, {"ttl_seconds": 86_400}, 1800),
            ({"max_hold_ttl_seconds": 86_400}, {"ttl_seconds": 86_400}, 86_400),
            ({"hold_ttl_seconds": 86_400}, {}, 86_400),
            ({"max_hold_ttl_seconds": 60}, {"ttl_seconds": 300}, 60),
            ({}, {"ttl_seconds": 1}, 1),
        ],
    )
    async def test_a_hold_expires_after_its_ttl(
        self, client: httpx2.AsyncClient, rules: Json, requested: Json, seconds: int
    ):
        event = await make_event(client, **rules)
        hold = await place(client, event, **requested)
        assert when(hold["expires_at"]) - when(hold["placed_at"]) == timedelta(seconds=seconds)

    async def test_a_lapsed_hold_is_on_sale_immediately(
        self, client: httpx2.AsyncClient, inventory: Inventory, database_url: str
    ):
        """No sweeper ran; the next request gets its quantity and its seat."""
        event = await make_event(client, capacity=2, seat_map=SEATS)
        hold = await place(client, event, {"quantity": 2}, {"seats": ["A-1-1"]})
        lapse_hold(database_url, hold["id"], inventory=inventory)
        assert (await read_hold(client, hold))["status"] == "expired"
        await place(client, event, {"quantity": 2}, {"seats": ["A-1-1"]})
        assert (await read_hold(client, hold))["status"] == "expired"

    async def test_an_extension_counts_from_now_and_never_shortens(
        self, client: httpx2.AsyncClient, inventory: Inventory, database_url: str
    ):
        event = await make_event(client)
        hold = await place(client, event, ttl_seconds=300)
        shorter = (await act(client, hold, "extend", {"ttl_seconds": 10})).json()
        assert shorter["expires_at"] == hold["expires_at"]
        longer = (await act(client, hold, "extend", {"ttl_seconds": 600})).json()
        assert seconds_left(longer) == 600
        usual = (await act(client, await place(client, event, ttl_seconds=1), "extend")).json()
        assert seconds_left(usual) == 600

    async def test_an_extension_never_exceeds_the_max_ttl(
        self, client: httpx2.AsyncClient, inventory: Inventory, database_url: str
    ):
        event = await make_event(client, max_hold_ttl_seconds=600)
        hold = await place(client, event, ttl_seconds=600)
        age_hold(database_url, hold["id"], 500, inventory=inventory)
        extended = (await act(client, hold, "extend", {"ttl_seconds": 600})).json()
        assert when(extended["expires_at"]) - when(extended["placed_at"]) == timedelta(seconds=600)
        assert seconds_left(extended) <= 100

    @pytest.mark.parametrize(
        "body", [{"ttl_seconds": 0}, {"ttl_seconds": 86_401}, {"ttl_seconds": "60"}, {"x": 1}]
    )
    async def test_an_invalid_extension_is_refused(self, client: httpx2.AsyncClient, body: Json):
        hold = await place(client, await make_event(client))
        assert outcome_of(await act(client, hold, "extend", body)) == (422, "invalid_input")
