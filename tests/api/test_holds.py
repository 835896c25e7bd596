"""Holds over HTTP: what they take, in whole and in part."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.api.v1.hold_answers import PlacedHoldOut
from holdfast.inventory.inventory import Inventory
from support.http_sales import (
    SEATS,
    Json,
    ask_hold,
    make_event,
    outcome_of,
    place,
    pointers,
    seconds_left,
)

NO_HOLD = "00000000-0119-84fa-8c96-00264f0ce97a"


NO_HOLDS: list[tuple[Json, str, str]] = [
    ({"lines": []}, "/lines", "too_short"),
    ({"lines": [{"quantity": 1}] * 51}, "/lines", "too_long"),
    ({"lines": {"quantity": 1}}, "/lines", "wrong_type"),
    ({"lines": [{}]}, "/lines/0", "one_of"),
    ({"lines": [{"quantity": 1}, {"quantity": 1, "seats": ["A-1-1"]}]}, "/lines/1", "one_of"),
    ({"lines": [{"quantity": 1, "best_available": 1}]}, "/lines/0", "one_of"),
    ({"lines": [{"seats": ["A-1-1"], "area": "general"}]}, "/lines/0", "not_allowed"),
    ({"lines": [{"quantity": 1, "together": False}]}, "/lines/0", "not_allowed"),
    ({"lines": [{"quantity": 1, "category": "stalls"}]}, "/lines/0", "not_allowed"),
    ({"lines": [{"quantity": 0}]}, "/lines/0/quantity", "out_of_range"),
    ({"lines": [{"quantity": -1}]}, "/lines/0/quantity", "out_of_range"),
    ({"lines": [{"quantity": 1 << 31}]}, "/lines/0/quantity", "out_of_range"),
    ({"lines": [{"quantity": 1.5}]}, "/lines/0/quantity", "wrong_type"),
    ({"lines": [{"quantity": "1"}]}, "/lines/0/quantity", "wrong_type"),
    ({"lines": [{"quantity": True}]}, "/lines/0/quantity", "wrong_type"),
    ({"lines": [{"best_available": 0}]}, "/lines/0/best_available", "out_of_range"),
    ({"lines": [{"seats": []}]}, "/lines/0/seats", "too_short"),
    ({"lines": [{"seats": ["A-1-1", "Ａ-1-2"]}]}, "/lines/0/seats/1", "invalid_label"),
    ({"lines": [{"seats": ["A-1-1\n"]}]}, "/lines/0/seats/0", "invalid_label"),
    ({"lines": [{"quantity": 1, "price": 0}]}, "/lines/0/price", "unknown_field"),
    ({"ttl_seconds": 0}, "/ttl_seconds", "out_of_range"),
    ({"ttl_seconds": 86_401}, "/ttl_seconds", "out_of_range"),
    ({"allow_partial": "yes"}, "/allow_partial", "wrong_type"),
    ({"buyer": "x" * 101}, "/buyer", "invalid_text"),
    ({"buyer": " "}, "/buyer", "invalid_text"),
    ({"buyer": ["x"]}, "/buyer", "wrong_type"),
    ({"buyer": {"reference": 5}}, "/buyer/reference", "invalid_text"),
    ({"buyer": {"colour": "red"}}, "/buyer/colour", "unknown_field"),
    ({"buyer": {"name": " "}}, "/buyer/name", "invalid_text"),
    ({"buyer": {"email": "ada"}}, "/buyer/email", "wrong_format"),
    ({"buyer": "a\u0000b"}, "/buyer", "invalid_character"),
    ({"expires_at": "2099-01-01T00:00:00Z"}, "/expires_at", "unknown_field"),
    ({"status": "confirmed"}, "/status", "unknown_field"),
]
"""Body, pointer of the error, and its code."""


class TestPlacing:
    @pytest.mark.parametrize(
        ("buyer", "reference"), [("ada", "ada"), ({"reference": "ada"}, "ada"), ({}, None), (None, None)]
    )
    async def test_a_buyer_is_an_object_or_its_reference(
        self, client: httpx2.AsyncClient, buyer: object, reference: str | None
    ):
        hold = await place(client, await make_event(client), buyer=buyer)
        assert hold["buyer"] == {"reference": reference, "name": None, "email": None}

    async def test_a_hold_takes_a_quantity(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        answer = await ask_hold(client, event, {"quantity": 4}, ttl_seconds=300, buyer="customer-81")
        hold = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == f"../v1/holds/{hold['id']}"
        assert (hold["event"], hold["event_number"]) == (event["id"], 1)
        assert hold["lines"] == [{"area": "general", "quantity": 4}]
        assert (hold["status"], hold["quantity"], hold["requested"]) == ("active", 4, 4)
        assert hold["buyer"] == {"reference": "customer-81", "name": None, "email": None}
        assert (hold["booking"], seconds_left(hold)) == (None, 300)
        assert list(hold)[-1] == "hold_token"
        assert hold["hold_token"].startswith("hfh_1_")
        assert answer.headers["cache-control"] == "no-store"
        PlacedHoldOut.model_validate_json(answer.content)

    async def test_a_hold_takes_named_seats_in_any_spelling(self, client: httpx2.AsyncClient):
        event = await make_event(client, seat_map=SEATS)
        hold = await place(client, event, {"seats": [" a-1-3 ", "A-1-1"]})
        assert hold["lines"] == [{"seats": ["A-1-3", "A-1-1"], "category": "stalls"}]
        assert hold["quantity"] == 2

    async def test_a_hold_takes_the_best_available_seats(self, client: httpx2.AsyncClient):
        event = await make_event(client, seat_map=SEATS)
        hold = await place(client, event, {"best_available": 3, "category": "stalls"})
        assert hold["lines"] == [{"seats": ["A-1-1", "A-1-2", "A-1-3"], "category": "stalls"}] or hold[
            "lines"
        ] == [{"seats": ["A-1-2", "A-1-3", "A-1-4"], "category": "stalls"}]

    async def test_a_quantity_of_a_seated_event_is_the_best_available(self, client: httpx2.AsyncClient):
        event = await make_event(client, seat_map=SEATS)
        assert len((await place(client, event, {"quantity": 10}))["lines"][0]["seats"]) == 10

    async def test_a_hold_combines_lines_of_every_kind(self, client: httpx2.AsyncClient):
        event = await make_event(client, capacity=5, seat_map=SEATS)
        hold = await place(
            client, event, {"seats": ["A-2-1"]}, {"quantity": 2}, {"best_available": 2, "together": True}
        )
        assert [sorted(line) for line in hold["lines"]] == [
            ["category", "seats"],
            ["area", "quantity"],
            ["category", "seats"],
        ]
        assert hold["quantity"] == 5

    async def test_a_hold_names_its_event_by_id_or_number(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        for ref in (event["id"], event["number"], event["id"].upper()):
            answer = await client.post("/v1/holds", json={"event": ref, "lines": [{"quantity": 1}]})
            assert answer.status_code == 201

    @pytest.mark.parametrize(
        ("event", "status", "code"),
        [
            (2, 404, "event_not_found"),
            (NO_HOLD, 404, "event_not_found"),
            ("1", 422, "invalid_input"),
            (0, 422, "invalid_input"),
            (1 << 40, 422, "invalid_input"),
            (1.0, 422, "invalid_input"),
            (None, 422, "invalid_input"),
        ],
    )
    async def test_a_hold_of_a_missing_event_is_refused(
        self, client: httpx2.AsyncClient, event: Any, status: int, code: str
    ):
        await make_event(client)
        answer = await client.post("/v1/holds", json={"event": event, "lines": [{"quantity": 1}]})
        assert outcome_of(answer) == (status, code)

    async def test_an_invalid_hold_is_refused_with_a_pointer(
        self, client: httpx2.AsyncClient, inventory: Inventory
    ):
        await make_event(client, capacity=5, seat_map=SEATS)
        for given, pointer, code in NO_HOLDS:
            answer = await client.post("/v1/holds", json={"event": 1, "lines": [{"quantity": 1}], **given})
            assert outcome_of(answer) == (422, "invalid_input"), given
            assert (pointer, code) in pointers(answer), given
        assert (await inventory.queries.get_availability(1)).counts.available == 15

    @pytest.mark.parametrize(
        ("lines", "status", "code", "pointer"),
        [
            ([{"seats": ["A-1-1", "a-1-1"]}], 409, "duplicate_seat", "/lines/0/seats/1"),
            ([{"seats": ["A-1-1"]}, {"seats": ["A-1-1"]}], 409, "duplicate_seat", "/lines/1/seats/0"),
            ([{"seats": ["A-1-1", "Z-9-9"]}], 422, "seat_unknown", "/lines/0/seats/1"),
            ([{"seats": ["A-1-1", "A-1-2"]}], 409, "seat_taken", "/lines/0/seats/1"),
            ([{"seats": ["A-1-3"]}], 409, "seat_blocked", "/lines/0/seats/0"),
            ([{"quantity": 1, "area": "nowhere"}], 422, "area_unknown", "/lines/0/area"),
            ([{"quantity": 1, "area": "stalls"}], 422, "area_unknown", "/lines/0/area"),
            ([{"quantity": 1}], 422, "area_required", "/lines/0/area"),
            ([{"quantity": 6, "area": "pit"}], 409, "sold_out", "/lines/0/quantity"),
            (
                [{"quantity": 3, "area": "pit"}, {"quantity": 3, "area": "pit"}],
                409,
                "sold_out",
                "/lines/1/quantity",
            ),
            ([{"best_available": 6}], 409, "not_together", "/lines/0/best_available"),
            ([{"best_available": 9, "together": False}], 409, "sold_out", "/lines/0/best_available"),
            ([{"best_available": 1, "category": "boxes"}], 422, "area_unknown", "/lines/0/category"),
        ],
    )
    async def test_a_hold_takes_all_lines_or_nothing(
        self,
        client: httpx2.AsyncClient,
        inventory: Inventory,
        lines: list[Json],
        status: int,
        code: str,
        pointer: str,
    ):
        """A refusal points at a part of a line and takes nothing; the seats can still be held."""
        areas = [{"name": "pit", "capacity": 5}, {"name": "bar", "capacity": 5}]
        event = await make_event(client, areas=areas, seat_map=SEATS)
        await place(client, event, {"seats": ["A-1-2"]})
        await client.post("/v1/events/1/blocks", json={"seats": ["A-1-3"]})
        before = await inventory.queries.get_availability(1)
        answer = await ask_hold(client, event, *lines)
        assert outcome_of(answer) == (status, code), answer.text
        assert pointer in [one for one, _ in pointers(answer)]
        assert (await inventory.queries.get_availability(1)).counts == before.counts
        await place(client, event, {"best_available": 8, "together": False})

    async def test_best_available_without_seats_is_refused(self, client: httpx2.AsyncClient):
        answer = await ask_hold(client, await make_event(client), {"best_available": 1})
        assert outcome_of(answer) == (422, "seat_unknown")

    async def test_best_available_counts_only_seats(self, client: httpx2.AsyncClient):
        rows = {"sections": [{"name": "A", "rows": 10, "seats_per_row": 60}]}
        for inventory in ({"seat_map": rows}, {"seat_map": rows, "capacity": 5000}):
            event = await make_event(client, **inventory, max_per_hold=None)
            answer = await ask_hold(client, event, {"best_available": 501, "together": False})
            assert outcome_of(answer) == (422, "quantity_over_limit")
            labels = [f"A-{row}-{seat}" for row in range(1, 10) for seat in range(1, 61)]
            assert outcome_of(await ask_hold(client, event, {"seats": labels})) == (
                422,
                "quantity_over_limit",
            )
            assert (await place(client, event, {"best_available": 500, "together": False}))["quantity"] == 500
        assert (await place(client, event, {"quantity": 5000}))["quantity"] == 5000


class TestPartialFulfilment:
    async def test_an_allowed_partial_hold_takes_what_is_left(self, client: httpx2.AsyncClient):
        event = await make_event(client, capacity=3)
        answer = await ask_hold(client, event, {"quantity": 5})
        assert (outcome_of(answer), answer.json()["available"]) == ((409, "sold_out"), 3)
        hold = await place(client, event, {"quantity": 5}, allow_partial=True)
        assert (hold["quantity"], hold["requested"]) == (3, 5)
        assert outcome_of(await ask_hold(client, event, allow_partial=True)) == (409, "sold_out")

    async def test_the_events_setting_allows_partial_holds(self, client: httpx2.AsyncClient):
        event = await make_event(client, capacity=3, allow_partial=True)
        assert outcome_of(await ask_hold(client, event, {"quantity": 5}, allow_partial=False)) == (
            409,
            "sold_out",
        )
        assert (await place(client, event, {"quantity": 5}))["quantity"] == 3

    async def test_a_partial_hold_takes_the_free_named_seats(self, client: httpx2.AsyncClient):
        event = await make_event(client, seat_map=SEATS)
        await place(client, event, {"seats": ["A-1-2"]})
        hold = await place(client, event, {"seats": ["A-1-1", "A-1-2"]}, allow_partial=True)
        assert (hold["lines"][0]["seats"], hold["requested"]) == (["A-1-1"], 2)

    async def test_a_partial_hold_takes_the_possible_lines(self, client: httpx2.AsyncClient):
        areas = [{"name": "pit", "capacity": 1}, {"name": "bar", "capacity": 0}]
        event = await make_event(client, areas=areas)
        lines = ({"quantity": 2, "area": "bar"}, {"quantity": 2, "area": "pit"})
        hold = await place(client, event, *lines, allow_partial=True)
        assert hold["lines"] == [{"area": "pit", "quantity": 1}]
