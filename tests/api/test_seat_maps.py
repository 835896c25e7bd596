"""Seat maps of venues: stored once, immutable by version, and copied by the events that name one."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

HALL: dict[str, Any] = {"labels": ["A1", "A2", None, "A3"], "category": "stalls", "wheelchair": ["A3"]}


NOWHERE = "6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e10"


async def store(client: httpx2.AsyncClient, name: str = "Hall", seat_map: Any = None, **headers: str) -> Any:
    answer = await client.post(
        "/v1/seat-maps", json={"name": name, "seat_map": seat_map or HALL}, headers=headers
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def create(client: httpx2.AsyncClient, reference: Any) -> httpx2.Response:
    return await client.post("/v1/events", json={"name": "E", "seat_map": reference})


async def document_of(client: httpx2.AsyncClient, event: Any) -> Any:
    answer = await client.get(event, follow_redirects=True)
    return answer.json()


async def test_a_stored_map_is_returned_as_given(client: httpx2.AsyncClient) -> None:
    made = await store(client)
    assert (made["version"], made["name"], made["capacity"]) == (1, "Hall", 3)
    found = (await client.get(f"/v1/seat-maps/{made['id']}")).json()
    assert found == made | {"seat_map": HALL}
    listed = (await client.get("/v1/seat-maps")).json()
    assert listed == {"items": [made], "next": None}


async def test_events_copy_the_version_that_they_name(client: httpx2.AsyncClient) -> None:
    """A later version changes nothing under sold seats, and an event without a version takes the newest."""
    made = await store(client)
    first = (await create(client, {"id": made["id"]})).json()
    assert first["capacity"] == 3
    path = f"/v1/events/{first['number']}/seat-map/1"
    before = (await client.get(path)).json()
    assert before["source"] == {"id": made["id"], "version": 1}
    second = await client.post(
        f"/v1/seat-maps/{made['id']}/versions", json={"name": "Hall", "seat_map": {"labels": ["A1"]}}
    )
    assert (second.status_code, second.json()["version"]) == (201, 2)
    assert (await client.get(path)).json() == before
    assert (await create(client, {"id": made["id"]})).json()["capacity"] == 1
    assert (await create(client, {"id": made["id"], "version": 1})).json()["capacity"] == 3
    assert (await client.get(f"/v1/seat-maps/{made['id']}?version=1")).json()["seat_map"] == HALL
    assert [each["version"] for each in (await client.get("/v1/seat-maps")).json()["items"]] == [2]


async def test_an_event_gets_a_stored_map_by_a_change(client: httpx2.AsyncClient) -> None:
    made = await store(client)
    event = (await client.post("/v1/events", json={"name": "E", "capacity": 2})).json()
    changed = await client.patch(f"/v1/events/{event['number']}", json={"seat_map": {"id": made["id"]}})
    assert (changed.status_code, changed.json()["capacity"]) == (200, 5)
    document = (await client.get(f"/v1/events/{event['number']}/seat-map/1")).json()
    assert document["source"] == {"id": made["id"], "version": 1}


async def test_a_version_equal_to_the_newest_adds_nothing(client: httpx2.AsyncClient) -> None:
    made = await store(client)
    again = await client.post(f"/v1/seat-maps/{made['id']}/versions", json={"name": "Hall", "seat_map": HALL})
    assert (again.status_code, again.json()) == (201, made)
    renamed = await client.post(f"/v1/seat-maps/{made['id']}/versions", json={"name": "H", "seat_map": HALL})
    assert (renamed.json()["version"], renamed.json()["name"]) == (2, "H")


async def test_a_retry_makes_one_map(client: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "b2b1f5a4-6c1c-4a3b-9d53-1f0a6f3f7c11"}
    made = await store(client, **key)
    assert await store(client, **key) == made
    other = await client.post("/v1/seat-maps", json={"name": "Other", "seat_map": HALL}, headers=key)
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_list_of_maps_has_pages(client: httpx2.AsyncClient) -> None:
    made = {(await store(client, f"Hall {number}"))["id"] for number in range(5)}
    found, cursor = [], ""
    while True:
        page = (await client.get(f"/v1/seat-maps?limit=2{cursor}")).json()
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == sorted(made)


@pytest.mark.parametrize(
    ("reference", "pointer"),
    [
        ({"id": NOWHERE}, "/seat_map/id"),
        ({"id": 7}, "/seat_map/id"),
        ({"id": None}, "/seat_map/id"),
        ({"id": NOWHERE, "labels": ["A1"]}, "/seat_map"),
        ({"id": NOWHERE, "version": 0}, "/seat_map"),
        ({"id": NOWHERE, "version": True}, "/seat_map"),
        ({"version": 1}, "/seat_map"),
    ],
)
async def test_a_wrong_reference_is_refused(client: httpx2.AsyncClient, reference: Any, pointer: str) -> None:
    answer = await create(client, reference)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_map_that_no_event_could_use_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/seat-maps", json={"name": "N", "seat_map": {"labels": ["A1", "A1"]}})
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["pointer"] == "/seat_map/labels/1"
    made = await store(client)
    reference = await client.post("/v1/seat-maps", json={"name": "N", "seat_map": {"id": made["id"]}})
    assert reference.status_code == 422


@pytest.mark.parametrize("path", ["/v1/seat-maps/7", f"/v1/seat-maps/{NOWHERE}"])
async def test_an_unknown_map_is_not_found(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).json()["code"] == "seat_map_not_found"
    answer = await client.post(f"{path}/versions", json={"name": "N", "seat_map": HALL})
    assert answer.json()["code"] == "seat_map_not_found"
