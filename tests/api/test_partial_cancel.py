"""Partial cancel over HTTP: what is named returns, and the rest stays booked with its tickets."""

from __future__ import annotations

import httpx2
import pytest

from api.test_tickets import check, tickets_of
from holdfast.api.v1.hold_answers import BookingOut
from holdfast.inventory.inventory import Inventory
from support.http_app import KeyedClient
from support.http_sales import SEATS, Json, confirm, make_event, outcome_of, place, pointers, token_of
from support.selling import what_is_wrong

AREAS = [{"name": "floor", "capacity": 6}, {"name": "stand", "capacity": 3}]


async def cancel(
    client: httpx2.AsyncClient, hold: Json, booking: Json, *lines: Json, key: str | None = None
) -> httpx2.Response:
    headers = token_of(hold) | ({} if key is None else {"Idempotency-Key": key})
    body = {"lines": list(lines)} if lines else {}
    return await client.post(f"/v1/bookings/{booking['id']}/cancel", json=body, headers=headers)


async def sold(client: httpx2.AsyncClient, *lines: Json, **given: object) -> tuple[Json, Json, Json]:
    """Sell these lines of a new event. Return the event, the hold and the booking."""
    event = await make_event(client, areas=AREAS, seat_map=SEATS, **given)
    hold = await place(client, event, *lines)
    return event, hold, await confirm(client, hold)


async def counts(client: httpx2.AsyncClient, event: Json) -> tuple[int, int]:
    """Return the booked and the available admissions."""
    found = (await client.get(f"/v1/events/{event['number']}/availability")).json()
    return found["booked"], found["available"]


async def changes_of(client: httpx2.AsyncClient, event: Json, label: str) -> list[str]:
    answer = await client.get(f"/v1/events/{event['number']}/seats/{label}/history")
    return [item["change"] for item in answer.json()["items"]]


async def test_the_rest_stays_booked(client: httpx2.AsyncClient, database_url: str):
    seats = {"seats": ["A-1-1", "A-1-2", "A-1-3"]}
    event, hold, booking = await sold(client, seats, {"quantity": 4, "area": "floor"})
    answer = await cancel(client, hold, booking, {"seats": ["A-1-2"]}, {"quantity": 1})
    assert answer.status_code == 200, answer.text
    BookingOut.model_validate_json(answer.content)
    left = answer.json()
    assert (left["status"], left["quantity"]) == ("confirmed", 5)
    assert left["lines"] == [
        {"seats": ["A-1-1", "A-1-3"], "category": "stalls"},
        {"area": "floor", "quantity": 3},
    ]
    read = await client.get(f"/v1/bookings/{booking['id']}", headers=token_of(hold))
    assert read.json() == left
    assert await counts(client, event) == (5, 14)
    await place(client, event, {"seats": ["A-1-2"]}, {"quantity": 3, "area": "floor"})
    assert await changes_of(client, event, "A-1-2") == ["held", "booked", "cancelled", "held"]
    assert what_is_wrong(database_url) == []


async def test_tickets_of_the_rest_keep_their_codes(client: httpx2.AsyncClient):
    seats = {"seats": ["A-1-1", "A-1-2", "A-1-3"]}
    event, hold, booking = await sold(client, seats, {"quantity": 2, "area": "floor"})
    before = {one["number"]: one for one in (await tickets_of(client, hold, booking))["items"]}
    url = f"/v1/bookings/{booking['id']}/tickets/4/reissue"
    reissued = (await client.post(url, headers=token_of(hold))).json()
    await cancel(client, hold, booking, {"seats": ["A-1-2"]}, {"quantity": 1})
    after = {one["number"]: one for one in (await tickets_of(client, hold, booking))["items"]}
    assert list(after) == [1, 3, 4]
    assert [after[1]["code"], after[3]["code"], after[4]["code"]] == [
        before[1]["code"], before[3]["code"], reissued["code"],
    ]  # fmt: skip
    assert after[3]["seat"]["label"] == "A-1-3"
    assert await check(client, event["number"], before[3]["code"]) == ("valid", None, after[3]["reference"])
    assert await check(client, event["number"], before[2]["code"]) == ("void", "returned", None)
    assert await check(client, event["number"], before[5]["code"]) == ("void", "returned", None)
    for number in (2, 5):
        gone = await client.post(
            f"/v1/bookings/{booking['id']}/tickets/{number}/reissue", headers=token_of(hold)
        )
        assert outcome_of(gone) == (404, "ticket_not_found")


