"""Dialect 4: the last document, call by call."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from support.ageing import lapse_hold

SHOW = {"name": "Avengers: Endgame", "start_time": "2024-03-25T18:00:00Z", "total_seats": 100}
ALL_REQUIRED = {"error": "All fields are required and must be valid"}


async def make_show(client, **members):
    answer = await client.post("/admin/show", json={**SHOW, **members})
    assert answer.status_code == 201, answer.text
    return answer.json()["show"]


async def book(client, show, seats):
    return await client.post("/book", json={"show_id": show["id"], "seat_count": seats})


def attempts(database_url):
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT number, quantity, status FROM attempts ORDER BY number").fetchall()


async def test_the_document_from_show_to_booking(client):
    """Its calls with its own bodies, and its answers except ids and times."""
    created = await client.post("/admin/show", json=SHOW)
    assert created.status_code == 201
    answer = created.json()
    made = answer["show"].pop("created_at")
    assert made.endswith("Z")
    assert answer == {
        "message": "Show created successfully",
        "show": {"id": 1, **SHOW, "booked_seats": 0},
    }

    booked = await client.post("/book", json={"show_id": 1, "seat_count": 2})
    assert booked.status_code == 200
    answer = booked.json()
    assert answer["booking"].pop("created_at").endswith("Z")
    assert answer == {
        "message": "Booking CONFIRMED",
        "booking": {"id": 1, "show_id": 1, "seat_count": 2, "status": "CONFIRMED"},
    }

    failed = await client.post("/book", json={"show_id": 1, "seat_count": 200})
    assert failed.status_code == 200
    answer = failed.json()
    assert answer["booking"].pop("created_at").endswith("Z")
    assert answer == {
        "message": "Booking FAILED",
        "booking": {"id": 2, "show_id": 1, "seat_count": 200, "status": "FAILED"},
    }

    shows = await client.get("/shows")
    assert shows.status_code == 200
    assert shows.json() == [{"id": 1, **SHOW, "available_seats": 98}]


async def test_shows_are_listed_in_order_of_creation(client):
    await make_show(client)
    await make_show(client, name="The Dark Knight", start_time="2024-03-26T20:00:00Z", total_seats=80)
    shows = (await client.get("/shows/")).json()
    assert [(show["id"], show["available_seats"]) for show in shows] == [(1, 100), (2, 80)]


async def test_many_shows_are_paged_newest_first(client):
    for _ in range(5):
        await make_show(client)
    first = await client.get("/shows?limit=2")
    assert [show["id"] for show in first.json()] == [4, 5]
    second = await client.get(first.url.join(first.headers["link"].split(">")[0][1:]))
    assert [show["id"] for show in second.json()] == [2, 3]
    third = await client.get(second.url.join(second.headers["link"].split(">")[0][1:]))
    assert [show["id"] for show in third.json()] == [1]
    assert "link" not in third.headers
    assert (await client.get("/shows?cursor=nonsense")).json() == {"error": "Invalid input"}


async def test_the_show_list_ignores_lapsed_holds(client, database_url, inventory):
    """No worker runs."""
    show = await make_show(client, total_seats=10)
    held = await client.post("/holds", json={"event_id": show["id"], "qty": 4})
    assert (await client.get("/shows")).json()[0]["available_seats"] == 6
    lapse_hold(database_url, held.json()["hold_id"], inventory=inventory)
    assert (await client.get("/shows")).json()[0]["available_seats"] == 10


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"name": ""},
        {"name": 7},
        {"start_time": None},
        {"start_time": "soon"},
        {"start_time": 1711389600},
        {"total_seats": None},
        {"total_seats": 0},
        {"total_seats": -100},
        {"total_seats": "100"},
        {"total_seats": 1.5},
        {"total_seats": 1 << 70},
    ],
)
async def test_a_show_needs_all_fields(client, wrong):
    (name,) = wrong
    missing = await client.post("/admin/show", json={key: SHOW[key] for key in SHOW if key != name})
    assert (missing.status_code, missing.json()) == (400, ALL_REQUIRED)
    answer = await client.post("/admin/show", json={**SHOW, **wrong})
    assert (answer.status_code, answer.json()) == (400, ALL_REQUIRED)
    assert (await client.get("/shows")).json() == []


@pytest.mark.parametrize("body", ["{", "[]", "null", '{"name": NaN}', ""])
async def test_an_invalid_body_is_refused_in_the_documents_words(client, body):
    json = {"content-type": "application/json"}
    answer = await client.post("/admin/show", content=body, headers=json)
    assert (answer.status_code, answer.json()) == (400, ALL_REQUIRED)
    answer = await client.post("/book", content=body, headers=json)
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid input"})


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("2024-03-25T18:00:00Z", "2024-03-25T18:00:00Z"),
        ("2024-03-25T18:00:00.000Z", "2024-03-25T18:00:00Z"),
        ("2024-03-25T18:00:00", "2024-03-25T18:00:00Z"),
        ("2024-03-25 18:00", "2024-03-25T18:00:00Z"),
        ("2024-03-25T18:00:00+0200", "2024-03-25T16:00:00Z"),
        ("2024-03-25", "2024-03-25T00:00:00Z"),
    ],
)
async def test_times_are_parsed_leniently(client, text, parsed):
    assert (await make_show(client, start_time=text))["start_time"] == parsed


@pytest.mark.parametrize("seats", [0, -1, -200, 1.5, True, "2", None, [], 1 << 31, 1 << 70])
async def test_invalid_seat_counts_leave_no_attempt(client, database_url, seats):
    show = await make_show(client)
    answer = await book(client, show, seats)
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid input"})
    assert (await client.post("/book", json={"show_id": show["id"]})).status_code == 400
    assert attempts(database_url) == []
    assert (await client.get("/shows")).json()[0]["available_seats"] == 100


@pytest.mark.parametrize("show_id", [None, True, 1.5, [], {}])
async def test_an_invalid_show_id_is_refused(client, show_id):
    answer = await client.post("/book", json={"show_id": show_id, "seat_count": 1})
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid input"})
    assert (await client.post("/book", json={"seat_count": 1})).json() == {"error": "Invalid input"}
    assert (await client.post("/book", json={})).json() == {"error": "Invalid input"}


@pytest.mark.parametrize("show_id", [99, 0, -1, "99", "abc", 1 << 41, "00000000-0000-0000-0000-000000000000"])
async def test_a_missing_show_is_404(client, show_id):
    answer = await client.post("/book", json={"show_id": show_id, "seat_count": 1})
    assert (answer.status_code, answer.json()) == (404, {"error": "Show not found"})


async def test_a_show_is_found_by_number_text_or_id(client):
    created = await client.post("/events", json={"name": "Concert", "total_seats": 10})
    event = created.json()
    for ref in (event["number"], str(event["number"]), event["event_id"]):
        answer = await client.post("/book", json={"show_id": ref, "seat_count": 1})
        assert answer.json()["booking"]["show_id"] == event["number"]


async def test_no_attempt_is_ever_pending(client, database_url):
    """Each is written once, in the transaction that decides it. The table has no such status."""
    show = await make_show(client, total_seats=3)
    for seats in (2, 2, 1):
        await book(client, show, seats)
    assert attempts(database_url) == [(1, 2, "CONFIRMED"), (2, 2, "FAILED"), (3, 1, "CONFIRMED")]
    with psycopg.connect(database_url) as connection:
        (updates,) = connection.execute("SELECT count(*) FROM attempts WHERE xmax <> 0").fetchone()
        assert updates == 0
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE attempts SET status = 'PENDING'")


async def test_64_racing_clients_sell_each_of_100_seats_once(client, database_url):
    show = await make_show(client)

    async def buy() -> int:
        bought = 0
        while (await book(client, show, 1)).json()["booking"]["status"] == "CONFIRMED":
            bought += 1
        return bought

    assert sum(await asyncio.gather(*(buy() for _ in range(64)))) == 100
    assert (await client.get("/shows")).json()[0]["available_seats"] == 0
    statuses = [status for _, _, status in attempts(database_url)]
    assert (statuses.count("CONFIRMED"), statuses.count("FAILED")) == (100, 64)


async def test_a_closed_server_requires_the_sell_scope_to_book(guest, keyed_client):
    show = await make_show(await keyed_client("organise"))
    assert (await guest.post("/admin/show", json=SHOW)).status_code == 401
    assert (await guest.get("/shows")).status_code == 200
    refused = await book(guest, show, 1)
    assert refused.status_code == 401
    assert refused.json()["error"]
    assert (await book(await keyed_client("read"), show, 1)).status_code == 403
    assert (await book(await keyed_client("sell"), show, 1)).json()["message"] == "Booking CONFIRMED"


async def test_bookings_of_a_show_without_seats_fail(client):
    """Shows of dialect 3 begin without seats."""
    members = {"title": "Hamlet", "venue": "Globe", "starts_at": "2026-11-05T19:30:00Z"}
    show = (await client.post("/shows", json=members)).json()
    assert (await book(client, show, 1)).json()["message"] == "Booking FAILED"
    await client.post(f"/shows/{show['id']}/seats", json=["A1", "A2"])
    assert (await book(client, show, 2)).json()["message"] == "Booking CONFIRMED"
    assert (await client.get("/shows")).json()[0]["available_seats"] == 0
