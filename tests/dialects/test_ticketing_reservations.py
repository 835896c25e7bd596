"""Dialect 3: reservations, from the hold of a seat to its booking."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime
from uuid import uuid4

import psycopg
import pytest

from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.commands import STAFF
from holdfast.workers.sweeper import Sweeper
from support.ageing import lapse_hold
from support.cutting_proxy import cutting_proxy
from support.http_app import client_of, running_app
from support.ticketing import act, availability, hold, make_show, make_user

# Reservations


async def test_a_seat_can_be_named_by_its_id(client):
    show, user = await make_show(client), await make_user(client)
    seat = (await client.get(f"/shows/{show}/seats")).json()[2]
    for ref in (seat["id"], str(seat["id"])):
        answer = await client.post(f"/reservations/{user}/hold", json={"seat_id": ref, "hold_minutes": 5})
        assert answer.status_code == 201
        assert answer.json()["seat_number"] == "C5"
    other = await client.post(f"/reservations/{user}/hold", json={"seat_id": seat["id"], "show_id": show + 1})
    assert other.status_code == 404


async def test_a_label_is_normalised_in_a_hold(client):
    show, user = await make_show(client), await make_user(client)
    assert (await hold(client, user, show, " c5 ")).json()["seat_number"] == "C5"


@pytest.mark.parametrize("minutes", [1, 20])
async def test_a_hold_lasts_the_requested_minutes(client, minutes):
    show, user = await make_show(client), await make_user(client)
    held = (await hold(client, user, show, minutes=minutes)).json()
    lasts = datetime.fromisoformat(held["hold_expiry"]) - datetime.fromisoformat(held["created_at"])
    assert lasts.total_seconds() == minutes * 60


@pytest.mark.parametrize("minutes", [0, 21, -1, 1.5, "10", None, True])
async def test_a_hold_lasts_from_1_to_20_minutes(client, minutes):
    show, user = await make_show(client), await make_user(client)
    assert (await hold(client, user, show, minutes=minutes)).status_code == 422
    assert (await availability(client, show))["A1"] == "AVAILABLE"


async def test_a_repeat_by_the_user_gets_the_same_reservation(client):
    show, user = await make_show(client), await make_user(client)
    first = await hold(client, user, show)
    again = await hold(client, user, show, minutes=20)
    assert (again.status_code, again.json()) == (201, first.json())


async def test_another_users_seat_is_409(client):
    show, user = await make_show(client), await make_user(client)
    other = await make_user(client, "bob@example.org")
    held = (await hold(client, user, show)).json()
    assert (await hold(client, other, show)).status_code == 409
    await act(client, held, "confirm")
    assert (await hold(client, other, show)).status_code == 409
    assert (await hold(client, user, show)).status_code == 409


async def test_16_users_racing_for_each_seat_leave_one_reservation_each(client):
    show = await make_show(client)
    users = [await make_user(client, f"user{n}@example.org") for n in range(16)]
    for label in ("A1", "A2", "C5"):
        answers = await asyncio.gather(*(hold(client, user, show, label) for user in users))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15


@pytest.mark.parametrize("label", ["Z9", "#", "", "x" * 100])
async def test_a_missing_seat_is_404(client, label):
    show, user = await make_show(client), await make_user(client)
    assert (await hold(client, user, show, label)).status_code == 404


@pytest.mark.parametrize("seat", [0, -1, 1, 1000000, 1000009, 99000001, 1 << 62, "abc"])
async def test_an_impossible_seat_id_is_404(client, seat):
    await make_show(client)
    user = await make_user(client)
    answer = await client.post(f"/reservations/{user}/hold", json={"seat_id": seat})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"show_id": 1}, {"seat_number": "A1"}, {"seat_id": 1.5}, {"seat_id": True}]
)
async def test_a_seat_must_be_named(client, body):
    await make_show(client)
    user = await make_user(client)
    assert (await client.post(f"/reservations/{user}/hold", json=body)).status_code == 422


@pytest.mark.parametrize(
    "user", ["0", "99999", "abc", "-1", "9" * 30, "9f0c8f5e-56a1-4c1c-9d0b-2f1f6f0a7c55"]
)
async def test_an_unknown_user_is_404(client, user):
    show = await make_show(client)
    assert (await hold(client, user, show)).status_code == 404


async def test_an_expired_reservation_is_refused_and_reads_expired(client, database_url, inventory):
    show, user = await make_show(client), await make_user(client)
    held = (await hold(client, user, show)).json()
    lapse_hold(database_url, held["id"], inventory=inventory)
    assert (await availability(client, show))["A1"] == "AVAILABLE"
    refused = await act(client, held, "confirm")
    assert refused.status_code == 400
    ended = refused.json()["reservation"]
    assert ended["status"] == "EXPIRED"
    assert ended["updated_at"] == ended["hold_expiry"]
    assert refused.json()["status"] == 400
    for _ in range(2):
        released = await act(client, held, "release")
        assert (released.status_code, released.json()) == (200, ended)
    other = await make_user(client, "bob@example.org")
    assert (await hold(client, other, show)).status_code == 201
    assert (await act(client, held, "confirm")).status_code == 400
    assert (await act(client, held, "release")).json() == ended


async def test_a_confirmed_reservation_cannot_be_released(client):
    show, user = await make_show(client), await make_user(client)
    held = (await hold(client, user, show)).json()
    await act(client, held, "confirm")
    assert (await act(client, held, "release")).status_code == 409
    assert (await act(client, held, "confirm")).json()["status"] == "CONFIRMED"


async def test_a_released_reservation_cannot_be_confirmed(client):
    show, user = await make_show(client), await make_user(client)
    held = (await hold(client, user, show)).json()
    await act(client, held, "release")
    assert (await act(client, held, "confirm")).status_code == 409
    assert (await hold(client, user, show)).json()["id"] != held["id"]


async def test_a_cancelled_booking_reads_cancelled(client, inventory):
    show, user = await make_show(client), await make_user(client)
    held = (await hold(client, user, show)).json()
    await act(client, held, "confirm")
    (booking,) = await inventory.queries.list_bookings(show)
    await inventory.execute(show, c.CancelBooking(booking_id=booking.id, authority=STAFF))
    ended = (await act(client, held, "release")).json()
    assert ended["status"] == "CANCELLED"
    assert ended["updated_at"] > held["created_at"]
    assert (await act(client, held, "confirm")).status_code == 409
    assert (await availability(client, show))["A1"] == "AVAILABLE"


async def test_a_cancelled_show_cancels_its_holds(client, inventory):
    show, user = await make_show(client), await make_user(client)
    held = (await hold(client, user, show)).json()
    await inventory.execute(show, c.CancelEvent(by="test"))
    assert (await act(client, held, "confirm")).status_code == 409
    released = (await act(client, held, "release")).json()
    assert released["status"] == "CANCELLED"
    assert (await hold(client, user, show, "A2")).status_code == 409
    await Sweeper(inventory).run_once()
    assert (await act(client, held, "release")).json() == released


async def test_16_concurrent_confirms_give_one_booking(client, database_url):
    show, user = await make_show(client), await make_user(client)
    held = (await hold(client, user, show)).json()
    answers = await asyncio.gather(*(act(client, held, "confirm") for _ in range(16)))
    assert {answer.status_code for answer in answers} == {200}
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM bookings").fetchone() == (1,)


async def test_concurrent_confirm_and_release_have_one_winner(client):
    show, user = await make_show(client), await make_user(client)
    held = (await hold(client, user, show)).json()
    answers = await asyncio.gather(
        *(act(client, held, what) for what in ("confirm", "release", "confirm", "release"))
    )
    statuses = {answer.json()["status"] for answer in answers if answer.status_code == 200}
    assert len(statuses) == 1


async def test_a_missing_reservation_is_404(client, inventory):
    """Including holds made elsewhere: those of other dialects have tokens and no user."""
    event = (await client.post("/events", json={"name": "Concert", "total_seats": 10})).json()
    foreign = (await client.post("/holds", json={"event_id": event["event_id"], "qty": 1})).json()["hold_id"]
    show, guests = await make_show(client), inventory.new_id(2)
    await inventory.execute(show, c.PlaceHold(hold_id=guests, lines=(c.SeatsLine(labels=("A1",)),)))
    absent = inventory.new_id(show)
    for id in ("abc", "17", str(uuid4()), str(absent), foreign, str(guests)):
        for what in ("confirm", "release"):
            assert (await client.post(f"/reservations/{id}/{what}")).status_code == 404


async def test_a_committed_confirm_is_never_reported_as_not_done(database_url):
    """The database is lost between the commit and the read of the answer, so "nothing was done" would be wrong."""
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(cutting_proxy(database_url))
        members = psycopg.conninfo.conninfo_to_dict(database_url) | {"port": proxy.port}
        through = "postgresql://{user}@127.0.0.1:{port}/{dbname}?sslmode=disable".format_map(members)
        client = await stack.enter_async_context(
            client_of(await stack.enter_async_context(running_app(through)))
        )
        user, show = await make_user(client), await make_show(client)
        reservation = (await hold(client, user, show)).json()
        proxy.before, proxy.times = b"h.id = b.hold_id", 1_000
        answer = await act(client, reservation, "confirm")
        assert proxy.cuts
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
        proxy.before = None
        with psycopg.connect(database_url) as connection:
            assert connection.execute("SELECT status FROM bookings").fetchall() == [("confirmed",)]
        assert (await act(client, reservation, "confirm")).json()["status"] == "CONFIRMED"
