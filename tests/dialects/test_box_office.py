"""Dialect 1: the first two documents, call by call."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

import pytest

from support.ageing import lapse_hold
from support.http_app import client_of as client_of_app
from support.http_app import running_app


async def make_event(client, **members):
    answer = await client.post("/events", json={"name": "Concert XYZ", "total_seats": 1000, **members})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def make_hold(client, event, **members):
    answer = await client.post("/holds", json={"event_id": event["event_id"], "qty": 5, **members})
    assert answer.status_code == 201, answer.text
    return answer.json()


def pair(hold):
    return {"hold_id": hold["hold_id"], "payment_token": hold["payment_token"]}


async def status_of(client, event):
    found = (await client.get(f"/events/{event['event_id']}")).json()
    return tuple(found[name] for name in ("total", "available", "held", "booked"))


async def test_the_document_from_event_to_booking(client):
    """Document 000: its four calls with its own bodies."""
    created = await client.post("/events", json={"name": "Concert XYZ", "total_seats": 1000})
    assert created.status_code == 201
    event = created.json()
    assert event["total_seats"] == 1000
    assert UUID(event["event_id"])
    assert event["created_at"].endswith("Z")

    held = await client.post("/holds", json={"event_id": event["event_id"], "qty": 5})
    assert held.status_code == 201
    hold = held.json()
    assert set(hold) >= {"hold_id", "expires_at", "payment_token"}
    assert hold["expires_at"].endswith("Z")

    booked = await client.post("/book", json=pair(hold))
    assert booked.status_code == 200
    assert UUID(booked.json()["booking_id"])

    status = await client.get(f"/events/{event['event_id']}")
    assert status.status_code == 200
    assert status.json() == {
        "event_id": event["event_id"],
        "name": "Concert XYZ",
        "total": 1000,
        "available": 995,
        "held": 0,
        "booked": 5,
    }


async def test_the_second_documents_own_calls(client):
    """Document 001: the first event is number 1, and its example uses the string `"1"`."""
    created = await client.post("/events", json={"name": "Concert", "total_seats": 100})
    assert created.json()["number"] == 1
    held = await client.post("/holds", json={"event_id": "1", "qty": 5})
    assert held.status_code == 201
    lost = await client.post("/book", json={"hold_id": "abc123", "payment_token": "xyz789"})
    assert lost.status_code == 404


@pytest.mark.parametrize("path", ["/events", "/events/"])
async def test_a_trailing_slash_changes_nothing(client, path):
    """A redirected POST would lose its body."""
    answer = await client.post(path, json={"name": "Concert", "total_seats": 1})
    assert answer.status_code == 201
    number = answer.json()["number"]
    held = await client.post("/holds" + path[7:], json={"event_id": number, "qty": 1})
    assert (await client.post("/book" + path[7:], json=pair(held.json()))).status_code == 200
    assert (await client.get(f"/events/{number}{path[7:]}")).json()["booked"] == 1


async def test_an_event_is_found_by_id_number_or_number_text(client):
    event = await make_event(client)
    for ref in (event["event_id"], event["number"], str(event["number"])):
        assert (await make_hold(client, {"event_id": ref}))["event_id"] == event["event_id"]
        assert (await client.get(f"/events/{ref}")).status_code == 200


@pytest.mark.parametrize("ref", ["abc", "0", 0, -1, 1 << 40, "00000000-0000-0000-0000-000000000000", 99])
async def test_an_event_that_cannot_exist_is_not_found(client, ref):
    held = await client.post("/holds", json={"event_id": ref, "qty": 1})
    assert held.status_code == 404
    assert held.json()["detail"]
    assert (await client.get(f"/events/{ref}")).status_code == 404


async def test_a_hold_lasts_two_minutes_or_its_ttl(client):
    event = await make_event(client)
    for members, seconds in (({}, 120), ({"ttl": 300}, 300), ({"ttl": 999_999_999_999}, 1800)):
        hold = await make_hold(client, event, **members)
        left = datetime.fromisoformat(hold["expires_at"]) - datetime.now().astimezone()
        assert seconds - 60 < left.total_seconds() <= seconds + 1


async def test_one_hold_may_take_a_whole_event_of_the_dialect(client):
    """The default `max_per_hold` of `/v1` is not for the documents' own events."""
    event = await make_event(client, total_seats=100)
    answer = await client.post("/holds", json={"event_id": event["event_id"], "qty": 100})
    assert (answer.status_code, answer.json()["qty"]) == (201, 100)


