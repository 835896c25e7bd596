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


def _counts(told: dict[str, Any]) -> tuple[int, int, int, int, int]:
    return told["capacity"], told["available"], told["held"], told["booked"], told["blocked"]


async def test_it_counts_areas_and_categories(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, capacity=10, rows=1)
    await confirm(inventory, event.number, await place(inventory, event.number, 2, "A-1-1"))
    await place(inventory, event.number, "A-1-2")
    await inventory.execute(
        event.number, c.BlockAdmissions(block_id=inventory.new_id(event.number), labels=("A-1-9",))
    )
    answer = await _get(client, event.number)
    told = answer.json()
    AvailabilityOut.model_validate_json(answer.content)
    assert told["event"] == str(event.id)
    assert _counts(told) == (20, 15, 1, 3, 1)
    assert [(area["name"], *_counts(area)) for area in told["areas"]] == [("general", 10, 8, 0, 2, 0)]
    assert [(each["name"], *_counts(each)) for each in told["categories"]] == [("stalls", 10, 7, 1, 1, 1)]
    assert (await client.get(f"/v1/events/{event.id}/availability")).json()["version"] == told["version"]


async def test_an_unchanged_state_is_304(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, capacity=10)
    await place(inventory, event.number, 1)
    tag = (await _get(client, event.number)).headers["etag"]
    assert tag == '"1.0"'
    answer = await _get(client, event.number, if_none_match=tag)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    await place(inventory, event.number, 1)
    answer = await _get(client, event.number, if_none_match=tag)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2.0"')


async def test_an_expiry_changes_the_tag_with_no_write_in_between(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """A 304 before it is a 200 after it; the admissions are on sale at the next look, no sweeper has run."""
    event = await make_event(inventory, capacity=10)
    hold = await place(inventory, event.number, 4)
    tag = (await _get(client, event.number)).headers["etag"]
    assert (await _get(client, event.number, if_none_match=tag)).status_code == 304
    lapse_hold(database_url, hold, inventory=inventory)
    answer = await _get(client, event.number, if_none_match=tag)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1.1"')
    assert _counts(answer.json()) == (10, 10, 0, 0, 0)
    assert fetch(database_url, "SELECT version FROM inventories") == [(1,)]


async def test_since_tells_each_touched_seat_as_it_is_now(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """A seat whose hold lapsed since is available, though nothing was written."""
    event = await make_event(inventory, capacity=10, rows=1)
    await place(inventory, event.number, "A-1-1")
    lapsing = await place(inventory, event.number, "A-1-2")
    await confirm(inventory, event.number, await place(inventory, event.number, "A-1-3"))
    extended = await place(inventory, event.number, "A-1-4")
    answer = await _get(client, event.number, "?since=5")
    assert answer.json()["changes"] == {"seats": []}
    await inventory.execute(event.number, c.ExtendHold(hold_id=extended, authority=c.STAFF, ttl_seconds=900))
    lapse_hold(database_url, lapsing, inventory=inventory)
    told = (await _get(client, event.number, "?since=5")).json()
    AvailabilityOut.model_validate_json((await _get(client, event.number, "?since=5")).content)
    seats = {seat["label"]: seat["status"] for seat in told["changes"]["seats"]}
    assert seats == {"A-1-2": "available", "A-1-4": "held"}
    assert "reset" not in told
    assert (told["version"], told["held"], told["available"]) == (6, 2, 17)
    all_of_them = (await _get(client, event.number, "?since=0")).json()["changes"]["seats"]
    assert [seat["label"] for seat in all_of_them] == ["A-1-1", "A-1-2", "A-1-3", "A-1-4"]


async def test_since_an_older_state_is_the_same_state(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    tag = (await _get(client, event.number, "?since=0")).headers["etag"]
    assert (await _get(client, event.number, "?since=0", if_none_match=tag)).status_code == 304


@pytest.mark.parametrize("since", [2, 99, 10**18 - 1])
async def test_since_a_version_that_was_never_told_means_to_read_anew(
    client: httpx2.AsyncClient, inventory: Inventory, since: int
):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    told = (await _get(client, event.number, f"?since={since}")).json()
    assert told["reset"] is True
    assert "changes" not in told
    assert told["held"] == 1


@pytest.mark.parametrize("fresh", [True, False], ids=["drawn anew", "followed"])
async def test_since_before_a_change_of_the_map_means_to_read_anew(
    client: httpx2.AsyncClient, inventory: Inventory, fresh: bool
):
    event = await make_event(inventory, rows=1)
    await _get(client, event.number, "?since=0")
    await place(inventory, event.number, "A-1-1")
    await inventory.execute(event.number, c.ChangeEvent(seats=(SeatSpec("Z-1", "Z", "1"),)))
    if fresh:
        inventory.read_models.drop(event.number)
    assert (await _get(client, event.number, "?since=1")).json()["reset"] is True
    assert (await _get(client, event.number, "?since=2")).json()["changes"] == {"seats": []}


async def test_since_more_than_a_thousand_versions_means_to_read_anew(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    fetch(database_url, "UPDATE inventories SET version = 1001")
    fetch(database_url, "UPDATE journal SET version = 1001 WHERE version = 1")
    fetch(database_url, "UPDATE claims SET held_version = 1001")
    assert (await _get(client, event.number, "?since=0")).json()["reset"] is True
    seats = (await _get(client, event.number, "?since=1")).json()["changes"]["seats"]
    assert [seat["label"] for seat in seats] == ["A-1-1"]


async def test_a_past_moment_is_told_as_it_was(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """Held then, booked since; held then, lapsed since; and what was placed later is not there."""
    event = await make_event(inventory, capacity=10)
    booked_later = await place(inventory, event.number, 1)
    lapsing = await place(inventory, event.number, 2)
    (then,) = fetch(database_url, "SELECT max(at) FROM journal")[0]
    await confirm(inventory, event.number, booked_later)
    await place(inventory, event.number, 3)
    await inventory.execute(event.number, c.ReleaseHold(hold_id=lapsing, authority=c.STAFF))
    told = (await _get(client, event.number, f"?as_of={then:%Y-%m-%dT%H:%M:%S.%fZ}")).json()
    assert (told["version"], *_counts(told)) == (2, 10, 7, 3, 0, 0)
    now = (await _get(client, event.number)).json()
    assert _counts(now) == (10, 6, 3, 1, 0)


async def test_a_moment_that_has_not_come_is_422_and_one_before_the_event_404(
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
async def test_what_cannot_be_asked_is_422(client: httpx2.AsyncClient, inventory: Inventory, query: str):
    event = await make_event(inventory, capacity=10)
    assert (await _get(client, event.number, query)).status_code == 422


@pytest.mark.parametrize(
    "path",
    ["availability", "availability?since=0", "seats", "seat-map", "seat-map/0", "seat-map/1", "stream"],
)
async def test_guests_see_what_is_published_and_not_a_draft(
    guest: httpx2.AsyncClient, inventory: Inventory, path: str
):
    draft = await make_event(inventory, rows=1, status="draft")
    answer = await guest.get(f"/v1/events/{draft.number}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")
    if path != "stream":  # it has no end
        published = await make_event(inventory, rows=1)
        assert (await guest.get(f"/v1/events/{published.number}/{path}")).status_code in (200, 307)


async def test_no_event_is_404(client: httpx2.AsyncClient):
    for path in ("availability", "seats", "seat-map", "seat-map/0", "stream", "seats/A-1/history"):
        answer = await client.get(f"/v1/events/999/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")
