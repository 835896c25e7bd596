"""Dialects 2 and 3 on a closed server: a signed-in account acts for itself, by its cookie or its access token.

The kind is "a call for somebody else". Its members are every route that names a user, or a reservation of one. The
calls are those of the documents.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_app import KeyedClient, client_of
from support.http_sales import make_event
from support.people import PASSWORD, make_account, signed_in

SEATS = {"labels": ["A1", "A2", "A3"]}


@asynccontextmanager
async def by_token(app: Application, name: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app, peer="203.0.113.9") as client:
        form = {"grant_type": "password", "username": f"{name}@example.org", "password": PASSWORD}
        token = (await client.post("/v1/token", data=form)).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
async def event(keyed_client: KeyedClient) -> int:
    organiser = await keyed_client("organise")
    made = await make_event(organiser, seat_map=SEATS)
    number: int = made["number"]
    return number


@pytest.fixture(params=["cookie", "token"])
async def buyer(
    request: pytest.FixtureRequest, closed_app: Application
) -> AsyncIterator[tuple[int, httpx2.AsyncClient]]:
    account = await make_account(closed_app, "ada")
    async with (signed_in if request.param == "cookie" else by_token)(closed_app, "ada") as client:
        yield account, client


async def test_a_user_reserves_and_confirms_a_seat_of_the_arena(
    buyer: tuple[int, httpx2.AsyncClient], event: int
) -> None:
    account, client = buyer
    seats = (await client.get("/seats/", params={"event_id": event})).json()
    assert [seat["status"] for seat in seats] == ["AVAILABLE"] * 3
    seat = seats[0]["id"]
    assert (await client.post(f"/seats/{seat}/reserve", params={"user_id": account})).status_code == 200
    assert (await client.get("/seats/")).json()[0]["reserved_by"] == str(account)
    confirmed = await client.post(f"/seats/{seat}/confirm", params={"user_id": account})
    assert confirmed.json() == {"message": "Seat confirmed", "seat_id": seat}


async def test_a_user_holds_confirms_and_releases_a_seat_of_a_show(
    buyer: tuple[int, httpx2.AsyncClient], event: int
) -> None:
    account, client = buyer
    assert len((await client.get(f"/shows/{event}/seats")).json()) == 3
    ends = {"A1": ("confirm", "CONFIRMED"), "A2": ("release", "CANCELLED")}
    for label, (verb, status) in ends.items():
        body = {"show_id": event, "seat_number": label, "hold_minutes": 10}
        held = await client.post(f"/reservations/{account}/hold", json=body)
        assert (held.status_code, held.json()["user_id"]) == (201, account)
        ended = await client.post(f"/reservations/{held.json()['id']}/{verb}")
        assert ended.json()["status"] == status
    found = (await client.get(f"/shows/{event}/availability")).json()
    assert [seat["status"] for seat in found] == ["CONFIRMED", "AVAILABLE", "AVAILABLE"]


async def test_a_user_does_nothing_for_another_one(
    closed_app: Application, buyer: tuple[int, httpx2.AsyncClient], event: int, keyed_client: KeyedClient
) -> None:
    account, client = buyer
    shop, other = await keyed_client("sell"), await make_account(closed_app, "grace")
    seat = event * 1_000_000 + 1
    assert (await shop.post(f"/seats/{seat}/reserve", params={"user_id": other})).status_code == 200
    for user in (other, 0, f"{account} ", f"0{account}", "ada"):
        for verb in ("reserve", "confirm"):
            answer = await client.post(f"/seats/{seat}/{verb}", params={"user_id": user})
            assert answer.status_code in (400, 403), answer.text
    assert (await client.post(f"/seats/{seat}/reserve", params={"user_id": account})).status_code == 400
    seats = (await client.get("/seats/", params={"event_id": event})).json()
    assert (seats[0]["status"], seats[0]["reserved_by"]) == ("RESERVED", None)

    body = {"show_id": event, "seat_number": "A2", "hold_minutes": 10}
    assert (await client.post(f"/reservations/{other}/hold", json=body)).status_code == 403
    foreign = (await shop.post(f"/reservations/{other}/hold", json=body)).json()
    absent = "00000000-1c9b-8d4f-9b10-51c2d7e0a4b3"
    for verb in ("confirm", "release"):
        answers = [await client.post(f"/reservations/{id}/{verb}") for id in (foreign["id"], absent)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["detail"] == answers[1].json()["detail"]


async def test_a_user_sees_no_draft_and_creates_nothing(
    buyer: tuple[int, httpx2.AsyncClient], event: int, keyed_client: KeyedClient
) -> None:
    account, client = buyer
    draft = (await make_event(await keyed_client("organise"), seat_map=SEATS, status="draft"))["number"]
    body = {"show_id": draft, "seat_number": "A1", "hold_minutes": 10}
    for answer in (
        await client.get("/seats/", params={"event_id": draft}),
        await client.get(f"/shows/{draft}/seats"),
        await client.get(f"/shows/{draft}/availability"),
        await client.post(f"/seats/{draft * 1_000_000 + 1}/reserve", params={"user_id": account}),
        await client.post(f"/reservations/{account}/hold", json=body),
    ):
        assert answer.status_code == 404, answer.text
    show = {"title": "Hamlet", "venue": "Globe", "starts_at": "2027-11-05T19:30:00Z"}
    assert (await client.post("/shows/", json=show)).status_code == 403
    assert (await client.post(f"/shows/{event}/seats", json=["Z1"])).status_code == 403


async def test_a_guest_needs_to_be_somebody(guest: httpx2.AsyncClient, event: int) -> None:
    for answer in (
        await guest.get("/seats/", params={"event_id": event}),
        await guest.post(f"/seats/{event * 1_000_000 + 1}/reserve", params={"user_id": 1}),
        await guest.post("/reservations/1/hold", json={"show_id": event, "seat_number": "A1"}),
    ):
        assert answer.status_code == 401