async def test_a_hold_above_capacity_is_400_and_takes_nothing(client):
    event = await make_event(client, total_seats=3)
    answer = await client.post("/holds", json={"event_id": event["event_id"], "qty": 5})
    assert answer.status_code == 400
    assert answer.json()["detail"] == answer.json()["error"] == "Not enough seats available: 3 left."
    assert await status_of(client, event) == (3, 3, 0, 0)


async def test_partial_fulfilment_holds_what_is_left_and_at_least_one(client):
    for policy, members in (({"partial_fulfillment": True}, {}), ({}, {"allow_partial": True})):
        event = await make_event(client, total_seats=3, **policy)
        hold = await make_hold(client, event, **members)
        assert (hold["qty"], hold["requested_qty"]) == (3, 5)
        assert (await client.post("/book", json=pair(hold))).json()["qty"] == 3
        nothing = await client.post("/holds", json={"event_id": event["event_id"], "qty": 5, **members})
        assert nothing.status_code == 400
    event = await make_event(client, total_seats=3, partial_fulfillment=True)
    refused = await client.post(
        "/holds", json={"event_id": event["event_id"], "qty": 5, "allow_partial": False}
    )
    assert refused.status_code == 400


@pytest.mark.parametrize("qty", [0, -1, -(1 << 62), 1.5, True, "5", None, [5], 1 << 70])
async def test_an_invalid_quantity_is_refused_and_takes_nothing(client, qty):
    """A negative quantity would return seats that nobody had."""
    event = await make_event(client, total_seats=10)
    answer = await client.post("/holds", json={"event_id": event["event_id"], "qty": qty})
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert await status_of(client, event) == (10, 10, 0, 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"total_seats": 5},
        {"name": " ", "total_seats": 5},
        {"name": "x", "total_seats": 0},
        [],
    ],
)
async def test_an_event_needs_a_name_and_seats(client, body):
    assert (await client.post("/events", json=body)).status_code == 400


async def test_a_repeated_pair_gets_the_same_booking(client):
    event = await make_event(client)
    hold = await make_hold(client, event)
    first = await client.post("/book", json=pair(hold))
    again = await client.post("/book", json=pair(hold))
    assert again.status_code == 200
    assert again.json() == first.json()
    assert await status_of(client, event) == (1000, 995, 0, 5)


async def test_32_concurrent_confirms_of_one_hold_give_one_booking(client):
    event = await make_event(client)
    hold = await make_hold(client, event)
    answers = await asyncio.gather(*(client.post("/book", json=pair(hold)) for _ in range(32)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["booking_id"] for answer in answers}) == 1
    assert await status_of(client, event) == (1000, 995, 0, 5)


@pytest.mark.parametrize("token", ["xyz789", "", None, 7, ["a"], "hfh_1_" + "A" * 43])
async def test_a_wrong_payment_token_is_400(client, token):
    event = await make_event(client)
    hold = await make_hold(client, event)
    answer = await client.post("/book", json={"hold_id": hold["hold_id"], "payment_token": token})
    assert answer.status_code == 400
    assert answer.json() == {"detail": "Invalid payment token", "error": "Invalid payment token"}
    missing = await client.post("/book", json={"hold_id": hold["hold_id"]})
    assert missing.status_code == 400
    assert await status_of(client, event) == (1000, 995, 5, 0)


