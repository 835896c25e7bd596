"""The columns of metadata: older rows have none, and servers of the generation before work beside them."""

from __future__ import annotations

import psycopg
import pytest

from holdfast.inventory.rules import commands as c
from holdfast.postgres import schema
from postgres.statements import all_statements, nodes, plan
from support.selling import a_confirm, an_engine, new_event, place, quantity, sql

MANY = """
INSERT INTO events (event_number, id, name, status, created_at, rules)
VALUES (5, gen_random_uuid(), 'E', 'published', now(), '{}');
INSERT INTO holds (event_number, id, status, placed_at, expires_at, quantity, requested, placed_by)
SELECT 5, lpad(to_hex(h), 32, '0')::uuid, 'confirmed', now(), now(), 1, 1, 'test' FROM generate_series(1, 5000) h;
INSERT INTO bookings (event_number, hold_id, id, status, confirmed_at, confirmed_by, metadata)
SELECT 5, lpad(to_hex(b), 32, '0')::uuid, lpad(to_hex(b), 32, '0')::uuid, 'confirmed', now(), 'test',
       jsonb_build_object('order', b::text) FROM generate_series(1, 5000) b;
ANALYZE
"""


def test_server_before_the_columns_is_served(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "GENERATION", 5)
    schema.verify(database_url)


async def test_booking_of_a_server_before_the_columns_has_the_hold_s_metadata(database_url: str) -> None:
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        hold = await place(inventory, number, quantity(1), metadata={"order": "1"})
        booking = await inventory.execute(number, a_confirm(inventory, number, hold))
        sql(database_url, "UPDATE bookings SET metadata = NULL")
        found = await inventory.queries.get_booking(booking.id, c.STAFF)
        assert found.metadata == {"order": "1"}


@pytest.mark.parametrize("name", ["search_bookings", "search_bookings_of_all"])
def test_bookings_are_searched_by_their_index(database_url: str, name: str) -> None:
    (statement,) = [each for each in all_statements() if each.name == name]
    with psycopg.connect(database_url, autocommit=True) as connection:
        for fill in MANY.split(";"):
            connection.execute(fill.encode())
        used = {node.get("Index Name") for node in nodes(plan(connection, statement))}
    assert "bookings_by_metadata" in used