async def test_a_cancel_of_all_that_is_left_cancels_the_booking(
    client: httpx2.AsyncClient, database_url: str
):
    event, hold, booking = await sold(client, {"seats": ["A-1-1", "A-1-2"]})
    await cancel(client, hold, booking, {"seats": ["A-1-1"]})
    answer = await cancel(client, hold, booking, {"seats": ["A-1-2"]})
    assert (answer.json()["status"], answer.json()["quantity"]) == ("cancelled", 1)
    assert answer.json()["lines"] == [{"seats": ["A-1-2"], "category": "stalls"}]
    again = await cancel(client, hold, booking, {"seats": ["A-1-2"]})
    assert (again.status_code, again.json()) == (200, answer.json())
    assert await counts(client, event) == (0, 19)
    assert what_is_wrong(database_url) == []


@pytest.mark.parametrize(
    ("lines", "outcome", "where"),
    [
        ([{"seats": ["A-1-1", "A-2-5"]}], (409, "not_in_booking"), "/lines/0/seats/1"),
        ([{"seats": ["Z-9"]}], (409, "not_in_booking"), "/lines/0/seats/0"),
        ([{"seats": ["A-1-1"]}, {"seats": ["A-1-1"]}], (409, "duplicate_seat"), "/lines/1/seats/0"),
        ([{"quantity": 3, "area": "floor"}], (409, "not_in_booking"), "/lines/0/quantity"),
        ([{"quantity": 1}], (422, "area_required"), "/lines/0/area"),
        ([{"quantity": 1, "area": "roof"}], (422, "area_unknown"), "/lines/0/area"),
        ([{"best_available": 1}], (422, "invalid_input"), "/lines/0/best_available"),
        ([{"seats": ["A-1-1"], "quantity": 1}], (422, "invalid_input"), "/lines/0"),
    ],
)
async def test_a_refused_cancel_changes_nothing(
    client: httpx2.AsyncClient, lines: list[Json], outcome: tuple[int, str], where: str
):
    seats, floor, stand = (
        {"seats": ["A-1-1", "A-1-2"]},
        {"quantity": 2, "area": "floor"},
        {"quantity": 1, "area": "stand"},
    )
    event, hold, booking = await sold(client, seats, floor, stand)
    answer = await cancel(client, hold, booking, *lines)
    assert outcome_of(answer) == outcome, answer.text
    assert where in [pointer for pointer, _ in pointers(answer)]
    read = await client.get(f"/v1/bookings/{booking['id']}", headers=token_of(hold))
    assert read.json() == booking
    assert await counts(client, event) == (5, 14)


async def test_a_retry_under_its_key_cancels_once(client: httpx2.AsyncClient):
    event, hold, booking = await sold(client, {"quantity": 4, "area": "floor"})
    key = "5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11"
    first = await cancel(client, hold, booking, {"quantity": 1}, key=key)
    again = await cancel(client, hold, booking, {"quantity": 1}, key=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    other = await cancel(client, hold, booking, {"quantity": 2}, key=key)
    assert outcome_of(other) == (422, "idempotency_key_reused")
    assert await counts(client, event) == (3, 16)


async def test_what_returned_no_longer_counts_for_the_buyer(client: httpx2.AsyncClient):
    event = await make_event(client, capacity=10, max_per_buyer=4)
    hold = await place(client, event, {"quantity": 4}, buyer="ann")
    booking = await confirm(client, hold)
    await cancel(client, hold, booking, {"quantity": 3})
    await place(client, event, {"quantity": 3}, buyer="ann")
    refused = await client.post(
        "/v1/holds", json={"event": event["number"], "lines": [{"quantity": 1}], "buyer": "ann"}
    )
    assert outcome_of(refused) == (422, "quantity_over_limit")


async def test_another_token_gets_the_answer_for_no_booking(
    guest: httpx2.AsyncClient, keyed_client: KeyedClient
):
    staff = await keyed_client("organise", "sell", "read")
    _, _, booking = await sold(staff, {"seats": ["A-1-1", "A-1-2"]})
    _, other, _ = await sold(staff, {"seats": ["A-1-1"]})
    refused = await cancel(guest, other, booking, {"seats": ["A-1-1"]})
    assert outcome_of(refused) == (404, "booking_not_found")


async def test_a_past_moment_shows_what_was_booked_then(client: httpx2.AsyncClient, inventory: Inventory):
    event, hold, booking = await sold(client, {"quantity": 4, "area": "floor"})
    number = event["number"]
    before = (await client.get(f"/v1/events/{number}/availability")).json()["as_of"]
    await cancel(client, hold, booking, {"quantity": 1})
    then = await client.get(f"/v1/events/{number}/availability", params={"as_of": before})
    assert then.json()["booked"] == 4
    notices, _, _ = await inventory.queries.list_notices(number, since=-1, max_versions=100)
    last = notices[-1]
    assert (last.kind, last.data["areas"]) == ("booking.changed", {"1": -1})
    assert last.data["booking"] == booking["id"]