async def test_another_holds_token_is_refused(client):
    event = await make_event(client)
    mine, other = await make_hold(client, event), await make_hold(client, event)
    answer = await client.post(
        "/book", json={"hold_id": mine["hold_id"], "payment_token": other["payment_token"]}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "hold_id",
    [
        "abc123",
        17,
        None,
        [],
        {},
        "00000000-0000-0000-0000-000000000000",
        "00000000-639c-8d4e-8a51-0f2f6f1c7a90",
    ],
)
async def test_a_missing_hold_is_404(client, hold_id):
    answer = await client.post("/book", json={"hold_id": hold_id, "payment_token": "xyz789"})
    assert answer.status_code == 404
    assert answer.json()["detail"]


async def test_a_lapsed_hold_is_400_and_its_seats_are_free_without_worker(client, database_url, inventory):
    event = await make_event(client, total_seats=5)
    hold = await make_hold(client, event)
    assert await status_of(client, event) == (5, 0, 5, 0)
    lapse_hold(database_url, hold["hold_id"], inventory=inventory)
    assert await status_of(client, event) == (5, 5, 0, 0)
    late = await client.post("/book", json=pair(hold))
    assert late.status_code == 400
    assert "expired" in late.json()["detail"]
    second = await make_hold(client, event)
    assert (await client.post("/book", json=pair(second))).status_code == 200
    assert await status_of(client, event) == (5, 0, 0, 5)


async def test_a_booked_hold_stays_booked_past_its_expiry(client, database_url, inventory):
    event = await make_event(client)
    hold = await make_hold(client, event)
    booking = (await client.post("/book", json=pair(hold))).json()
    lapse_hold(database_url, hold["hold_id"], inventory=inventory)
    again = await client.post("/book", json=pair(hold))
    assert (again.status_code, again.json()) == (200, booking)


async def test_64_racing_clients_sell_each_of_100_seats_once(client):
    """Each holds and books one seat at a time, until none is left."""
    event = await make_event(client, total_seats=100)

    async def buy() -> list[str]:
        bookings = []
        while True:
            held = await client.post("/holds", json={"event_id": event["event_id"], "qty": 1})
            if held.status_code == 400:
                return bookings
            assert held.status_code == 201
            booked = await client.post("/book", json=pair(held.json()))
            assert booked.status_code == 200
            bookings.append(booked.json()["booking_id"])

    bought = await asyncio.gather(*(buy() for _ in range(64)))
    ids = [id for bookings in bought for id in bookings]
    assert len(ids) == len(set(ids)) == 100
    assert await status_of(client, event) == (100, 0, 0, 100)


async def test_two_processes_sell_no_seat_twice(client, database_url):
    event = await make_event(client, total_seats=40)
    async with running_app(database_url) as second, client_of_app(second) as other:
        members = {"event_id": event["event_id"], "qty": 1}
        answers = await asyncio.gather(
            *((client, other)[turn % 2].post("/holds", json=members) for turn in range(64))
        )
    assert sorted(answer.status_code for answer in answers) == [201] * 40 + [400] * 24
    assert await status_of(client, event) == (40, 0, 40, 0)


async def test_unknown_members_are_ignored(client):
    event = await make_event(client, organiser="me", tags=[1, 2])
    hold = await make_hold(client, event, colour="red")
    assert (await client.post("/book?_=17", json={**pair(hold), "note": "x"})).status_code == 200


async def test_guests_of_a_closed_server_hold_and_book_only(guest, keyed_client):
    organiser = await keyed_client("organise")
    event = await make_event(organiser)
    refused = await guest.post("/events", json={"name": "Concert", "total_seats": 100})
    assert refused.status_code == 401
    assert (
        await (await keyed_client("sell")).post("/events", json={"name": "x", "total_seats": 1})
    ).status_code == 403
    hold = await make_hold(guest, event)
    assert (await guest.post("/book", json=pair(hold))).status_code == 200
    assert (await guest.get(f"/events/{event['number']}")).status_code == 200
