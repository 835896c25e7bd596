"""Dialect 2: an arena whose seats are AVAILABLE, RESERVED for five minutes, or CONFIRMED."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.forms import parse_seat_map
from support.ageing import age_hold, lapse_hold
from support.http_app import client_of, engine_of, running_app


async def make_arena(inventory, *labels):
    layout = parse_seat_map({"labels": list(labels or ("A1", "A2", "A3"))})
    return await inventory.create_event(
        c.NewEvent(name="Grand Arena", seats=layout.seats, categories=layout.categories), by="test"
    )


@pytest.fixture
async def arena(inventory):
    """The only event with numbered seats."""
    return await make_arena(inventory)


async def seats_of(client):
    answer = await client.get("/seats/")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def reserve(client, seat, user):
    return await client.post(f"/seats/{seat}/reserve?user_id={user}")


async def confirm(client, seat, user):
    return await client.post(f"/seats/{seat}/confirm?user_id={user}")


def only_hold(database_url) -> UUID:
    with psycopg.connect(database_url) as connection:
        (row,) = connection.execute("SELECT id FROM holds WHERE status = 'active'").fetchall()
    return row[0]


def holds_placed(database_url) -> int:
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT count(*) FROM holds").fetchone()[0]


async def test_a_seat_is_available_then_reserved_then_confirmed(client, arena):
    """The document's transitions, each with the seat list after it."""
    seats = await seats_of(client)
    assert [seat["label"] for seat in seats] == ["A1", "A2", "A3"]
    free = {"status": "AVAILABLE", "reserved_by": None, "reserved_until": None}
    first = seats[0]["id"]
    assert isinstance(first, int)
    assert seats[0] == {"id": first, "label": "A1", **free}

    reserved = await reserve(client, first, 81)
    assert reserved.status_code == 200
    until = reserved.json()["reserved_until"]
    assert reserved.json() == {"message": "Seat reserved", "seat_id": first, "reserved_until": until}
    expected = {"status": "RESERVED", "reserved_by": "81", "reserved_until": until}
    assert (await seats_of(client))[0] == {"id": first, "label": "A1", **expected}

    confirmed = await confirm(client, first, 81)
    assert confirmed.status_code == 200
    assert confirmed.json() == {"message": "Seat confirmed", "seat_id": first}
    expected = {"status": "CONFIRMED", "reserved_by": "81", "reserved_until": None}
    seats = await seats_of(client)
    assert seats[0] == {"id": first, "label": "A1", **expected}
    assert [seat["status"] for seat in seats[1:]] == ["AVAILABLE", "AVAILABLE"]


async def test_a_reservation_lasts_five_minutes_despite_retries(client, arena, database_url, inventory):
    seat = (await seats_of(client))[0]["id"]
    first = await reserve(client, seat, 81)
    with psycopg.connect(database_url) as connection:
        (seconds,) = connection.execute(
            "SELECT extract(epoch FROM expires_at - placed_at) FROM holds"
        ).fetchone()
    assert seconds == 300
    again = await reserve(client, seat, 81)
    assert (again.status_code, again.json()) == (200, first.json())
    age_hold(database_url, only_hold(database_url), 200, inventory=inventory)
    later = await reserve(client, seat, 81)
    assert later.status_code == 200
    left = datetime.fromisoformat(later.json()["reserved_until"]) - datetime.now(UTC)
    assert left.total_seconds() < 101
    assert holds_placed(database_url) == 1


async def test_another_user_gets_neither_a_reserved_nor_a_confirmed_seat(client, arena):
    seat = (await seats_of(client))[0]["id"]
    await reserve(client, seat, 81)
    taken = await reserve(client, seat, 82)
    assert (taken.status_code, taken.json()["detail"]) == (400, "Seat A1 is taken.")
    assert "errors" not in taken.json(), "a pointer into a body that this route does not have"
    refused = await confirm(client, seat, 82)
    assert refused.status_code == 400
    assert refused.json()["detail"] == "The seat is not reserved by this user: reserve it first."
    await confirm(client, seat, 81)
    assert (await reserve(client, seat, 82)).status_code == 400
    assert (await reserve(client, seat, 81)).status_code == 400
    assert (await confirm(client, seat, 82)).status_code == 400


async def test_a_user_is_the_same_in_any_spelling(client, arena):
    seat = (await seats_of(client))[0]["id"]
    first = await reserve(client, seat, "Ada")
    again = await reserve(client, seat, "ADA ")
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await seats_of(client))[0]["reserved_by"] == "Ada"
    assert (await confirm(client, seat, "adam")).status_code == 400
    assert (await confirm(client, seat, "ada")).status_code == 200


