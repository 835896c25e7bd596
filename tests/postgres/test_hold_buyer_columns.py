"""The columns of a hold's buyer: older rows have none, and servers of the generation before work beside them."""

from __future__ import annotations

import psycopg
import pytest

from holdfast.inventory.rules import commands as c
from holdfast.postgres import schema
from support.selling import a_confirm, an_engine, new_event, place, quantity, sql

BEFORE = "0003"
EVENT = """INSERT INTO events (event_number, id, name, status, created_at, rules)
    VALUES (1, gen_random_uuid(), 'Old', 'published', clock_timestamp(), '{}')"""
INVENTORY = "INSERT INTO inventories VALUES (1, 0, clock_timestamp(), clock_timestamp())"
AREA = "INSERT INTO areas VALUES (1, 1, 'floor', NULL, false, 10)"
HOLD = """INSERT INTO holds (event_number, id, status, placed_at, expires_at, quantity, requested, buyer, placed_by)
    VALUES (1, %s, %s, clock_timestamp(), clock_timestamp() + interval '1 hour', 1, 1, 'ada', 'guest')"""
BOOKING = """INSERT INTO bookings (event_number, hold_id, id, status, confirmed_at, buyer_name, confirmed_by)
    VALUES (1, %s, %s, 'confirmed', clock_timestamp(), 'Ada', 'guest')"""


async def test_upgrade_keeps_the_buyers_of_holds_and_bookings(empty_database_url: str) -> None:
    schema.upgrade(empty_database_url, revision=BEFORE)
    async with an_engine(empty_database_url) as inventory:
        active, booked, booking = (inventory.new_id(1) for _ in range(3))
    with psycopg.connect(empty_database_url) as connection:
        for statement in (EVENT, INVENTORY, AREA):
            connection.execute(statement)
        connection.execute(HOLD, (active, "active"))
        connection.execute(HOLD, (booked, "confirmed"))
        connection.execute(BOOKING, (booked, booking))
    schema.upgrade(empty_database_url)
    schema.verify(empty_database_url)
    async with an_engine(empty_database_url) as inventory:
        hold = await inventory.queries.get_hold(active, c.STAFF)
        assert (hold.buyer, hold.buyer_name, hold.buyer_email) == ("ada", None, None)
        found = await inventory.queries.get_booking(booking, c.STAFF)
        assert (found.buyer, found.buyer_name, found.buyer_email) == ("ada", "Ada", None)


def test_server_before_the_columns_is_served(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "GENERATION", 3)
    schema.verify(database_url)


async def test_booking_of_a_server_before_the_columns_has_the_hold_s_buyer(database_url: str) -> None:
    """Such a server confirms with what the confirmation names, and no more."""
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        ada = {"buyer_name": "Ada", "buyer_email": "ada@example.org"}
        hold = await place(inventory, number, quantity(1), **ada)
        booking = await inventory.execute(number, a_confirm(inventory, number, hold))
        sql(database_url, "UPDATE bookings SET buyer_name = 'Eve', buyer_email = NULL")
        found = await inventory.queries.get_booking(booking.id, c.STAFF)
        assert (found.buyer_name, found.buyer_email) == ("Eve", "ada@example.org")
