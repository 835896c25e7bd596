"""Availability: exact when read, now, since a version and at a past moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from holdfast.api.v1.availability import AvailabilityOut
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from support.ageing import lapse_hold
from support.house_of import confirm, fetch, make_event, place


async def _get(client: httpx2.AsyncClient, number: int, query: str = "", **headers: str) -> httpx2.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.get(f"/v1/events/{number}/availability{query}", headers=given)


def _counts(answered: dict[str, Any]) -> tuple[int, int, int, int, int]:
    return (
        answered["capacity"],
        answered["available"],
        answered["held"],
        answered["booked"],
        answered["blocked"],
    )


async def test_availability_counts_areas_and_categories(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, capacity=10, rows=1)
    await confirm(inventory, event.number, await place(inventory, event.number, 2, "A-1-1"))
    await place(inventory, event.number, "A-1-2")
    await inventory.execute(
        event.number, c.BlockAdmissions(block_id=inventory.new_id(event.number), labels=("A-1-9",))
    )
    answer = await _get(client, event.number)
    answered = answer.json()
    AvailabilityOut.model_validate_json(answer.content)
    assert answered["event"] == str(event.id)
    assert _counts(answered) == (20, 15, 1, 3, 1)
    assert [(area["name"], *_counts(area)) for area in answered["areas"]] == [("general", 10, 8, 0, 2, 0)]
    assert [(each["name"], *_counts(each)) for each in answered["categories"]] == [("stalls", 10, 7, 1, 1, 1)]
    assert (await client.get(f"/v1/events/{event.id}/availability")).json()["version"] == answered["version"]


async def test_an_unchanged_state_is_304(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, capacity=10)
    await place(inventory, event.number, 1)
    tag = (await _get(client, event.number)).headers["etag"]
    assert tag == f'"{inventory.epoch}.1.0"'
    answer = await _get(client, event.number, if_none_match=tag)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    await place(inventory, event.number, 1)
    answer = await _get(client, event.number, if_none_match=tag)
    assert (answer.status_code, answer.headers["etag"]) == (200, f'"{inventory.epoch}.2.0"')


async def test_an_expiry_changes_the_etag_without_a_write(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """A 304 before the expiry is a 200 after it. The admissions are on sale although no sweeper ran."""
    event = await make_event(inventory, capacity=10)
    hold = await place(inventory, event.number, 4)
    tag = (await _get(client, event.number)).headers["etag"]
    assert (await _get(client, event.number, if_none_match=tag)).status_code == 304
    lapse_hold(database_url, hold, inventory=inventory)
    answer = await _get(client, event.number, if_none_match=tag)
    assert (answer.status_code, answer.headers["etag"]) == (200, f'"{inventory.epoch}.1.1"')
    assert _counts(answer.json()) == (10, 10, 0, 0, 0)
    assert fetch(database_url, "SELECT version FROM inventories") == [(1,)]


async def test_since_lists_each_changed_seat_with_its_current_status(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """The seat of a hold that lapsed since is available without a write."""
    event = await make_event(inventory, capacity=10, rows=1)
    await place(inventory, event.number, "A-1-1")
    lapsing = await place(inventory, event.number, "A-1-2")
    await confirm(inventory, event.number, await place(inventory, event.number, "A-1-3"))
    extended = await place(inventory, event.number, "A-1-4")
    answer = await _get(client, event.number, f"?since={inventory.epoch}.5")
    assert answer.json()["changes"] == {"seats": []}
    await inventory.execute(event.number, c.ExtendHold(hold_id=extended, authority=c.STAFF, ttl_seconds=900))
    lapse_hold(database_url, lapsing, inventory=inventory)
    answered = (await _get(client, event.number, f"?since={inventory.epoch}.5")).json()
    AvailabilityOut.model_validate_json(
        (await _get(client, event.number, f"?since={inventory.epoch}.5")).content
    )
    seats = {seat["label"]: seat["status"] for seat in answered["changes"]["seats"]}
    assert seats == {"A-1-2": "available", "A-1-4": "held"}
    assert "reset" not in answered
    assert (answered["version"], answered["held"], answered["available"]) == (6, 2, 17)
    all_of_them = (await _get(client, event.number, f"?since={inventory.epoch}.0")).json()["changes"]["seats"]
    assert [seat["label"] for seat in all_of_them] == ["A-1-1", "A-1-2", "A-1-3", "A-1-4"]


async def test_since_the_current_version_has_no_changes(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    tag = (await _get(client, event.number, f"?since={inventory.epoch}.0")).headers["etag"]
    assert (
        await _get(client, event.number, f"?since={inventory.epoch}.0", if_none_match=tag)
    ).status_code == 304


@pytest.mark.parametrize("since", [2, 99, 10**18 - 1])
async def test_since_an_unknown_version_resets(client: httpx2.AsyncClient, inventory: Inventory, since: int):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    answered = (await _get(client, event.number, f"?since={inventory.epoch}.{since}")).json()
    assert answered["reset"] is True
    assert "changes" not in answered
    assert answered["held"] == 1


@pytest.mark.parametrize("fresh", [True, False], ids=["loaded", "followed"])
async def test_since_before_a_seat_map_change_resets(
    client: httpx2.AsyncClient, inventory: Inventory, fresh: bool
):
    event = await make_event(inventory, rows=1)
    await _get(client, event.number, f"?since={inventory.epoch}.0")
    await place(inventory, event.number, "A-1-1")
    await inventory.execute(event.number, c.ChangeEvent(seats=(SeatSpec("Z-1", "Z", "1"),)))
    if fresh:
        inventory.read_models.drop(event.number)
    assert (await _get(client, event.number, f"?since={inventory.epoch}.1")).json()["reset"] is True
    assert (await _get(client, event.number, f"?since={inventory.epoch}.2")).json()["changes"] == {
        "seats": []
    }


async def test_since_over_a_thousand_versions_resets(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    fetch(database_url, "UPDATE inventories SET version = 1001")
    fetch(database_url, "UPDATE journal SET version = 1001 WHERE version = 1")
    fetch(database_url, "UPDATE claims SET held_version = 1001")
    assert (await _get(client, event.number, f"?since={inventory.epoch}.0")).json()["reset"] is True
    seats = (await _get(client, event.number, f"?since={inventory.epoch}.1")).json()["changes"]["seats"]
    assert [seat["label"] for seat in seats] == ["A-1-1"]


async def test_as_of_returns_a_past_state(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """Held then and booked since; held then and lapsed since; later holds are missing."""
    event = await make_event(inventory, capacity=10)
    booked_later = await place(inventory, event.number, 1)
    lapsing = await place(inventory, event.number, 2)
    (then,) = fetch(database_url, "SELECT max(at) FROM journal")[0]
    await confirm(inventory, event.number, booked_later)
    await place(inventory, event.number, 3)
    await inventory.execute(event.number, c.ReleaseHold(hold_id=lapsing, authority=c.STAFF))
    answered = (await _get(client, event.number, f"?as_of={then:%Y-%m-%dT%H:%M:%S.%fZ}")).json()
    assert (answered["version"], *_counts(answered)) == (2, 10, 7, 3, 0, 0)
    now = (await _get(client, event.number)).json()
    assert _counts(now) == (10, 6, 3, 1, 0)


async def test_as_of_in_the_future_is_422_and_before_the_event_404(
    client: httpx2.AsyncClient, inventory: Inventory
):
    event = await make_event(inventory, capacity=10)
    later = datetime.now(UTC) + timedelta(minutes=1)
    earlier = event.created_at - timedelta(microseconds=1)
    for path in ("availability", "seats"):
        answer = await client.get(f"/v1/events/{event.number}/{path}?as_of={later:%Y-%m-%dT%H:%M:%SZ}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?as_of")
        answer = await client.get(f"/v1/events/{event.number}/{path}?as_of={earlier:%Y-%m-%dT%H:%M:%S.%fZ}")
        assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")


@pytest.mark.parametrize(
    "query", ["?since=-1", "?since=x", "?since=1&as_of=2026-01-01T00:00:00Z", "?as_of=yesterday", "?until=1"]
)
async def test_invalid_queries_are_422(client: httpx2.AsyncClient, inventory: Inventory, query: str):
    event = await make_event(inventory, capacity=10)
    assert (await _get(client, event.number, query)).status_code == 422


@pytest.mark.parametrize(
    "path",
    ["availability", "availability?since=0", "seats", "seat-map", "seat-map/0", "seat-map/1", "stream"],
)
async def test_guests_see_published_events_but_no_drafts(
    guest: httpx2.AsyncClient, inventory: Inventory, path: str
):
    draft = await make_event(inventory, rows=1, status="draft")
    answer = await guest.get(f"/v1/events/{draft.number}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")
    if path != "stream":  # it has no end
        published = await make_event(inventory, rows=1)
        assert (await guest.get(f"/v1/events/{published.number}/{path}")).status_code in (200, 307)


async def test_a_missing_event_is_404(client: httpx2.AsyncClient):
    for path in ("availability", "seats", "seat-map", "seat-map/0", "stream", "seats/A-1/history"):
        answer = await client.get(f"/v1/events/999/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")
