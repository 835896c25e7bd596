"""Exchange over HTTP: a booking has other admissions of its event, all of them or none."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx2
import pytest

from api.test_partial_cancel import changes_of, counts, sold
from api.test_tickets import check, tickets_of
from holdfast.inventory.inventory import Inventory
from support.ageing import lapse_hold
from support.http_app import KeyedClient
from support.http_sales import SEATS, Json, confirm, make_event, outcome_of, place, pointers, token_of
from support.selling import mirrored_seats, what_is_wrong


async def exchange(
    client: httpx2.AsyncClient,
    hold: Json | None,
    booking: Json,
    *lines: Json,
    returns: list[Json] | None = None,
    key: str | None = None,
) -> httpx2.Response:
    headers = ({} if hold is None else token_of(hold)) | ({} if key is None else {"Idempotency-Key": key})
    body: Json = {"lines": list(lines)} | ({} if returns is None else {"returns": returns})
    return await client.post(f"/v1/bookings/{booking['id']}/exchange", json=body, headers=headers)


async def test_seats_move_and_the_old_ones_are_free(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event, hold, booking = await sold(client, {"seats": ["A-1-1", "A-1-2", "A-1-3"]})
    answer = await exchange(
        client, hold, booking, {"seats": ["A-2-4", "A-2-5"]}, returns=[{"seats": ["A-1-1", "A-1-2"]}]
    )
    assert answer.status_code == 200, answer.text
    now = answer.json()
    assert [line["seats"] for line in now["lines"]] == [["A-1-3"], ["A-2-4", "A-2-5"]]
    assert (now["status"], now["quantity"]) == ("confirmed", 3)
    read = await client.get(f"/v1/bookings/{booking['id']}", headers=token_of(hold))
    assert read.json() == now
    assert await mirrored_seats(inventory, event["number"]) == dict.fromkeys(
        ["A-1-3", "A-2-4", "A-2-5"], "booked"
    )
    seats = (await client.get(f"/v1/events/{event['number']}/seats")).json()["items"]
    assert {seat["label"] for seat in seats} == {"A-1-3", "A-2-4", "A-2-5"}
    assert await counts(client, event) == (3, 16)
    assert await changes_of(client, event, "A-1-1") == ["held", "booked", "exchanged"]
    assert await changes_of(client, event, "A-2-4") == ["booked"]
    await place(client, event, {"seats": ["A-1-1", "A-1-2"]})
    assert what_is_wrong(database_url) == []


async def test_a_seat_on_both_sides_stays_with_its_ticket(client: httpx2.AsyncClient, database_url: str):
    event, hold, booking = await sold(client, {"seats": ["A-1-1", "A-1-2"]})
    before = {one["number"]: one for one in (await tickets_of(client, hold, booking))["items"]}
    answer = await exchange(client, hold, booking, {"seats": ["A-1-2", "A-1-3"]})
    assert answer.status_code == 200, answer.text
    after = {one["number"]: one for one in (await tickets_of(client, hold, booking))["items"]}
    assert {number: one["seat"]["label"] for number, one in after.items()} == {2: "A-1-2", 3: "A-1-3"}
    assert after[2]["code"] == before[2]["code"]
    assert await check(client, event["number"], before[1]["code"]) == ("void", "returned", None)
    assert (await check(client, event["number"], after[3]["code"]))[0] == "valid"
    assert await changes_of(client, event, "A-1-2") == ["held", "booked"]
    assert what_is_wrong(database_url) == []


async def test_a_seat_may_come_back(client: httpx2.AsyncClient, database_url: str):
    event, hold, booking = await sold(client, {"seats": ["A-1-1"]})
    for label in ("A-1-2", "A-1-1", "A-1-2"):
        answer = await exchange(client, hold, booking, {"seats": [label]})
        assert answer.json()["lines"] == [{"seats": [label], "category": "stalls"}]
    (ticket,) = (await tickets_of(client, hold, booking))["items"]
    assert (ticket["number"], ticket["of"], ticket["seat"]["label"]) == (4, 4, "A-1-2")
    cancelled = await client.post(f"/v1/bookings/{booking['id']}/cancel", headers=token_of(hold))
    assert (cancelled.json()["quantity"], cancelled.json()["lines"]) == (1, answer.json()["lines"])
    assert await changes_of(client, event, "A-1-2") == ["booked", "exchanged", "booked", "cancelled"]
    assert what_is_wrong(database_url) == []


async def test_areas_and_seats_can_be_exchanged_for_each_other(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event, hold, booking = await sold(client, {"quantity": 4, "area": "floor"})
    answer = await exchange(
        client,
        hold,
        booking,
        {"best_available": 2},
        {"quantity": 1, "area": "stand"},
        returns=[{"quantity": 3}],
    )
    assert answer.status_code == 200, answer.text
    now = answer.json()
    assert sum(len(line.get("seats", ())) for line in now["lines"]) == 2
    assert {"area": "floor", "quantity": 1} in now["lines"]
    assert {"area": "stand", "quantity": 1} in now["lines"]
    areas = (await client.get(f"/v1/events/{event['number']}/availability")).json()["areas"]
    assert {area["name"]: area["booked"] for area in areas} == {"floor": 1, "stand": 1}
    back = await exchange(client, hold, booking, {"quantity": 4, "area": "floor"})
    assert [(line["area"], line["quantity"]) for line in back.json()["lines"]] == [("floor", 1), ("floor", 3)]
    assert await mirrored_seats(inventory, event["number"]) == {}
    assert what_is_wrong(database_url) == []


@pytest.mark.parametrize(
    ("lines", "returns", "outcome", "where"),
    [
        ([{"seats": ["A-2-1", "A-2-2"]}], None, (409, "seat_taken"), "/lines/0/seats/1"),
        ([{"seats": ["A-2-1", "A-2-3"]}], None, (409, "seat_blocked"), "/lines/0/seats/1"),
        ([{"seats": ["A-2-1", "A-9-9"]}], None, (422, "seat_unknown"), "/lines/0/seats/1"),
        ([{"seats": ["A-2-1", "A-2-1"]}], None, (409, "duplicate_seat"), "/lines/0/seats/1"),
        ([{"best_available": 2, "category": "gold"}], None, (422, "area_unknown"), "/lines/0/category"),
        ([{"quantity": 2, "area": "stand"}], None, (409, "sold_out"), "/lines/0/quantity"),
        ([{"seats": ["A-2-1"]}], None, (422, "invalid_input"), "/lines"),
        ([{"seats": ["A-2-1"]}], [{"seats": ["A-2-4"]}], (409, "not_in_booking"), "/returns/0/seats/0"),
        ([{"seats": ["A-2-1"]}], [{"quantity": 1}], (409, "not_in_booking"), "/returns/0/quantity"),
    ],
)
async def test_a_refused_exchange_changes_nothing(
    client: httpx2.AsyncClient,
    database_url: str,
    lines: list[Json],
    returns: list[Json] | None,
    outcome: tuple[int, str],
    where: str,
):
    event, hold, booking = await sold(client, {"seats": ["A-1-1", "A-1-2"]})
    await place(client, event, {"seats": ["A-2-2"]}, {"quantity": 2, "area": "stand"})
    await client.post(f"/v1/events/{event['number']}/blocks", json={"seats": ["A-2-3"]})
    before = await counts(client, event)
    answer = await exchange(client, hold, booking, *lines, returns=returns)
    assert outcome_of(answer) == outcome, answer.text
    assert where in [pointer for pointer, _ in pointers(answer)]
    read = await client.get(f"/v1/bookings/{booking['id']}", headers=token_of(hold))
    assert read.json() == booking
    assert await counts(client, event) == before
    best = await place(client, event, {"best_available": 5, "together": False})
    assert {"A-1-1", "A-1-2"}.isdisjoint(best["lines"][0]["seats"]), "the engine still knows what is booked"
    assert what_is_wrong(database_url) == []


async def test_of_two_bookings_for_one_seat_one_gets_it(client: httpx2.AsyncClient, database_url: str):
    event = await make_event(client, seat_map=SEATS)
    sales = []
    for label in ("A-1-1", "A-1-2", "A-1-3", "A-1-4"):
        hold = await place(client, event, {"seats": [label]})
        sales.append((hold, await confirm(client, hold)))
    answers = await asyncio.gather(
        *(exchange(client, hold, booking, {"seats": ["A-2-1"]}) for hold, booking in sales)
    )
    assert sorted(map(outcome_of, answers)) == [(200, ""), *[(409, "seat_taken")] * 3]
    assert await counts(client, event) == (4, 6)
    assert what_is_wrong(database_url) == []


async def test_two_bookings_of_a_full_house_cannot_swap_by_themselves(
    client: httpx2.AsyncClient, database_url: str
):
    """Each one's new seat is the other's, so both keep what they have."""
    event = await make_event(client, seat_map=SEATS)
    first, second = [await place(client, event, {"seats": [label]}) for label in ("A-1-1", "A-1-2")]
    one, other = await confirm(client, first), await confirm(client, second)
    answers = await asyncio.gather(
        exchange(client, first, one, {"seats": ["A-1-2"]}),
        exchange(client, second, other, {"seats": ["A-1-1"]}),
    )
    assert [outcome_of(answer) for answer in answers] == [(409, "seat_taken")] * 2
    assert what_is_wrong(database_url) == []


async def test_a_buyer_exchanges_only_during_the_sale_and_staff_at_any_time(
    guest: httpx2.AsyncClient, keyed_client: KeyedClient
):
    staff = await keyed_client("organise", "sell", "read")
    event, hold, booking = await sold(staff, {"seats": ["A-1-1"]})
    url = f"/v1/events/{event['number']}"
    await staff.post(f"{url}/stop")
    assert outcome_of(await exchange(guest, hold, booking, {"seats": ["A-1-2"]})) == (409, "sales_stopped")
    moved = await exchange(staff, None, booking, {"seats": ["A-1-2"]})
    assert moved.json()["lines"][0]["seats"] == ["A-1-2"]
    await staff.post(f"{url}/resume")
    await staff.patch(url, json={"off_sale_at": "2020-01-01T00:00:00Z"})
    assert outcome_of(await exchange(guest, hold, booking, {"seats": ["A-1-3"]})) == (
        409,
        "event_not_on_sale",
    )
    assert (await exchange(staff, None, booking, {"seats": ["A-1-3"]})).status_code == 200
    await staff.post(f"{url}/cancel")
    assert outcome_of(await exchange(staff, None, booking, {"seats": ["A-1-4"]})) == (410, "event_cancelled")


async def test_a_cancelled_booking_has_nothing_to_exchange(client: httpx2.AsyncClient):
    _, hold, booking = await sold(client, {"seats": ["A-1-1"]})
    await client.post(f"/v1/bookings/{booking['id']}/cancel", headers=token_of(hold))
    answer = await exchange(client, hold, booking, {"seats": ["A-1-2"]})
    assert outcome_of(answer) == (409, "booking_already_cancelled")


async def test_a_retry_under_its_key_exchanges_once(client: httpx2.AsyncClient):
    _, hold, booking = await sold(client, {"quantity": 4, "area": "floor"})
    arguments = [{"quantity": 1, "area": "stand"}]
    returns = [{"quantity": 1, "area": "floor"}]
    key = "3a0d6c0f-7f4b-4b39-9a52-6d1e8f7c2b90"
    first = await exchange(client, hold, booking, *arguments, returns=returns, key=key)
    again = await exchange(client, hold, booking, *arguments, returns=returns, key=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert first.json()["lines"] == [{"area": "floor", "quantity": 3}, {"area": "stand", "quantity": 1}]


async def test_lapsed_holds_give_way_to_an_exchange(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event, hold, booking = await sold(client, {"seats": ["A-1-1"]}, {"quantity": 2, "area": "floor"})
    lapsed = await place(client, event, {"seats": ["A-1-2"]}, {"quantity": 3, "area": "stand"})
    lapse_hold(database_url, UUID(lapsed["id"]), inventory=inventory)
    answer = await exchange(client, hold, booking, {"seats": ["A-1-2"]}, {"quantity": 2, "area": "stand"})
    assert answer.status_code == 200, answer.text
    assert what_is_wrong(database_url) == []