async def test_a_repeated_confirm_succeeds(client, arena, database_url):
    """A retry after a lost answer, by the owner of the seat."""
    seat = (await seats_of(client))[0]["id"]
    await reserve(client, seat, 81)
    answers = await asyncio.gather(*(confirm(client, seat, 81) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await confirm(client, seat, 81)).status_code == 200
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM bookings").fetchone() == (1,)


async def test_an_unreserved_seat_cannot_be_confirmed(client, arena):
    seat = (await seats_of(client))[0]["id"]
    assert (await confirm(client, seat, 81)).status_code == 400


async def test_an_expired_reservation_is_available_without_any_worker(client, arena, database_url, inventory):
    seat = (await seats_of(client))[0]["id"]
    await reserve(client, seat, 81)
    lapse_hold(database_url, only_hold(database_url), inventory=inventory)
    assert (await seats_of(client))[0]["status"] == "AVAILABLE"
    assert (await confirm(client, seat, 81)).status_code == 400
    assert (await reserve(client, seat, 82)).status_code == 200
    assert (await confirm(client, seat, 82)).status_code == 200
    assert (await confirm(client, seat, 81)).status_code == 400


async def test_64_users_racing_for_one_seat_leave_one_reservation(client, arena, database_url):
    seat = (await seats_of(client))[0]["id"]
    answers = await asyncio.gather(*(reserve(client, seat, user) for user in range(64)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 63
    assert holds_placed(database_url) == 1


async def test_a_double_click_makes_one_claim(client, arena, database_url):
    seat = (await seats_of(client))[0]["id"]
    answers = await asyncio.gather(*(reserve(client, seat, 81) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["reserved_until"] for answer in answers}) == 1
    assert holds_placed(database_url) == 1


async def test_another_process_sees_a_reservation_immediately(client, arena, database_url):
    seat = (await seats_of(client))[0]["id"]
    async with running_app(database_url) as second, client_of(second) as other:
        assert (await seats_of(other))[0]["status"] == "AVAILABLE"
        await reserve(client, seat, 81)
        assert (await seats_of(other))[0]["reserved_by"] == "81"
        assert (await confirm(other, seat, 81)).status_code == 200
        assert (await seats_of(client))[0]["status"] == "CONFIRMED"
        assert engine_of(second) is not None


async def test_a_blocked_seat_is_neither_available_nor_reservable(client, arena, inventory):
    block = c.BlockAdmissions(by="test", block_id=inventory.new_id(arena.number), labels=("A2",))
    await inventory.block(arena.number, block)
    seat = (await seats_of(client))[1]
    assert (seat["status"], seat["reserved_by"]) == ("CONFIRMED", None)
    assert (await reserve(client, seat["id"], 81)).status_code == 400
    assert (await confirm(client, seat["id"], 81)).status_code == 400


async def test_a_seat_of_a_larger_hold_is_not_confirmed_alone(client, arena, inventory):
    """Its neighbours would be confirmed too."""
    line = c.SeatsLine(labels=("A1", "A2"))
    hold_id = inventory.new_id(arena.number)
    await inventory.execute(arena.number, c.PlaceHold(hold_id=hold_id, lines=(line,), buyer="81"))
    seat = (await seats_of(client))[0]["id"]
    assert (await confirm(client, seat, 81)).status_code == 400
    assert [one["status"] for one in await seats_of(client)] == ["RESERVED", "RESERVED", "AVAILABLE"]


async def test_the_event_is_required_unless_there_is_exactly_one(client, inventory):
    assert (await client.get("/seats/")).status_code == 404
    first = await make_arena(inventory)
    assert len(await seats_of(client)) == 3
    await client.post("/events", json={"name": "Concert", "total_seats": 10})
    assert len(await seats_of(client)) == 3
    second = await make_arena(inventory, "B1")
    refused = await client.get("/seats/")
    assert refused.status_code == 400
    assert "event_id" in refused.json()["detail"]
    for ref in (second.number, second.id):
        assert [seat["label"] for seat in (await client.get(f"/seats?event_id={ref}")).json()] == ["B1"]
    assert len((await client.get(f"/seats/?event_id={first.number}")).json()) == 3
    for absent in ("99", "abc", "0", str(1 << 41)):
        assert (await client.get(f"/seats/?event_id={absent}")).status_code == 404


@pytest.mark.parametrize("seat", ["0", "1", "abc", "99000001", "1000000", "1000004", "-1000001", "9" * 40])
async def test_a_missing_seat_is_404(client, arena, seat):
    assert (await reserve(client, seat, 81)).status_code == 404
    assert (await confirm(client, seat, 81)).status_code == 404


async def test_a_reservation_needs_a_user(client, arena):
    seat = (await seats_of(client))[0]["id"]
    for query in ("", "?user_id=", "?user_id=%20", f"?user_id={'x' * 101}"):
        for act in ("reserve", "confirm"):
            answer = await client.post(f"/seats/{seat}/{act}{query}")
            assert answer.status_code == 400
            assert answer.json()["detail"]


async def test_an_event_not_on_sale_reserves_nothing(client, arena, inventory):
    seat = (await seats_of(client))[0]["id"]
    await reserve(client, seat, 81)
    await inventory.execute(arena.number, c.StopSales(by="test"))
    other = (await seats_of(client))[1]["id"]
    assert (await reserve(client, other, 81)).status_code == 400
    await inventory.execute(arena.number, c.CancelEvent(by="test"))
    assert (await confirm(client, seat, 81)).status_code == 400


async def test_a_closed_server_requires_the_sell_scope(guest, keyed_client, closed_app):
    await make_arena(engine_of(closed_app))
    assert (await guest.get("/seats/")).status_code == 401
    assert (await (await keyed_client("read")).get("/seats/")).status_code == 403
    seller = await keyed_client("sell")
    seat = (await seats_of(seller))[0]["id"]
    assert (await reserve(guest, seat, 81)).status_code == 401
    assert (await confirm(guest, seat, 81)).status_code == 401
    assert (await reserve(seller, seat, 81)).status_code == 200
    assert (await confirm(seller, seat, 81)).status_code == 200
