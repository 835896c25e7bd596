"""A new event: what an organiser types becomes the same event that a program makes, or the page says what is wrong.

The kind of fault: a field that is lost on its way, a time of another zone, a press that makes two events, and a
refusal that empties the form.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.http.application import Application
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.web.organise.seat_copy import copied_seats
from support.http_sales import SEATS, make_event
from web.organise.staff import ROLES, at_work, send_page
from web.visitor import Page, press, visit

NEW = "/organise/events/new"
PLAN = """{"zones": [{"name": "Hall", "rows": [{"row_number": "1", "seats": [
 {"seat_number": "1", "seat_guid": "a", "position": {"x": 0, "y": 0}},
 {"seat_number": "2", "seat_guid": "b", "position": {"x": 1, "y": 0}}]}]}]}"""
AREAS = {"area-1-name": "hall", "area-1-capacity": "800", "area-2-name": "garden", "area-2-capacity": "200"}


async def made(client: httpx2.AsyncClient, act: str = "publish", **typed: str) -> dict[str, Any]:
    """Make an event by the page, and return it as the API does."""
    page = await visit(client, NEW)
    answer = await press(
        client, NEW, page.form("events/new"), ("act", act), ("plan", typed.pop("plan", "")), **typed
    )
    assert answer.status_code == 200, Page(answer.text).text
    number = answer.url.path.rpartition("/")[2]
    event: dict[str, Any] = (await client.get(f"/v1/events/{number}")).json()
    return event


async def test_a_name_and_a_number_make_an_event(client: httpx2.AsyncClient) -> None:
    event = await made(client, name="Supper", **AREAS)
    assert (event["name"], event["status"], event["capacity"]) == ("Supper", "published", 1_000)
    assert [(area["name"], area["capacity"]) for area in event["areas"]] == [("hall", 800), ("garden", 200)]


async def test_a_draft_is_published_by_a_press(client: httpx2.AsyncClient) -> None:
    event = await made(client, "draft", name="Supper", **AREAS)
    assert event["status"] == "draft"
    page = await send_page(client, f"/organise/events/{event['number']}", "/publish")
    assert "The event is published." in page.text
    assert (await client.get(f"/v1/events/{event['number']}")).json()["status"] == "published"


async def test_times_are_those_of_a_clock_at_the_venue(client: httpx2.AsyncClient) -> None:
    event = await made(
        client,
        name="Supper",
        venue="Pier 3",
        time_zone="Europe/Berlin",
        starts_at="2031-07-12T19:30",
        on_sale_at="2031-01-12T10:00",
        off_sale_at="2031-07-12T19:00",
        hold_minutes="5",
        max_per_hold="6",
        max_per_buyer="8",
        **AREAS,
    )
    assert event["starts_at"] == "2031-07-12T17:30:00Z"
    assert event["on_sale_at"] == "2031-01-12T09:00:00Z"
    assert event["off_sale_at"] == "2031-07-12T17:00:00Z"
    assert (event["venue"], event["time_zone"]) == ("Pier 3", "Europe/Berlin")
    assert (event["hold_ttl_seconds"], event["max_per_hold"], event["max_per_buyer"]) == (300, 6, 8)


async def test_rows_and_sections_make_seats(client: httpx2.AsyncClient) -> None:
    event = await made(
        client,
        name="Play",
        kind="rows",
        **{
            "section-1-name": "A",
            "section-1-rows": "10",
            "section-1-seats": "20",
            "section-1-category": "stalls",
        },
        **{
            "section-3-name": "B",
            "section-3-rows": "5",
            "section-3-seats": "20",
            "section-3-category": "balcony",
        },
    )
    assert [(each["name"], each["capacity"]) for each in event["categories"]] == [
        ("stalls", 200),
        ("balcony", 100),
    ]


@pytest.mark.parametrize(("plan", "seats"), [(PLAN, 2), ("A1\nA2\n\nA3\nB1", 4)])
async def test_a_plan_makes_seats(client: httpx2.AsyncClient, plan: str, seats: int) -> None:
    assert (await made(client, name="Play", kind="plan", plan=plan))["capacity"] == seats


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": ""}, "Write a name."),
        ({"area-1-capacity": "many"}, "Give each area a name of its own, and a number of places."),
        ({"area-2-name": "hall"}, "Give each area a name of its own, and a number of places."),
        (
            {"area-1-name": "", "area-1-capacity": "", "area-2-name": "", "area-2-capacity": ""},
            "Give each area",
        ),
        ({"time_zone": "Mars/Base"}, "Write a time zone such as Europe/Berlin."),
        ({"starts_at": "tomorrow"}, "Write a day and a time, such as"),
        ({"on_sale_at": "2031-02-01T10:00", "off_sale_at": "2031-01-01T10:00"}, "after the start of sales"),
        ({"hold_minutes": "99999"}, "Write a number of minutes"),
        ({"max_per_hold": "-1"}, "Write a whole number, or nothing."),
        ({"kind": "rows"}, "Give each section a name"),
        (
            {"kind": "rows", "section-1-name": "A", "section-1-rows": "0", "section-1-seats": "5"},
            "Give each section",
        ),
        ({"kind": "plan"}, "Paste a plan, or write a seat in each line."),
    ],
)
async def test_what_is_wrong_is_named_and_the_form_is_kept(
    client: httpx2.AsyncClient, typed: dict[str, str], says: str
) -> None:
    page = await visit(client, NEW)
    given = {"name": "Supper", **AREAS, **typed}
    refused = await press(client, NEW, page.form("events/new"), ("act", "publish"), **given)
    assert refused.status_code == 422, Page(refused.text).text
    shown = Page(refused.text)
    assert says in shown.text
    assert "The form says at each field what it needs." in shown.text
    kept = dict(shown.form("events/new").fields)
    assert {name: kept.get(name, "") for name in given} == given
    assert (await client.get("/v1/events")).json()["items"] == []


@pytest.mark.parametrize(
    "plan", ["{", '{"zones": 5}', '{"sections": []}', "A1\nA1", '{"labels": [1]}', "{}", "\n\n"]
)
async def test_a_plan_that_cannot_be_used_says_why(client: httpx2.AsyncClient, plan: str) -> None:
    page = await visit(client, NEW)
    refused = await press(
        client, NEW, page.form("events/new"), ("act", "publish"), ("plan", plan), name="Play", kind="plan"
    )
    assert refused.status_code == 422
    assert any(
        says in refused.text for says in ("The plan cannot be used:", "The plan is not JSON:", "Paste a plan")
    )


async def test_a_repeated_press_makes_one_event(client: httpx2.AsyncClient) -> None:
    page = await visit(client, NEW)
    for _ in range(2):
        answer = await press(client, NEW, page.form("events/new"), ("act", "draft"), name="Supper", **AREAS)
        assert answer.status_code == 200
    assert len((await client.get("/v1/events")).json()["items"]) == 1


async def test_the_preview_counts_and_makes_nothing(client: httpx2.AsyncClient) -> None:
    page = await visit(client, NEW)
    rows = {"section-1-name": "A", "section-1-rows": "10", "section-1-seats": "20"}
    shown = await press(client, NEW, page.form("events/new"), ("act", "preview"), kind="rows", **rows)
    assert (shown.status_code, "200 places" in Page(shown.text).text) == (200, True)
    assert shown.text.count("h0") == 200
    assert (await client.get("/v1/events")).json()["items"] == []


async def test_more_lines_keep_what_was_typed(client: httpx2.AsyncClient) -> None:
    page = await visit(client, NEW)
    more = Page((await press(client, NEW, page.form("events/new"), ("act", "more"), **AREAS)).text)
    fields = dict(more.form("events/new").fields)
    assert fields["area-1-name"] == "hall"
    assert "area-8-name" in fields


@pytest.mark.parametrize(
    "seat_map",
    [
        SEATS,
        {"labels": ["A1", "A2", None, "A3", "B1"], "category": "stalls", "wheelchair": ["A1"]},
        {
            "sections": [{"name": "A", "rows": 2, "seats_per_row": 6, "aisles_after": [2]}],
            "companion": ["A-1-1"],
        },
        {"sections": [{"name": "T", "rows": 3, "seats_per_row": 4, "sold": "whole"}]},
    ],
)
async def test_a_copy_has_the_same_seats(client: httpx2.AsyncClient, seat_map: dict[str, Any]) -> None:
    first = await make_event(client, name="Play", seat_map=seat_map, areas=[{"name": "lawn", "capacity": 7}])
    at = f"{NEW}?like={first['number']}"
    page = await visit(client, at)
    answer = await press(client, at, page.form("events/new"), ("act", "publish"), kind="copy")
    assert answer.status_code == 200, Page(answer.text).text
    second = (await client.get(answer.url.path.replace("/organise/", "/v1/"))).json()
    assert second["number"] != first["number"]
    assert (second["name"], second["areas"][0]["capacity"]) == ("Play", 7)
    maps = [
        (await client.get(f"/v1/events/{each['number']}/seat-map/1?form=columns")).json()
        for each in (first, second)
    ]
    assert maps[0]["sections"] == maps[1]["sections"]


def test_a_copied_plan_keeps_names_places_and_traits() -> None:
    layout = parse_seat_map({**SEATS, "restricted_view": ["A-2-5"]})
    seats = SeatMap.build(layout.seats, 1, categories=layout.categories)
    again = parse_seat_map(copied_seats(seats))
    assert [(each.label, each.row, each.position_in_row, each.traits) for each in again.seats] == [
        (each.label, each.row, each.position_in_row, each.traits) for each in seats.seats()
    ]


@pytest.mark.parametrize("role", ROLES)
async def test_only_managers_make_events(app: Application, database_url: str, role: str) -> None:
    allowed = role in ("owner", "manager")
    async with at_work(app, database_url, role) as browser:
        assert (await browser.get(NEW)).status_code == (200 if allowed else 403)
        key = "00000000-0000-4000-8000-000000000001"
        answer = await browser.post(NEW, data={"form_key": key, "act": "draft", "name": "x", **AREAS})
    assert answer.status_code == (303 if allowed else 403)


async def test_a_foreign_page_makes_nothing(client: httpx2.AsyncClient) -> None:
    form = {"form_key": "00000000-0000-4000-8000-000000000001", "act": "draft", "name": "x", **AREAS}
    answer = await client.post(NEW, data=form, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert (await client.get("/v1/events")).json()["items"] == []
