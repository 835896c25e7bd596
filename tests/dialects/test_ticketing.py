"""Dialect 3: users, shows, seats, availability and reservations, as in document 003."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from holdfast.inventory.rules import commands as c
from support.ticketing import SHOW, USER, act, availability, hold, make_show, make_user


async def test_the_document_from_user_to_confirmed_seat(client):
    """Every call of its list, in order."""
    created = await client.post("/users/", json=USER)
    assert created.status_code == 201
    user = created.json()
    assert user == {"id": user["id"], **{key: USER[key] for key in ("name", "phone_number", "email")}}

    created = await client.post("/shows/", json=SHOW)
    assert created.status_code == 201
    show = created.json()
    assert show == {"id": 1, **SHOW}
    assert (await client.get("/shows/1/seats")).json() == []
    assert (await client.get("/shows/1/availability")).json() == []

    created = await client.post("/shows/1/seats", json=["A1", "A2", " c5 "])
    assert created.status_code == 201
    seats = created.json()
    assert [seat["seat_number"] for seat in seats] == ["A1", "A2", "C5"]
    assert {seat["show_id"] for seat in seats} == {1}
    assert (await client.get("/shows/1/seats")).json() == seats

    held = await client.post(
        f"/reservations/{user['id']}/hold", json={"show_id": 1, "seat_number": "A1", "hold_minutes": 10}
    )
    assert held.status_code == 201
    reservation = held.json()
    assert reservation == {
        "id": reservation["id"],
        "user_id": user["id"],
        "seat_id": seats[0]["id"],
        "seat_number": "A1",
        "status": "HELD",
        "hold_expiry": reservation["hold_expiry"],
        "created_at": reservation["created_at"],
        "updated_at": reservation["created_at"],
    }
    assert reservation["hold_expiry"] > reservation["created_at"]
    assert (await client.get("/shows/1/availability")).json() == [
        {
            "seat_id": seats[0]["id"],
            "seat_number": "A1",
            "status": "HELD",
            "hold_expiry": reservation["hold_expiry"],
        },
        {"seat_id": seats[1]["id"], "seat_number": "A2", "status": "AVAILABLE"},
        {"seat_id": seats[2]["id"], "seat_number": "C5", "status": "AVAILABLE"},
    ]

    confirmed = await act(client, reservation, "confirm")
    assert confirmed.status_code == 200
    assert confirmed.json() == {
        **reservation,
        "status": "CONFIRMED",
        "updated_at": confirmed.json()["updated_at"],
    }
    assert confirmed.json()["updated_at"] > reservation["created_at"]
    again = await act(client, reservation, "confirm")
    assert (again.status_code, again.json()) == (200, confirmed.json())
    assert (await availability(client, 1))["A1"] == "CONFIRMED"

    other = (await hold(client, user["id"], 1, "A2")).json()
    released = await act(client, other, "release")
    assert (released.status_code, released.json()["status"]) == (200, "CANCELLED")
    assert released.json()["updated_at"] > other["created_at"]
    again = await act(client, other, "release")
    assert (again.status_code, again.json()) == (200, released.json())
    assert (await availability(client, 1))["A2"] == "AVAILABLE"


@pytest.mark.parametrize("end", ["", "/"])
async def test_a_trailing_slash_changes_nothing(client, end):
    user = (await client.post("/users" + end, json=USER)).json()["id"]
    show = (await client.post("/shows" + end, json=SHOW)).json()["id"]
    assert (await client.post(f"/shows/{show}/seats{end}", json=["A1"])).status_code == 201
    assert len((await client.get(f"/shows/{show}/seats{end}")).json()) == 1
    held = await client.post(f"/reservations/{user}/hold{end}", json={"show_id": show, "seat_number": "A1"})
    assert (await client.post(f"/reservations/{held.json()['id']}/confirm{end}")).status_code == 200
    assert len((await client.get(f"/shows/{show}/availability{end}")).json()) == 1


# Users


async def test_a_password_is_hashed_and_never_returned(client, database_url):
    answer = await client.post("/users/", json=USER)
    assert USER["password"] not in answer.text
    with psycopg.connect(database_url) as connection:
        (stored,) = connection.execute("SELECT password_hash FROM accounts").fetchone()
    assert stored.startswith("$argon2id$")


async def test_an_email_has_one_account_in_any_case(client):
    await make_user(client)
    again = await client.post("/users/", json={**USER, "email": "ADA@example.org"})
    assert again.status_code == 409
    answers = await asyncio.gather(
        *(client.post("/users/", json={**USER, "email": "bob@example.org"}) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": None},
        {"phone_number": 5},
        {"phone_number": ""},
        {"email": "nobody"},
        {"email": "two@@example.org"},
        {"email": "a b@example.org"},
        {"password": ""},
        {"password": "analytical"},
        {"password": "Password1234"},
        {"password": "x" * 1001},
        {"password": None},
    ],
)
async def test_a_user_needs_all_fields(client, wrong):
    (name,) = wrong
    refused = await client.post("/users/", json={**USER, **wrong})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"/{name}"
    answer = await client.post("/users/", json={key: USER[key] for key in USER if key != name})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{name}"


# Shows and seats


@pytest.mark.parametrize(
    "wrong", [{"title": ""}, {"venue": None}, {"starts_at": "soon"}, {"starts_at": None}]
)
async def test_a_show_needs_all_fields(client, wrong):
    assert (await client.post("/shows/", json={**SHOW, **wrong})).status_code == 422


async def test_a_start_in_the_past_is_accepted(client):
    answer = await client.post("/shows/", json={**SHOW, "starts_at": "2001-01-01T20:00:00"})
    assert answer.json()["starts_at"] == "2001-01-01T20:00:00Z"


async def test_seats_are_accepted_as_array_or_object(client):
    show = await make_show(client)
    answer = await client.post(f"/shows/{show}/seats", json={"seats": [" d1", "D2 "]})
    assert [seat["seat_number"] for seat in answer.json()] == ["D1", "D2"]
    listed = (await client.get(f"/shows/{show}/seats")).json()
    assert [seat["seat_number"] for seat in listed] == ["A1", "A2", "C5", "D1", "D2"]
    assert listed[3:] == answer.json()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (["D1", " d1 "], "/1"),
        ({"seats": ["D1", "d1"]}, "/seats/1"),
    ],
)
async def test_a_repeated_label_in_one_request_is_409(client, body, pointer):
    show = await make_show(client)
    answer = await client.post(f"/shows/{show}/seats", json=body)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert len((await client.get(f"/shows/{show}/seats")).json()) == 3


async def test_an_existing_label_is_409_and_adds_no_seat(client):
    show = await make_show(client)
    answer = await client.post(f"/shows/{show}/seats", json=["D1", "a1"])
    assert answer.status_code == 409
    assert list(await availability(client, show)) == ["A1", "A2", "C5"]


@pytest.mark.parametrize(
    "body", [[], {}, {"seats": "A1"}, "A1", 7, ["#"], [1], [None], [["A1"]], {"seats": []}]
)
async def test_an_invalid_label_is_422(client, body):
    show = await make_show(client)
    assert (await client.post(f"/shows/{show}/seats", json=body)).status_code == 422


async def test_concurrent_additions_of_a_seat_make_it_once(client):
    show = await make_show(client)
    labels = [f"B{number}" for number in range(20)]
    answers = await asyncio.gather(*(client.post(f"/shows/{show}/seats", json=labels) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert len(await availability(client, show)) == 23


async def test_seats_can_be_added_during_sales(client):
    show, user = await make_show(client), await make_user(client)
    first = (await hold(client, user, show)).json()
    added = (await client.post(f"/shows/{show}/seats", json=["A3"])).json()[0]
    assert (await hold(client, user, show, "A3")).json()["seat_id"] == added["id"]
    assert (await act(client, first, "confirm")).json()["status"] == "CONFIRMED"
    assert await availability(client, show) == {
        "A1": "CONFIRMED",
        "A2": "AVAILABLE",
        "C5": "AVAILABLE",
        "A3": "HELD",
    }


@pytest.mark.parametrize("show", ["99", "0", "abc", str(1 << 41), "9f0c8f5e-56a1-4c1c-9d0b-2f1f6f0a7c55"])
async def test_a_missing_show_is_404(client, show):
    user = await make_user(client)
    assert (await client.post(f"/shows/{show}/seats", json=["A1"])).status_code == 404
    assert (await client.get(f"/shows/{show}/seats")).status_code == 404
    assert (await client.get(f"/shows/{show}/availability")).status_code == 404
    assert (await hold(client, user, show)).status_code == 404


async def test_a_large_hall_is_created_in_one_request(client):
    show = await make_show(client, *(f"{row}-{seat}" for row in range(1, 61) for seat in range(1, 201)))
    assert len((await client.get(f"/shows/{show}/seats")).json()) == 12_000


# Availability


async def test_availability_is_filtered_and_paged(client):
    show, user = await make_show(client, *(f"A{n}" for n in range(1, 8))), await make_user(client)
    for label in ("A2", "A5"):
        await hold(client, user, show, label)
    assert list(await availability(client, show, "?status=HELD")) == ["A2", "A5"]
    assert list(await availability(client, show, "?status=CONFIRMED")) == []
    url, seen = f"/shows/{show}/availability?status=AVAILABLE&limit=2", []
    while url:
        answer = await client.get(url)
        seen += [seat["seat_number"] for seat in answer.json()]
        link = answer.headers.get("link", "").split(">")[0][1:]
        url = link and answer.url.join(link)
    assert seen == ["A1", "A3", "A4", "A6", "A7"]
    for wrong in ("?status=held", "?limit=0", "?limit=1001", "?cursor=x"):
        assert (await client.get(f"/shows/{show}/availability{wrong}")).status_code == 422


async def test_a_blocked_seat_is_not_available(client, inventory):
    show, user = await make_show(client), await make_user(client)
    await inventory.block(show, c.BlockAdmissions(by="test", block_id=inventory.new_id(show), labels=("A1",)))
    assert (await availability(client, show))["A1"] == "CONFIRMED"
    assert (await hold(client, user, show)).status_code == 409


async def test_a_closed_server_requires_sell_and_organise(guest, keyed_client):
    organiser, seller = await keyed_client("organise"), await keyed_client("sell")
    assert (await guest.post("/users/", json=USER)).status_code == 401
    assert (await guest.post("/shows/", json=SHOW)).status_code == 401
    assert (await seller.post("/shows/", json=SHOW)).status_code == 403
    show, user = await make_show(organiser), await make_user(seller)
    assert (await seller.post(f"/shows/{show}/seats", json=["D1"])).status_code == 403
    for path in (f"/shows/{show}/seats", f"/shows/{show}/availability"):
        assert (await guest.get(path)).status_code == 401
        assert (await seller.get(path)).status_code == 200
    assert (await hold(guest, user, show)).status_code == 401
    held = (await hold(seller, user, show)).json()
    for what in ("confirm", "release"):
        assert (await act(guest, held, what)).status_code == 401
    assert (await act(seller, held, "confirm")).status_code == 200
