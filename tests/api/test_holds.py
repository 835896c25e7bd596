"""Holds over HTTP: what they take, who may act on them, and their changes in every state."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from holdfast.api.v1.hold_answers import HoldOut, PlacedHoldOut
from holdfast.errors import HoldfastError
from holdfast.inventory.inventory import Inventory
from support.ageing import age_hold, lapse_hold
from support.http_app import KeyedClient
from support.http_sales import (
    SEATS,
    Json,
    act,
    ask_booking,
    ask_hold,
    confirm,
    make_event,
    outcome_of,
    place,
    pointers,
    read_hold,
    token_of,
)

NO_HOLD = "00000000-0119-84fa-8c96-00264f0ce97a"
WRONG_TOKEN = "hfh_1_q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k"


def seconds_left(hold: Json) -> float:
    return (when(hold["expires_at"]) - when(hold["server_time"])).total_seconds()


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


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


class TestTokens:
    """Only its token opens a hold, also in open mode."""

    async def test_a_token_is_accepted_in_both_headers_and_the_body(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        token = hold["hold_token"]
        path = f"/v1/holds/{hold['id']}"
        read = await client.get(path, headers={"Hold-Token": token})
        HoldOut.model_validate_json(read.content)
        assert "hold_token" not in read.json()
        assert (await client.get(path, headers={"Authorization": f"Hold {token}"})).status_code == 200
        assert (await client.post(f"{path}/extend", json={"hold_token": token})).status_code == 200
        both = await client.post(f"{path}/extend", json={"hold_token": token}, headers={"Hold-Token": token})
        assert both.status_code == 200
        assert (await client.post(f"{path}/release", json={"hold_token": token})).status_code == 200

    async def test_a_token_in_the_query_is_refused(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        answer = await client.get(f"/v1/holds/{hold['id']}?hold_token={hold['hold_token']}")
        assert outcome_of(answer)[0] == 422

    async def test_two_different_tokens_are_refused(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        answer = await client.post(
            f"/v1/holds/{hold['id']}/release", json={"hold_token": WRONG_TOKEN}, headers=token_of(hold)
        )
        assert (outcome_of(answer), pointers(answer)) == (
            (422, "invalid_input"),
            [("/hold_token", "not_allowed")],
        )

    async def test_a_wrong_token_gets_the_answer_of_a_missing_hold(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        hold, other = await place(client, event), await place(client, event)
        elsewhere = await place(client, await make_event(client))
        tokens = [
            WRONG_TOKEN,
            other["hold_token"],
            elsewhere["hold_token"],
            hold["hold_token"][:-1],
            hold["hold_token"].lower(),
            "x",
        ]
        seen = set()
        for token in tokens:
            for id in (
                hold["id"],
                NO_HOLD,
                "a7a1b0f8-7a4b-4b1a-9a45-0d3f9e0d2f11",
                "00000009-0119-84fa-8c96-00264f0ce97a",
            ):
                headers = {"Hold-Token": token}
                for method, path, body in (
                    ("GET", f"/v1/holds/{id}", None),
                    ("POST", f"/v1/holds/{id}/extend", {}),
                    ("POST", f"/v1/holds/{id}/release", {}),
                    ("POST", "/v1/bookings", {"hold": id}),
                ):
                    answer = await client.request(method, path, json=body, headers=headers)
                    assert outcome_of(answer) == (404, "hold_not_found"), (token, id, path)
                    seen.add(answer.json()["detail"])
        assert seen == {"There is no such hold."}
        assert (await read_hold(client, hold))["status"] == "active"

    async def test_a_missing_token_requires_credentials(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        for method, path, body in (
            ("GET", f"/v1/holds/{hold['id']}", None),
            ("POST", f"/v1/holds/{hold['id']}/extend", {}),
            ("POST", f"/v1/holds/{hold['id']}/release", None),
            ("POST", "/v1/bookings", {"hold": hold["id"]}),
        ):
            answer = await client.request(method, path, json=body)
            assert outcome_of(answer) == (401, "credentials_required")
            assert "www-authenticate" in answer.headers

    async def test_a_guest_of_a_closed_server_buys_with_a_token(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient
    ):
        event = await make_event(await keyed_client("organise"))
        hold = await place(guest, event)
        assert (await act(guest, hold, "extend")).status_code == 200
        booking = await confirm(guest, hold)
        path = f"/v1/bookings/{booking['id']}"
        assert (await guest.get(path, headers=token_of(hold))).json() == booking
        assert (await guest.post(f"{path}/cancel", headers=token_of(hold))).status_code == 200
        assert (await act(guest, await place(guest, event), "release")).status_code == 200


STATES = [
    "active",
    "lapsed",
    "released",
    "confirmed",
    "cancelled",
    "event_cancelled",
    "event_cancelled_booked",
]
EXPIRED, RELEASED, GONE = "hold_expired", "hold_released", "event_cancelled"
CONFIRMED, CANCELLED = "hold_already_confirmed", "booking_already_cancelled"
MATRIX = {
    "extend": [200, EXPIRED, RELEASED, CONFIRMED, CANCELLED, GONE, CONFIRMED],
    "release": [200, EXPIRED, 200, CONFIRMED, CANCELLED, 200, CONFIRMED],
    "staff_release": [200, EXPIRED, 200, CONFIRMED, CANCELLED, 200, CONFIRMED],
    "confirm": [201, EXPIRED, RELEASED, 200, CANCELLED, GONE, 200],
    "cancel": [None, None, None, 200, 200, None, 200],
}
AFTERWARDS = {
    ("active", "extend"): "active",
    ("active", "release"): "released",
    ("active", "staff_release"): "released",
    ("active", "confirm"): "confirmed",
}
BEFORE = ["active", "expired", "released", "confirmed", "confirmed", "released", "confirmed"]


@pytest.mark.parametrize("state", STATES)
async def test_every_hold_command_in_every_state(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str, state: str
):
    """Each command runs twice, because the second must succeed like the first. The hold's status follows."""
    for verb, row in MATRIX.items():
        expected = row[STATES.index(state)]
        if expected is not None:  # without a booking, none can be cancelled
            await _try_command(client, inventory, database_url, verb, state, expected)


