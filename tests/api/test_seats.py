"""Seats and seat maps."""

from __future__ import annotations

import gzip
from base64 import b64decode
from datetime import datetime
from typing import Any

import httpx2
import pytest

from holdfast.api.v1.seat_answers import PackedSeatsOut, SeatMapColumnsOut, SeatMapOut, SeatsOut
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from support.ageing import lapse_hold
from support.drawn import drawn_seats
from support.house_of import confirm, fetch, make_event, place


def _states(answer: httpx2.Response) -> dict[str, str]:
    SeatsOut.model_validate_json(answer.content)
    return {item["label"]: item["status"] for item in answer.json()["items"]}


async def test_only_taken_seats_are_listed(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, capacity=5, rows=1)
    await confirm(inventory, event.number, await place(inventory, event.number, "A-1-7", 2))
    hold = await place(inventory, event.number, "A-1-2")
    await inventory.execute(
        event.number, c.BlockAdmissions(block_id=inventory.new_id(event.number), labels=("A-1-1",))
    )
    answer = await client.get(f"/v1/events/{event.number}/seats")
    assert _states(answer) == {"A-1-1": "blocked", "A-1-2": "held", "A-1-7": "booked"}
    answered = answer.json()
    assert (answered["event"], answered["version"], answered["event_status"]) == (
        str(event.id),
        4,
        "published",
    )
    until = (await inventory.queries.get_hold(hold, c.STAFF)).expires_at
    assert datetime.fromisoformat(answered["items"][1]["until"]) == until
    assert "until" not in answered["items"][0]


async def test_all_seats_are_listed_in_map_order(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, rows=2)
    await place(inventory, event.number, "A-2-1")
    answer = await client.get(f"/v1/events/{event.number}/seats?all=true")
    states = _states(answer)
    assert list(states) == [f"A-{row}-{seat}" for row in (1, 2) for seat in range(1, 11)]
    assert [label for label, status in states.items() if status != "available"] == ["A-2-1"]


def _packed(answer: httpx2.Response) -> list[str]:
    """Return the status of each seat in the order of the map."""
    packed = b64decode(PackedSeatsOut.model_validate_json(answer.content).state)
    words = ("available", "held", "booked", "blocked")
    return [words[byte >> shift & 3] for byte in packed for shift in (0, 2, 4, 6)]


