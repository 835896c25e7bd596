"""Events over HTTP: created, read, listed, changed, and moved from draft to cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from holdfast.api.v1.event_answers import EventOut
from holdfast.inventory.inventory import Inventory
from support.ageing import lapse_hold
from support.http_app import KeyedClient
from support.http_sales import (
    SEATS,
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

PLAN = {
    "name": "Hall",
    "categories": [{"name": "gold", "color": "#ff0"}],
    "zones": [
        {
            "name": "Floor",
            "position": {"x": 0, "y": 0},
            "rows": [
                {
                    "row_number": "1",
                    "position": {"x": 0, "y": 0},
                    "seats": [
                        {
                            "seat_number": str(number),
                            "seat_guid": f"guid-{number}",
                            "category": "gold",
                            "position": {"x": number, "y": 0},
                        }
                        for number in (1, 2)
                    ],
                }
            ],
        }
    ],
    "size": {"width": 10, "height": 10},
}


async def _create(client: httpx2.AsyncClient, **body: Any) -> httpx2.Response:
    return await client.post("/v1/events", json={"name": "Concert", **body})


NO_EVENT_BODIES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "/name", "invalid_text"),
    ({"name": None}, "/name", "invalid_text"),
    ({"name": "x" * 201}, "/name", "invalid_text"),
    ({"name": "a\u202eb"}, "/name", "invalid_text"),
    ({"capacity": -1}, "/capacity", "out_of_range"),
    ({"capacity": 2_000_000_001}, "/capacity", "out_of_range"),
    ({"capacity": "10"}, "/capacity", "wrong_type"),
    ({"capacity": 10.0}, "/capacity", "wrong_type"),
    ({"capacity": True}, "/capacity", "wrong_type"),
    ({"capacity": 1, "areas": [{"name": "a", "capacity": 1}]}, "/areas", "not_allowed"),
    ({"areas": [{"name": "a"}]}, "/areas/0/capacity", "missing"),
    (
        {"areas": [{"name": "a", "capacity": 1}, {"name": "a", "capacity": 1}]},
        "/areas/1/name",
        "duplicate_area",
    ),
    (
        {"areas": [{"name": n, "capacity": 1_500_000_000} for n in "ab"]},
        "/areas",
        "out_of_range",
    ),
    ({"areas": [{"name": str(n), "capacity": 1} for n in range(1001)]}, "/areas", "too_long"),
    ({"areas": [{"name": "a", "capacity": 1, "price": 3}]}, "/areas/0/price", "unknown_field"),
    ({"capacity": 2_000_000_000, "seat_map": SEATS}, "/capacity", "out_of_range"),
    ({"seat_map": {}}, "/seat_map", "unknown_form"),
    ({"seat_map": []}, "/seat_map", "wrong_type"),
    ({"seat_map": {"labels": ["A1", "Ä2"]}}, "/seat_map/labels/1", "invalid_label"),
    ({"seat_map": {"labels": []}}, "/seat_map", "too_few"),
    ({"hold_ttl_seconds": 0}, "/hold_ttl_seconds", "out_of_range"),
    ({"hold_ttl_seconds": 86_401}, "/hold_ttl_seconds", "out_of_range"),
    ({"max_hold_ttl_seconds": 0}, "/max_hold_ttl_seconds", "out_of_range"),
    ({"max_hold_ttl_seconds": 60, "hold_ttl_seconds": 61}, "/hold_ttl_seconds", "out_of_range"),
    ({"max_per_hold": 0}, "/max_per_hold", "out_of_range"),
    ({"max_per_buyer": -1}, "/max_per_buyer", "out_of_range"),
    ({"allow_partial": 1}, "/allow_partial", "wrong_type"),
    ({"status": "cancelled"}, "/status", "not_allowed"),
    ({"time_zone": "../../etc/passwd"}, "/time_zone", "not_allowed"),
    ({"starts_at": "2030-05-01T19:30:00"}, "/starts_at", "wrong_format"),
    ({"starts_at": "2030-05-01T19:30:00-00:00"}, "/starts_at", "wrong_format"),
    (
        {"on_sale_at": "2030-05-01T19:30:00Z", "off_sale_at": "2030-05-01T19:30:00Z"},
        "/off_sale_at",
        "out_of_range",
    ),
    ({"number": 7}, "/number", "unknown_field"),
    ({"id": "00000000-0119-84fa-8c96-00264f0ce97a"}, "/id", "unknown_field"),
    ({"sales_stopped": True}, "/sales_stopped", "unknown_field"),
]
"""Body, pointer of the error, and its code."""


class TestMaking:
    async def test_a_capacity_makes_one_area(self, client: httpx2.AsyncClient):
        answer = await _create(client, capacity=1000)
        event = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == f"../v1/events/{event['id']}"
        assert event["areas"] == [
            {"id": 1, "name": "general", "capacity": 1000, "category": None, "closed": False}
        ]
        assert (event["number"], event["capacity"], event["map_version"]) == (1, 1000, 0)
        assert (event["status"], event["sales_stopped"], event["allow_partial"]) == (
            "published",
            False,
            False,
        )
        assert (event["hold_ttl_seconds"], event["max_hold_ttl_seconds"], event["max_per_hold"]) == (
            600,
            1800,
            20,
        )
        EventOut.model_validate_json(answer.content)

    async def test_event_numbers_count_from_one(self, client: httpx2.AsyncClient):
        assert [(await make_event(client))["number"] for _ in range(3)] == [1, 2, 3]

    async def test_an_event_keeps_all_given_members(self, client: httpx2.AsyncClient):
        given = {
            "name": "Café Müller",
            "venue": "Opernhaus",
            "time_zone": "Europe/Berlin",
            "starts_at": "2030-05-01T19:30:00Z",
            "on_sale_at": "2029-05-01T08:00:00Z",
            "off_sale_at": "2030-05-01T19:00:00Z",
            "hold_ttl_seconds": 300,
            "max_hold_ttl_seconds": 900,
            "max_per_hold": 6,
            "max_per_buyer": 8,
            "allow_partial": True,
            "status": "draft",
        }
        event = await make_event(client, **given)
        assert {name: event[name] for name in given} == given
        assert (await client.get(f"/v1/events/{event['id']}")).json() == event
        assert (await client.get(f"/v1/events/{event['number']}")).json() == event
        assert (await client.get("/v1/events")).json() == {"items": [event], "next": None}

    async def test_event_times_are_returned_in_utc(self, client: httpx2.AsyncClient):
        event = await make_event(client, starts_at="2030-05-01T19:30:00.5+02:00")
        assert event["starts_at"] == "2030-05-01T17:30:00.500000Z"

    async def test_a_start_in_the_past_is_accepted(self, client: httpx2.AsyncClient):
        assert (await _create(client, starts_at="1999-01-01T00:00:00Z")).status_code == 201

    @pytest.mark.parametrize(
        ("inventory", "capacity", "areas", "categories"),
        [
            ({}, 0, [], {}),
            ({"capacity": 0}, 0, ["general"], {}),
            ({"capacity": 2_000_000_000}, 2_000_000_000, ["general"], {}),
            ({"areas": []}, 0, [], {}),
            (
                {
                    "areas": [
                        {"name": "hall", "capacity": 8, "category": "gold"},
                        {"name": "bar", "capacity": 0},
                    ]
                },
                8,
                ["hall", "bar"],
                {"gold": 8},
            ),
            ({"seat_map": SEATS}, 10, [], {"stalls": 10}),
            ({"seat_map": {"labels": ["a1", " A2 "], "category": "gold"}}, 2, [], {"gold": 2}),
            ({"seat_map": PLAN}, 2, [], {"gold": 2}),
            ({"capacity": 5, "seat_map": SEATS}, 15, ["general"], {"stalls": 10}),
            (
                {"areas": [{"name": "pit", "capacity": 5, "category": "stalls"}], "seat_map": SEATS},
                15,
                ["pit"],
                {"stalls": 15},
            ),
        ],
    )
    async def test_an_event_accepts_every_kind_of_inventory(
        self,
        client: httpx2.AsyncClient,
        inventory: dict[str, Any],
        capacity: int,
        areas: list[str],
        categories: dict[str, int],
    ):
        answer = await _create(client, **inventory)
        event = answer.json()
        assert answer.status_code == 201, event
        assert event["capacity"] == capacity
        assert [area["name"] for area in event["areas"]] == areas
        assert {one["name"]: one["capacity"] for one in event["categories"]} == categories
        assert event["map_version"] == (1 if "seat_map" in inventory else 0)

    async def test_an_invalid_event_is_refused_with_a_pointer(self, client: httpx2.AsyncClient):
        for given, pointer, code in NO_EVENT_BODIES:
            answer = await _create(client, **given)
            assert outcome_of(answer) == (422, "invalid_input"), given
            assert (pointer, code) in pointers(answer), given
        assert (await client.get("/v1/events")).json()["items"] == []

    async def test_a_repeated_seat_is_a_duplicate(self, client: httpx2.AsyncClient):
        answer = await _create(client, seat_map={"labels": ["A1", " a1"]})
        assert outcome_of(answer) == (409, "duplicate_seat")
        assert pointers(answer) == [("/seat_map/labels/1", "duplicate_seat")]

    async def test_a_short_max_ttl_limits_the_default_ttl(self, client: httpx2.AsyncClient):
        event = await make_event(client, max_hold_ttl_seconds=60)
        assert (event["hold_ttl_seconds"], event["max_hold_ttl_seconds"]) == (60, 60)

    async def test_a_seat_map_may_exceed_the_usual_body_limit(self, client: httpx2.AsyncClient):
        labels = [f"{row}-{seat}" for row in range(1, 101) for seat in range(1, 101)]
        answer = await _create(client, seat_map={"labels": labels})
        assert (answer.status_code, answer.json()["capacity"]) == (201, 10_000)


class TestListing:
    async def test_a_page_starts_after_the_previous_one(self, client: httpx2.AsyncClient):
        """A full last page has no next page."""
        numbers = [(await make_event(client))["number"] for _ in range(6)]
        seen: list[list[int]] = []
        query = {"limit": "2"}
        while "cursor" not in query or query["cursor"] is not None:
            page = (await client.get("/v1/events", params=query)).json()
            seen.append([event["number"] for event in page["items"]])
            query["cursor"] = page["next"]
        assert seen == [[6, 5], [4, 3], [2, 1]]
        assert numbers == [1, 2, 3, 4, 5, 6]

    async def test_filters(self, client: httpx2.AsyncClient):
        await make_event(client, name="Hamlet", venue="Globe", starts_at="2030-01-01T19:00:00Z")
        await make_event(client, name="100% Jazz", starts_at="2030-02-01T19:00:00Z", status="draft")
        await make_event(client, name="Opera", on_sale_at="2099-01-01T00:00:00Z")
        await client.post("/v1/events/1/stop")
        await make_event(client, name="Ballet")
        await client.post("/v1/events/4/cancel")
        await make_event(client, name="Comedy")

        async def names(**query: str) -> list[str]:
            answer = await client.get("/v1/events", params=query)
            assert answer.status_code == 200, answer.text
            return [event["name"] for event in answer.json()["items"]]

        assert await names() == ["Comedy", "Ballet", "Opera", "100% Jazz", "Hamlet"]
        assert await names(status="draft") == ["100% Jazz"]
        assert await names(status="cancelled") == ["Ballet"]
        assert await names(text="glob") == ["Hamlet"]
        assert await names(text="100%") == ["100% Jazz"]
        assert await names(text="_") == []
        assert await names(starts_from="2030-01-01T19:00:00Z", starts_before="2030-02-01T19:00:00Z") == [
            "Hamlet"
        ]
        assert await names(on_sale="true") == ["Comedy"]
        assert await names(on_sale="false", status="published") == ["Opera", "Hamlet"]

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ({"limit": "0"}, "?limit"),
            ({"limit": "201"}, "?limit"),
            ({"status": "gone"}, "?status"),
            ({"starts_from": "tomorrow"}, "?starts_from"),
            ({"on_sale": "yes"}, "?on_sale"),
            ({"sort": "name"}, "?sort"),
            ({"cursor": "AAAA"}, "?cursor"),
        ],
    )
    async def test_an_invalid_event_query_is_refused(
        self, client: httpx2.AsyncClient, query: dict[str, str], pointer: str
    ):
        answer = await client.get("/v1/events", params=query)
        assert outcome_of(answer) == (422, "invalid_input")
        assert pointers(answer)[0][0] == pointer

    async def test_a_cursor_belongs_to_its_filters(self, client: httpx2.AsyncClient):
        for _ in range(2):
            await make_event(client)
        cursor = (await client.get("/v1/events?limit=1")).json()["next"]
        assert (await client.get("/v1/events", params={"cursor": cursor})).status_code == 200
        answer = await client.get("/v1/events", params={"cursor": cursor, "status": "published"})
        assert outcome_of(answer) == (422, "invalid_input")


NO_EVENTS = [
    "2",
    "0",
    "-1",
    "0x1",
    "1_0",
    "١",
    "%201",
    "01",
    "9" * 13,
    "9" * 30,
    "00000000-0119-84fa-8c96-00264f0ce97a",
    "urn:uuid:00000000-0119-84fa-8c96-00264f0ce97a",
    "{00000000-0119-84fa-8c96-00264f0ce97a}",
    "a7a1b0f8-7a4b-4b1a-9a45-0d3f9e0d2f11",
    "x",
]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/publish"),
        ("POST", "/cancel"),
        ("POST", "/stop"),
        ("POST", "/resume"),
        ("GET", "/blocks"),
        ("GET", "/holds"),
    ],
)
async def test_a_missing_event_is_404_on_every_route(client: httpx2.AsyncClient, method: str, path: str):
    await make_event(client)
    for ref in NO_EVENTS:
        body = {"json": {}} if method != "GET" else {}
        answer = await client.request(method, f"/v1/events/{ref}{path}", **body)
        assert outcome_of(answer) == (404, "event_not_found"), ref


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
        event = (await _create(client)).json()
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


class TestLife:
    @pytest.mark.parametrize(
        ("before", "verb", "expected"),
        [
            ("draft", "publish", "published"),
            ("draft", "cancel", "cancelled"),
            ("draft", "stop", "draft"),
            ("draft", "resume", "draft"),
            ("published", "publish", "published"),
            ("published", "cancel", "cancelled"),
            ("published", "stop", "published"),
            ("published", "resume", "published"),
            ("cancelled", "publish", 410),
            ("cancelled", "cancel", "cancelled"),
            ("cancelled", "stop", 410),
            ("cancelled", "resume", 410),
        ],
    )
    async def test_every_event_transition_from_every_state(
        self, client: httpx2.AsyncClient, before: str, verb: str, expected: str | int
    ):
        await make_event(client, status="draft" if before == "draft" else "published")
        if before == "cancelled":
            await client.post("/v1/events/1/cancel")
        for _ in range(2):  # each transition may be repeated
            answer = await client.post(f"/v1/events/1/{verb}")
            if expected == 410:
                assert outcome_of(answer) == (410, "event_cancelled")
            else:
                assert (answer.status_code, answer.json()["status"]) == (200, expected)
                assert answer.json()["sales_stopped"] is (verb == "stop")

    async def test_a_draft_is_not_on_sale_until_it_is_published(self, client: httpx2.AsyncClient):
        event = await make_event(client, status="draft")
        assert outcome_of(await ask_hold(client, event)) == (409, "event_not_on_sale")
        await client.post("/v1/events/1/publish")
        await place(client, event)

    @pytest.mark.parametrize(
        "window", [{"on_sale_at": "2099-01-01T00:00:00Z"}, {"off_sale_at": "2020-01-01T00:00:00Z"}]
    )
    async def test_nothing_is_sold_outside_the_sales_window(
        self, client: httpx2.AsyncClient, window: dict[str, str]
    ):
        event = await make_event(client, **window)
        assert outcome_of(await ask_hold(client, event)) == (409, "event_not_on_sale")
        await client.patch("/v1/events/1", json=dict.fromkeys(window))
        await place(client, event)

    async def test_live_holds_can_be_confirmed_while_sales_are_stopped(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        hold = await place(client, event)
        await client.post("/v1/events/1/stop")
        assert outcome_of(await ask_hold(client, event)) == (409, "sales_stopped")
        answer = await client.post(f"/v1/holds/{hold['id']}/extend", headers=token_of(hold))
        assert outcome_of(answer) == (409, "sales_stopped")
        await confirm(client, hold)
        await client.post("/v1/events/1/resume")
        await place(client, event)

    async def test_cancelling_ends_holds_and_keeps_bookings(
        self, client: httpx2.AsyncClient, inventory: Inventory
    ):
        event = await make_event(client)
        booking = await confirm(client, await place(client, event, {"quantity": 3}))
        hold = await place(client, event, {"quantity": 2})
        await client.post("/v1/events/1/cancel")
        assert (await read_hold(client, hold))["status"] == "released"
        assert outcome_of(await ask_hold(client, event)) == (410, "event_cancelled")
        assert outcome_of(await ask_booking(client, hold)) == (410, "event_cancelled")
        assert (await inventory.queries.get_availability(1)).counts.available == 0
        kept = (await client.get(f"/v1/bookings/{booking['id']}")).json()
        assert (kept["status"], kept["event_status"]) == ("confirmed", "cancelled")


class TestRights:
    async def test_a_guest_reads_events_except_drafts(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient
    ):
        organiser = await keyed_client("organise")
        published = await make_event(organiser, name="Open")
        draft = await make_event(organiser, name="Secret", status="draft")
        ended = await make_event(organiser, name="Off")
        await organiser.post(f"/v1/events/{ended['number']}/cancel")
        assert [one["name"] for one in (await guest.get("/v1/events")).json()["items"]] == ["Off", "Open"]
        assert (await guest.get("/v1/events?status=draft")).json() == {"items": [], "next": None}
        assert (await guest.get(f"/v1/events/{published['id']}")).json() == published
        for ref in (draft["id"], draft["number"]):
            assert outcome_of(await guest.get(f"/v1/events/{ref}")) == (404, "event_not_found")
            assert outcome_of(await (await keyed_client("door")).get(f"/v1/events/{ref}")) == (
                404,
                "event_not_found",
            )
            for scope in ("read", "sell"):
                assert (await (await keyed_client(scope)).get(f"/v1/events/{ref}")).json() == draft
        assert (await organiser.get("/v1/events?status=draft")).json()["items"] == [draft]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/v1/events"),
            ("PATCH", "/v1/events/1"),
            ("POST", "/v1/events/1/publish"),
            ("POST", "/v1/events/1/cancel"),
            ("POST", "/v1/events/1/stop"),
            ("POST", "/v1/events/1/resume"),
            ("POST", "/v1/events/1/blocks"),
            ("POST", "/v1/events/1/blocks/00000000-0119-84fa-8c96-00264f0ce97a/lift"),
        ],
    )
    async def test_only_the_organiser_changes_events(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient, method: str, path: str
    ):
        assert outcome_of(await guest.request(method, path, json={})) == (401, "credentials_required")
        other = await keyed_client("read", "sell")
        assert outcome_of(await other.request(method, path, json={})) == (403, "forbidden")
        organiser = await keyed_client("organise")
        assert outcome_of(await organiser.request(method, path, json={}))[0] in (404, 422)

    @pytest.mark.parametrize(
        ("path", "scopes"),
        [
            ("/v1/events/1/holds", {"read", "sell", "organise"}),
            ("/v1/events/1/blocks", {"read", "sell", "organise"}),
            ("/v1/bookings", {"organise"}),
        ],
    )
    async def test_sales_lists_require_a_permission(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient, path: str, scopes: set[str]
    ):
        await make_event(await keyed_client("organise"))
        assert outcome_of(await guest.get(path)) == (401, "credentials_required")
        for scope in ("read", "sell", "organise", "door", "money"):
            answer = await (await keyed_client(scope)).get(path)
            if scope in scopes:
                assert answer.json() == {"items": [], "next": None}
            else:
                assert outcome_of(answer) == (403, "forbidden")