async def _try_command(
    client: httpx2.AsyncClient,
    inventory: Inventory,
    database_url: str,
    verb: str,
    state: str,
    expected: int | str,
) -> None:
    event = await make_event(client)
    own = f"/v1/events/{event['id']}"
    hold = await place(client, event, {"quantity": 2})
    booking: Json | None = None
    match state:
        case "lapsed":
            lapse_hold(database_url, hold["id"], inventory=inventory)
        case "released":
            await act(client, hold, "release")
        case "confirmed" | "cancelled" | "event_cancelled_booked":
            booking = await confirm(client, hold)
    if state == "cancelled":
        assert booking is not None
        await client.post(f"/v1/bookings/{booking['id']}/cancel")
    if state.startswith("event_cancelled"):
        await client.post(f"{own}/cancel")

    async def ask() -> httpx2.Response:
        match verb:
            case "staff_release":
                return await client.post(f"{own}/holds/{hold['id']}/release")
            case "confirm":
                return await ask_booking(client, hold)
            case "cancel":
                assert booking is not None
                return await client.post(f"/v1/bookings/{booking['id']}/cancel")
            case _:
                return await act(client, hold, verb)

    first, second = await ask(), await ask()
    if isinstance(expected, int):
        assert first.status_code == expected, (verb, first.text)
        assert second.status_code == 200
        if verb == "confirm":
            assert second.json()["id"] == first.json()["id"] == (booking or first.json())["id"]
    else:
        assert outcome_of(first) == outcome_of(second) == (status_of(expected), expected), verb
    status = AFTERWARDS.get((state, verb), BEFORE[STATES.index(state)])
    assert (await read_hold(client, hold))["status"] == status, verb
    counts = (await inventory.queries.get_availability(event["number"])).counts
    booked = 2 if status == "confirmed" and state != "cancelled" and verb != "cancel" else 0
    held = 2 if status == "active" else 0
    assert (counts.held, counts.booked) == (held, booked), verb


def status_of(code: str) -> int:
    return next(one.status for one in _errors(HoldfastError) if one.code == code)


def _errors(error: type[HoldfastError]) -> list[type[HoldfastError]]:
    return [error, *(one for sub in error.__subclasses__() for one in _errors(sub))]
