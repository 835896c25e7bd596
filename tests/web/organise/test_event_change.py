"""A change of an event: what the form shows is what the event has, and only what was typed changes.

The kind of fault: a save that clears what nobody touched, a capacity below what is sold, and a form that forgets.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_sales import SEATS, confirm, make_event, place
from web.organise.staff import ROLES, at_work, send, send_page
from web.visitor import Page

DATED = {
    "venue": "Pier 3",
    "time_zone": "Europe/Berlin",
    "starts_at": "2031-07-12T17:30:15Z",
    "on_sale_at": "2031-01-12T09:00:00Z",
    "off_sale_at": "2031-07-12T17:00:00Z",
    "max_per_hold": 6,
    "max_per_buyer": 8,
    "hold_ttl_seconds": 95,
}


def change_of(event: dict[str, Any]) -> str:
    return f"/organise/events/{event['number']}/change"


async def read(client: httpx2.AsyncClient, event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/events/{event['number']}")).json()
    return found


async def test_a_save_without_a_change_changes_nothing(client: httpx2.AsyncClient) -> None:
    areas = [{"name": "hall", "capacity": 10}, {"name": "lawn", "capacity": 5}]
    event = await make_event(client, **DATED, areas=areas, seat_map=SEATS, metadata={"season": "2031"})
    before = await read(client, event)
    assert "The event is changed." in (await send_page(client, change_of(event), "/change")).text
    assert await read(client, event) == before


async def test_what_was_typed_changes(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, **DATED, areas=[{"name": "hall", "capacity": 10}])
    (area,) = event["areas"]
    await send_page(
        client,
        change_of(event),
        "/change",
        name="Supper",
        venue="",
        starts_at="2031-07-13T20:00",
        off_sale_at="",
        max_per_buyer="",
        **{f"known-{area['id']}-name": "great hall", f"known-{area['id']}-capacity": "12"},
        **{"new-area-name": "lawn", "new-area-capacity": "7"},
    )
    after = await read(client, event)
    assert (after["name"], after["venue"], after["starts_at"]) == ("Supper", None, "2031-07-13T18:00:00Z")
    assert (after["off_sale_at"], after["max_per_buyer"], after["max_per_hold"]) == (None, None, 6)
    assert [(each["name"], each["capacity"]) for each in after["areas"]] == [("great hall", 12), ("lawn", 7)]


async def test_a_capacity_below_what_is_sold_is_refused(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, areas=[{"name": "hall", "capacity": 10}])
    await confirm(client, await place(client, event, {"quantity": 4}))
    field = f"known-{event['areas'][0]['id']}-capacity"
    refused = await send(client, change_of(event), "/change", **{field: "3"})
    page = Page(refused.text)
    assert (refused.status_code, "More places than that are sold" in page.text) == (409, True)
    assert (field, "3") in page.form("/change").fields
    assert (await read(client, event))["capacity"] == 10


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": ""}, "Write a name."),
        ({"starts_at": "soon"}, "Write a day and a time"),
        ({"new-area-name": "lawn"}, "Give each area a name of its own"),
        ({"hold_minutes": "0"}, "Write a number of minutes"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx2.AsyncClient, typed: dict[str, str], says: str) -> None:
    event = await make_event(client, **DATED)
    before = await read(client, event)
    refused = await send(client, change_of(event), "/change", **typed)
    assert (refused.status_code, says in Page(refused.text).text) == (422, True)
    assert await read(client, event) == before


@pytest.mark.parametrize("role", ROLES)
async def test_only_managers_change_events(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    event = await make_event(client)
    form = {"form_key": "00000000-0000-4000-8000-000000000001", "name": "x"}
    async with at_work(app, database_url, role) as browser:
        may = role in ("owner", "manager")
        assert (await browser.get(change_of(event))).status_code == (200 if may else 403)
        assert (await browser.post(change_of(event), data=form)).status_code == (422 if may else 403)