async def test_packed_seats_are_all_seats_in_two_bits_each(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """Every form has one state: the same statuses, ETag and answer to `If-None-Match`; now and in the past."""
    event = await make_event(inventory, rows=2)
    await confirm(inventory, event.number, await place(inventory, event.number, "A-1-7", "A-2-1"))
    hold = await place(inventory, event.number, "A-1-2")
    await inventory.execute(
        event.number, c.BlockAdmissions(block_id=inventory.new_id(event.number), labels=("A-1-1", "A-2-10"))
    )
    path = f"/v1/events/{event.number}/seats"
    every = _states(await client.get(f"{path}?all=true"))
    answer = await client.get(f"{path}?form=packed")
    assert _packed(answer) == list(every.values())
    assert set(every.values()) == {"available", "held", "booked", "blocked"}
    tag = answer.headers["etag"]
    assert tag == (await client.get(path)).headers["etag"]
    assert (await client.get(f"{path}?form=packed", headers={"if-none-match": tag})).status_code == 304
    (then,) = fetch(database_url, "SELECT max(at) FROM journal")[0]
    past = await client.get(f"{path}?form=packed&as_of={then:%Y-%m-%dT%H:%M:%S.%fZ}")
    assert _packed(past) == list(every.values())

    lapse_hold(database_url, hold, inventory=inventory)
    after = await client.get(f"{path}?form=packed&all=true")
    assert (after.json()["lapsed"], after.json()["version"]) == (1, answer.json()["version"])
    assert _packed(after) == ["blocked", "available", *list(every.values())[2:]]


async def test_packed_seats_fill_the_last_byte_with_nothing(client: httpx2.AsyncClient, inventory: Inventory):
    """Ten seats need two and a half bytes; an event without seats needs none."""
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-10")
    answer = await client.get(f"/v1/events/{event.number}/seats?form=packed")
    assert _packed(answer) == ["available"] * 9 + ["held"] + ["available"] * 2
    without = await make_event(inventory, capacity=5)
    assert (await client.get(f"/v1/events/{without.number}/seats?form=packed")).json()["state"] == ""


@pytest.mark.parametrize("query", ["form=", "form=bits", "form=PACKED", "form=packed&form=list"])
async def test_another_form_of_seats_is_refused(client: httpx2.AsyncClient, inventory: Inventory, query: str):
    event = await make_event(inventory, rows=1)
    for path in ("seats", "seat-map", "seat-map/1"):
        refused = await client.get(f"/v1/events/{event.number}/{path}?{query}")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input"), path


async def test_an_event_without_seats_lists_none(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, capacity=5)
    await place(inventory, event.number, 1)
    assert (await client.get(f"/v1/events/{event.number}/seats?all=true")).json()["items"] == []


@pytest.mark.parametrize("query", ["", "?all=true"])
async def test_an_expiry_changes_the_seat_etag_without_a_write(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str, query: str
):
    event = await make_event(inventory, rows=1)
    hold = await place(inventory, event.number, "A-1-1")
    path = f"/v1/events/{event.number}/seats{query}"
    answer = await client.get(path)
    tag = answer.headers["etag"]
    assert (tag, _states(answer)["A-1-1"]) == (f'"{inventory.epoch}.1.0"', "held")
    assert (await client.get(path, headers={"if-none-match": tag})).status_code == 304
    lapse_hold(database_url, hold, inventory=inventory)
    after = await client.get(path, headers={"if-none-match": tag})
    assert (after.status_code, after.headers["etag"]) == (200, f'"{inventory.epoch}.1.1"')
    assert _states(after).get("A-1-1", "available") == "available"
    assert fetch(database_url, "SELECT version FROM inventories") == [(1,)]
    tag = (await client.get(f"/v1/events/{event.number}/availability")).headers["etag"]
    assert tag == f'"{inventory.epoch}.1.1"', "one state has one tag on every route"


async def test_the_seat_list_of_a_state_is_rendered_once(client: httpx2.AsyncClient, inventory: Inventory):
    """All readers of a state get the same bytes; a commit makes new ones."""
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    read_model = await inventory.read_models.get_current(event.number)
    first = await inventory.read_models.list_seats(read_model)
    assert await inventory.read_models.list_seats(read_model) is first
    await place(inventory, event.number, "A-1-2")
    answer = await client.get(f"/v1/events/{event.number}/seats")
    assert list(_states(answer)) == ["A-1-1", "A-1-2"]


async def test_a_long_seat_list_equals_a_short_one(
    client: httpx2.AsyncClient, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
):
    """It is rendered in a thread, so that it delays no sale."""
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    short = await client.get(f"/v1/events/{event.number}/seats?all=true")
    inventory.read_models.drop(event.number)
    monkeypatch.setattr("holdfast.inventory.projections.read_models.FEW_SEATS", 0)
    assert (await client.get(f"/v1/events/{event.number}/seats?all=true")).content == short.content


async def test_as_of_returns_past_seats(client: httpx2.AsyncClient, inventory: Inventory, database_url: str):
    """Booked since, released since, and seats added since."""
    event = await make_event(inventory, rows=1)
    booked_later = await place(inventory, event.number, "A-1-1")
    released_later = await place(inventory, event.number, "A-1-2")
    (then,) = fetch(database_url, "SELECT max(at) FROM journal")[0]
    await confirm(inventory, event.number, booked_later)
    await inventory.execute(event.number, c.ReleaseHold(hold_id=released_later, authority=c.STAFF))
    await inventory.execute(event.number, c.ChangeEvent(seats=(SeatSpec("Z-1", "Z", "1"),)))
    await place(inventory, event.number, "Z-1")
    path = f"/v1/events/{event.number}/seats?as_of={then:%Y-%m-%dT%H:%M:%S.%fZ}"
    answer = await client.get(path)
    assert _states(answer) == {"A-1-1": "held", "A-1-2": "held"}
    assert (answer.json()["version"], answer.json()["map_version"]) == (2, 1)
    assert "Z-1" not in _states(await client.get(path + "&all=true"))


async def test_a_cancelled_event_has_no_held_seats(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """Now, and later with that moment as `as_of`."""
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    await confirm(inventory, event.number, await place(inventory, event.number, "A-1-2"))
    await inventory.execute(event.number, c.CancelEvent())
    (then,) = fetch(database_url, "SELECT max(at) FROM journal")[0]
    answer = await client.get(f"/v1/events/{event.number}/seats")
    assert (_states(answer), answer.json()["event_status"]) == ({"A-1-2": "booked"}, "cancelled")
    answer = await client.get(f"/v1/events/{event.number}/seats?as_of={then:%Y-%m-%dT%H:%M:%S.%fZ}")
    assert _states(answer) == {"A-1-2": "booked"}


# The seat map


def _labels(answered: dict[str, Any]) -> list[str]:
    return [
        seat["label"] for section in answered["sections"] for row in section["rows"] for seat in row["seats"]
    ]


async def test_the_seat_map_redirects_to_its_version(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, rows=2)
    answer = await client.get(f"/v1/events/{event.id}/seat-map")
    assert answer.status_code == 307
    assert "content-type" not in answer.headers, "an empty body has no type"
    place = answer.url.join(answer.headers["location"])
    assert place.path == f"/v1/events/{event.id}/seat-map/{inventory.epoch}.1"
    answered = (await client.get(place)).json()
    assert (answered["map_version"], answered["categories"]) == (1, ["stalls"])
    assert _labels(answered)[:2] == ["A-1-1", "A-1-2"]
    assert len(_labels(answered)) == 20


async def test_a_seat_map_version_is_immutable_and_cacheable(
    client: httpx2.AsyncClient, inventory: Inventory
):
    event = await make_event(inventory, rows=1)
    path = f"/v1/events/{event.number}/seat-map/{inventory.epoch}.1"
    before = await client.get(path)
    SeatMapOut.model_validate_json(before.content)
    assert before.headers["cache-control"] == "public, max-age=31536000, immutable"
    await inventory.execute(
        event.number, c.ChangeEvent(seats=(SeatSpec("Z-1", "Z", "1", x=1.5, y=-2.0, guid="g", name="1a"),))
    )
    after = await client.get(path)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert (await client.get(path, headers={"if-none-match": before.headers["etag"]})).status_code == 304
    newer = await client.get(f"/v1/events/{event.number}/seat-map/2")
    assert newer.headers["cache-control"] == "no-cache", "a restore may give the number alone other seats"
    assert newer.headers["etag"] != before.headers["etag"]
    assert newer.json()["sections"][1] == {
        "name": "Z",
        "rows": [
            {
                "name": "1",
                "seats": [
                    {
                        "label": "Z-1",
                        "position": 0,
                        "category": "standard",
                        "x": 1.5,
                        "y": -2.0,
                        "name": "1a",
                        "guid": "g",
                    }
                ],
            }
        ],
    }


async def test_the_seat_map_is_compressed_if_accepted(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, rows=5)
    path = f"/v1/events/{event.number}/seat-map/1"
    plain = await client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = await client.get(path, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(gzip.compress(b"")) + len(plain.content) // 4


async def test_the_columns_of_a_seat_map_have_the_seats_of_its_document(
    client: httpx2.AsyncClient, inventory: Inventory
):
    """Both forms are immutable under their own tags. Seats that were added later keep the numbers of the others."""
    event = await make_event(inventory, rows=2)
    added = (SeatSpec("A-1-11", "A", "1", category="stalls", traits=1), SeatSpec("Z-1", "Z", "1"))
    await inventory.execute(event.number, c.ChangeEvent(seats=added))
    found = await client.get(f"/v1/events/{event.number}/seat-map?form=columns", follow_redirects=True)
    assert found.url.path.endswith(f"/seat-map/{inventory.epoch}.2")
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    columns = SeatMapColumnsOut.model_validate_json(found.content)
    seats = drawn_seats(columns.model_dump())
    document = await client.get(str(found.url).replace("?form=columns", ""))
    assert [seat["label"] for seat in seats] == _labels(document.json())
    assert found.headers["etag"] != document.headers["etag"]
    every = (await client.get(f"/v1/events/{event.number}/seats?all=true")).json()["items"]
    by_number = sorted(seats, key=lambda seat: seat["number"])
    assert [seat["label"] for seat in by_number] == [item["label"] for item in every]
    assert [seat["label"] for seat in seats if seat["traits"] == 1] == ["A-1-11"]
    assert {seat["label"]: seat["category"] for seat in seats}["Z-1"] == "standard"


async def test_a_drafts_seat_map_is_not_cached(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, rows=1, status="draft")
    answer = await client.get(f"/v1/events/{event.number}/seat-map/1")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache")


@pytest.mark.parametrize("version", ["2", "-1", "01", "x", "1.0", "99999999999", "00000000.1", "0000000.1"])
async def test_a_missing_seat_map_version_is_404(
    client: httpx2.AsyncClient, inventory: Inventory, version: str
):
    event = await make_event(inventory, rows=1)
    answer = await client.get(f"/v1/events/{event.number}/seat-map/{version}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_seat_map_without_seats_is_empty(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, capacity=1)
    answer = await client.get(f"/v1/events/{event.number}/seat-map")
    assert answer.headers["location"].endswith(".0")
    assert (await client.get(answer.url.join(answer.headers["location"]))).json()["sections"] == []
