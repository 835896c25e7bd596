"""Another's hold, booking or event reads as not found, and no request changes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from scenarios.hostile.asking import digest
from scenarios.hostile.shop import Shop

NO_HOLD = "00000000-0119-84fa-8c96-00264f0ce97a"
Json = dict[str, Any]


def _without_instance(answer: httpx2.Response) -> Json:
    problem: Json = answer.json()
    return {name: value for name, value in problem.items() if name != "instance"}


def _wrong_tokens(shop: Shop) -> dict[str, str]:
    own = shop.hold["hold_token"]
    return {
        "another event's": shop.foreign["hold_token"],
        "another hold's of the event": shop.booked["hold_token"],
        "made up": "hfh_1_" + "x" * 43,
        "with another end": own[:-1] + ("A" if own[-1] != "A" else "B"),
        "with another event": own.replace(f"hfh_{shop.event['number']}_", f"hfh_{shop.other['number']}_"),
        "cut": own[:-1],
        "longer": own + "A",
        "upper case": own.upper(),
        "in quotes": f'"{own}"',
        "an API key's form": "hfk_abcd_" + "x" * 43,
        "SQL": "'OR''='",
    }


async def test_a_hold_is_not_found_without_its_own_token(
    client: httpx2.AsyncClient, shop: Shop, database_url: str
):
    """Every request with every wrong token gets the same 404 as an unknown hold, and changes no row."""
    before = digest(database_url)
    for name, token in _wrong_tokens(shop).items():
        for send in _requests_on_a_hold():
            foreign = await send(client, shop.hold["id"], token)
            missing = await send(client, NO_HOLD, token)
            assert foreign.status_code == 404, (name, foreign.text)
            assert _without_instance(foreign) == _without_instance(missing), name
    assert digest(database_url) == before


def _requests_on_a_hold() -> list[Callable[[httpx2.AsyncClient, str, str], Awaitable[httpx2.Response]]]:
    return [
        lambda client, hold, token: client.get(f"/v1/holds/{hold}", headers={"Hold-Token": token}),
        lambda client, hold, token: client.get(
            f"/v1/holds/{hold}", headers={"Authorization": f"Hold {token}"}
        ),
        lambda client, hold, token: client.post(f"/v1/holds/{hold}/extend", headers={"Hold-Token": token}),
        lambda client, hold, token: client.post(f"/v1/holds/{hold}/extend", json={"hold_token": token}),
        lambda client, hold, token: client.post(f"/v1/holds/{hold}/release", headers={"Hold-Token": token}),
        lambda client, hold, token: client.post(f"/v1/holds/{hold}/release", json={"hold_token": token}),
        lambda client, hold, token: client.post("/v1/bookings", json={"hold": hold, "hold_token": token}),
        lambda client, hold, token: client.post(
            "/v1/bookings", json={"hold": hold}, headers={"Hold-Token": token}
        ),
    ]


async def test_a_booking_is_not_found_without_its_own_token(
    client: httpx2.AsyncClient, shop: Shop, database_url: str
):
    before = digest(database_url)
    for token in [shop.hold["hold_token"], shop.foreign["hold_token"], "hfh_1_" + "x" * 43]:
        for id in (shop.booking["id"], NO_HOLD, shop.hold["id"]):
            header = {"Hold-Token": token}
            assert (await client.get(f"/v1/bookings/{id}", headers=header)).status_code == 404
            assert (await client.post(f"/v1/bookings/{id}/cancel", headers=header)).status_code == 404
            assert (
                await client.post(f"/v1/bookings/{id}/cancel", json={"hold_token": token})
            ).status_code == 404
    assert digest(database_url) == before


async def test_staff_cannot_reach_a_resource_through_another_event(
    client: httpx2.AsyncClient, shop: Shop, database_url: str
):
    """A hold or block is not found under another event, nor under the path of another kind of resource."""
    before = digest(database_url)
    for path in [
        f"/v1/events/{shop.other['number']}/holds/{shop.hold['id']}/release",
        f"/v1/events/{shop.event['number']}/holds/{shop.foreign['id']}/release",
        f"/v1/events/{shop.other['id']}/blocks/{shop.block['id']}/lift",
        f"/v1/events/{shop.event['number']}/holds/{shop.block['id']}/release",
        f"/v1/events/{shop.event['number']}/holds/{shop.booking['id']}/release",
        f"/v1/events/{shop.event['number']}/blocks/{shop.hold['id']}/lift",
        f"/v1/events/{shop.event['number']}/blocks/{shop.event['id']}/lift",
        f"/v1/events/{shop.hold['id']}/cancel",
        f"/v1/events/{shop.hold['id']}/stop",
        f"/v1/bookings/{shop.block['id']}/cancel",
        f"/reservations/{shop.hold['id']}/release",
        f"/reservations/{shop.hold['id']}/confirm",
        f"/reservations/{shop.booking['id']}/confirm",
        f"/seats/{shop.event['number'] * 1_000_000 + 999_999}/reserve?user_id=1",
        f"/seats/{shop.other['number'] * 1_000_000 + 1}/reserve?user_id=1",
        f"/seats/{shop.other['number'] * 1_000_000}/confirm?user_id=1",
    ]:
        answer = await client.post(path)
        assert answer.status_code == 404, (path, answer.text)
    assert digest(database_url) == before


async def test_another_events_seats_and_areas_are_unknown(
    client: httpx2.AsyncClient, shop: Shop, database_url: str
):
    before = digest(database_url)
    for event, line, code in [
        (shop.other, {"seats": ["A-1-1"]}, "seat_unknown"),
        (shop.event, {"seats": ["B1"]}, "seat_unknown"),
        (shop.event, {"seats": ["A-1-99"]}, "seat_unknown"),
        (shop.event, {"quantity": 1, "area": "gallery"}, "area_unknown"),
        (shop.event, {"best_available": 1, "category": "balcony"}, "area_unknown"),
        (shop.event, {"seats": ["A-1-1", "a-1-1"]}, "duplicate_seat"),
        (shop.event, {"seats": ["A-1-1", " A-1-1 "]}, "duplicate_seat"),
        (shop.event, {"seats": [f"A-1-{n}" for n in range(1_001)]}, "invalid_input"),
        (shop.event, {"seats": [f"A-1-{n}" for n in range(501)]}, "quantity_over_limit"),
        (shop.event, {"quantity": 1_000_000, "area": "general"}, "sold_out"),
    ]:
        answer = await client.post("/v1/holds", json={"event": event["number"], "lines": [line]})
        assert answer.json()["code"] == code, (line, answer.text)
    twice = [{"seats": ["A-1-1"]}, {"seats": ["a-1-1"]}]
    answer = await client.post("/v1/holds", json={"event": shop.event["number"], "lines": twice})
    assert answer.json()["code"] == "duplicate_seat"
    most = [{"quantity": 1_000_000, "area": "general"}] * 50
    answer = await client.post("/v1/holds", json={"event": shop.event["number"], "lines": most})
    assert answer.json()["code"] in {"sold_out", "quantity_over_limit"}
    most = [{"quantity": 1, "area": "general"}] * 51
    answer = await client.post("/v1/holds", json={"event": shop.event["number"], "lines": most})
    assert answer.status_code == 422
    assert digest(database_url) == before


async def test_dialect_clients_reach_only_their_own_holds(
    client: httpx2.AsyncClient, shop: Shop, database_url: str
):
    """Another's payment token or user id is refused, with the status of each document."""
    before = digest(database_url)
    for body, status in [
        ({"hold_id": shop.hold["id"], "payment_token": shop.foreign["hold_token"]}, 400),
        ({"hold_id": shop.foreign["id"], "payment_token": shop.hold["hold_token"]}, 400),
        ({"hold_id": shop.booking["id"], "payment_token": shop.booked["hold_token"]}, 404),
        ({"hold_id": NO_HOLD, "payment_token": shop.hold["hold_token"]}, 404),
        ({"hold_id": None, "show_id": shop.other["number"], "seat_count": 1}, 404),
        ({"hold_id": shop.foreign["id"]}, 400),
    ]:
        answer = await client.post("/book", json=body)
        assert answer.status_code == status, (body, answer.text)
    for user in ("0", "999999", "81'", f"{shop.user} 1"):
        seat = shop.seats[0]["id"]
        answer = await client.post(f"/seats/{seat}/confirm", params={"user_id": user})
        assert answer.status_code == 400, (user, answer.text)
    assert digest(database_url) == before


