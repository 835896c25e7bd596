"""The list for a door without a network: every code of an event, signed, in pages, and without a code or a name."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from hashlib import sha256

import httpx2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from support.http_sales import SEATS, Json, confirm, make_event, place, token_of

AREAS = [{"name": "floor", "capacity": 300, "category": "standing"}]


def hash_of(code: str) -> str:
    return sha256(code.encode()).hexdigest()[:24]


async def codes_of(client: httpx2.AsyncClient, hold: Json, booking: Json) -> list[str]:
    answer = await client.get(f"/v1/bookings/{booking['id']}/tickets?limit=200", headers=token_of(hold))
    return [one["code"] for one in answer.json()["items"]]


async def list_of(client: httpx2.AsyncClient, event: Json, limit: int = 200) -> list[Json]:
    """Return the whole list, page by page."""
    found: list[Json] = []
    cursor = ""
    while True:
        path = f"/v1/events/{event['number']}/check-in-list?limit={limit}{cursor}"
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        cursor = f"&cursor={answer.json()['next']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
async def test_each_ticket_is_on_the_list_once_in_pages_of_any_size(
    client: httpx2.AsyncClient, limit: int
) -> None:
    event = await make_event(client, areas=AREAS, seat_map=SEATS, max_per_hold=None)
    codes: list[str] = []
    for lines in (
        [{"quantity": 4, "area": "floor"}],
        [{"seats": ["A-1-1"]}, {"quantity": 1, "area": "floor"}],
        [{"seats": ["A-1-2"]}],
    ):
        hold = await place(client, event, *lines)
        codes += await codes_of(client, hold, await confirm(client, hold, buyer={"name": "Ada Lovelace"}))
    found = await list_of(client, event, limit)
    assert sorted(one["code_hash"] for one in found) == sorted(map(hash_of, codes))
    assert {one["label"] for one in found} == {"floor", "A-1-1", "A-1-2"}
    assert {one["initial"] for one in found} == {"A"}
    assert "Lovelace" not in json.dumps(found)


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_each_ticket_of_a_changed_booking_is_on_the_list_once(
    client: httpx2.AsyncClient, limit: int
) -> None:
    """The numbers of its tickets have gaps."""
    event = await make_event(client, seat_map=SEATS)
    codes: list[str] = []
    for labels, new in ((["A-1-1", "A-1-2", "A-1-3"], "A-2-1"), (["A-1-4", "A-1-5"], "A-2-2")):
        hold = await place(client, event, {"seats": labels})
        booking = await confirm(client, hold)
        body = {"lines": [{"seats": [new]}], "returns": [{"seats": [labels[1]]}]}
        moved = await client.post(f"/v1/bookings/{booking['id']}/exchange", json=body)
        assert moved.status_code == 200, moved.text
        codes += await codes_of(client, hold, booking)
    found = await list_of(client, event, limit)
    assert sorted(one["code_hash"] for one in found) == sorted(map(hash_of, codes))
    assert {one["label"] for one in found} == {"A-1-1", "A-1-3", "A-2-1", "A-1-4", "A-2-2"}


async def test_a_void_code_is_on_the_list_with_its_reason(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    kept = await place(client, event, {"quantity": 2})
    booking = await confirm(client, kept)
    before = await codes_of(client, kept, booking)
    await client.post(f"/v1/bookings/{booking['id']}/tickets/1/reissue", headers=token_of(kept))
    after = await codes_of(client, kept, booking)
    gone = await place(client, event)
    cancelled = await confirm(client, gone)
    (void,) = await codes_of(client, gone, cancelled)
    await client.post(f"/v1/bookings/{cancelled['id']}/cancel", headers=token_of(gone))
    found = {one["code_hash"]: one["why"] for one in await list_of(client, event)}
    assert found == {
        hash_of(before[0]): "reissued",
        hash_of(after[0]): None,
        hash_of(before[1]): None,
        hash_of(void): "booking_cancelled",
    }


async def test_the_list_knows_who_is_in(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    hold = await place(client, event, {"quantity": 2})
    codes = await codes_of(client, hold, await confirm(client, hold))
    scan = {"seq": 1, "at": "2026-11-05T18:42:00Z", "code": codes[0], "gate": "Door A"}
    path = f"/v1/events/{event['number']}/check-ins"
    assert (await client.post(path, json={"device": "door-a", "items": [scan]})).status_code == 200
    found = {one["code_hash"]: one["movements"] for one in await list_of(client, event)}
    assert found[hash_of(codes[0])][""]["gate"] == "Door A"
    assert found[hash_of(codes[1])] == {}


async def test_the_list_is_signed_and_an_equal_one_is_not_sent_again(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    await confirm(client, await place(client, event))
    path = f"/v1/events/{event['number']}/check-in-list"
    answer = await client.get(path)
    (key,) = (await client.get("/.well-known/ticket-keys.json")).json()["keys"]
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "="))
    signature = b64decode(answer.headers["signature-ed25519"])
    public.verify(signature, b"HFL1" + answer.content)
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"HFL1" + answer.content.replace(b"null", b"true"))
    same = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    if same.status_code == 200:  # the hour has changed between both
        same = await client.get(path, headers={"If-None-Match": same.headers["etag"]})
    assert same.status_code == 304
