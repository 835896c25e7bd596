"""Events over HTTP: created, listed and found."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.api.v1.event_answers import EventOut
from support.http_sales import (
    SEATS,
    make_event,
    outcome_of,
    pointers,
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