@pytest.mark.parametrize("status", ["released", "expired"])
async def test_the_token_of_an_ended_hold_is_refused(
    client: httpx2.AsyncClient, shop: Shop, database_url: str, status: str
):
    from support.ageing import lapse_hold

    token = {"Hold-Token": shop.hold["hold_token"]}
    if status == "released":
        await client.post(f"/v1/holds/{shop.hold['id']}/release", headers=token)
    else:
        lapse_hold(database_url, shop.hold["id"])
    for path, body in [
        (f"/v1/holds/{shop.hold['id']}/extend", {}),
        ("/v1/bookings", {"hold": shop.hold["id"]}),
    ]:
        answer = await client.post(path, json=body, headers=token)
        assert answer.status_code == 410, answer.text
        assert answer.json()["code"] == f"hold_{status}"


async def test_a_closed_server_refuses_strangers(
    client: httpx2.AsyncClient, shop: Shop, guest: httpx2.AsyncClient, database_url: str
):
    """Every staff route, with a hold token, an invented key or forged headers: 401, and no row changes."""
    from scenarios.hostile.all_targets import all_targets
    from scenarios.hostile.people import People

    before = digest(database_url)
    forged = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Host": "localhost", "X-User-Id": "1"}
    tokens: list[dict[str, str]] = [
        {},
        forged,
        {"Hold-Token": shop.hold["hold_token"]},
        {"Authorization": f"Hold {shop.hold['hold_token']}"},
        {"Authorization": f"Bearer {shop.hold['hold_token']}"},
        {"Authorization": "Bearer hfk_open_" + "x" * 43},
    ]
    for target in all_targets(shop, People()):
        if not target.staff:
            continue
        for headers in tokens:
            url = target.path + ("?" + target.query if target.query else "")
            answer = await guest.request(target.method, url, json=target.body, headers=headers)
            assert answer.status_code == 401, (target.route, headers, answer.text)
            assert "www-authenticate" in answer.headers
    assert digest(database_url) == before


async def test_an_idempotency_key_belongs_to_one_request(client: httpx2.AsyncClient, shop: Shop):
    """The same key with another body is refused, and never returns the first answer."""
    key = {"Idempotency-Key": str(uuid4())}
    body: Json = {"event": shop.other["number"], "lines": [{"quantity": 1}]}
    first = await client.post("/v1/holds", json=body, headers=key)
    assert first.status_code == 201
    for other in [
        {**body, "lines": [{"quantity": 2}]},
        {**body, "buyer": "a"},
        {**body, "ttl_seconds": None},
        {**body, "allow_partial": False},
    ]:
        answer = await client.post("/v1/holds", json=other, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert "hfh_" not in answer.text
    again = await asyncio.gather(*(client.post("/v1/holds", json=body, headers=key) for _ in range(20)))
    assert {one.text for one in again} == {first.text}
