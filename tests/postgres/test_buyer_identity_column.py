"""The identity of a hold's buyer: live holds of before are counted by it, and older servers work beside it."""

from __future__ import annotations

import psycopg
import pytest

from holdfast.errors import QuantityOverLimit
from holdfast.inventory.rules import commands as c
from holdfast.postgres import schema
from support.selling import an_engine, new_event, place, quantity, sql

BEFORE = "0004"
EVENT = """INSERT INTO events (event_number, id, name, status, created_at, rules)
    VALUES (1, gen_random_uuid(), 'Old', 'published', clock_timestamp(), '{"max_per_buyer": 4}')"""
INVENTORY = "INSERT INTO inventories VALUES (1, 0, clock_timestamp(), clock_timestamp())"
AREA = "INSERT INTO areas VALUES (1, 1, 'floor', NULL, false, 100, 5)"
HOLD = """INSERT INTO holds (event_number, id, status, placed_at, expires_at, quantity, requested, buyer, placed_by)
    VALUES (1, %s, %s, clock_timestamp(), clock_timestamp() + interval '1 hour', 1, 1, %s, 'guest')"""
OLD = {"ADA": "active", "ada ": "confirmed", "Straße": "active", "eve": "active", "b\u200bob": "released"}


async def test_upgrade_counts_live_holds_of_before_by_their_buyers_identity(empty_database_url: str) -> None:
    schema.upgrade(empty_database_url, revision=BEFORE)
    async with an_engine(empty_database_url) as inventory:
        holds = {inventory.new_id(1): buyer for buyer in OLD}
    with psycopg.connect(empty_database_url) as connection:
        for statement in (EVENT, INVENTORY, AREA):
            connection.execute(statement)
        for id, buyer in holds.items():
            connection.execute(HOLD, (id, OLD[buyer], buyer))
    schema.upgrade(empty_database_url)
    schema.verify(empty_database_url)
    rows = sql(empty_database_url, "SELECT buyer, buyer_identity FROM holds")
    expected = {"ADA": "ada", "ada ": "ada", "Straße": "strasse", "eve": None, "b\u200bob": None}
    assert dict(rows) == expected
    async with an_engine(empty_database_url) as inventory:
        for buyer, left in (("Ada", 2), ("STRASSE", 3), ("EVE", 3), ("bob", 4)):
            with pytest.raises(QuantityOverLimit, match=f"you have {4 - left}"):
                await place(inventory, 1, quantity(left + 1), buyer=buyer)
            await place(inventory, 1, quantity(left), buyer=buyer)


def test_server_before_the_column_is_served(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "GENERATION", 4)
    schema.verify(database_url)


async def test_hold_of_a_server_before_the_column_is_counted_by_its_text(database_url: str) -> None:
    """Such a server writes no identity. The same spelling is still the same buyer, as it was for that server."""
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 10}, max_per_buyer=4)
        await place(inventory, number, quantity(3), buyer="ADA")
        sql(database_url, "UPDATE holds SET buyer_identity = NULL")
        with pytest.raises(QuantityOverLimit):
            await place(inventory, number, quantity(2), buyer="ADA")


async def test_text_is_kept_as_given_and_found_in_any_spelling(database_url: str) -> None:
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        holds = [await place(inventory, number, quantity(1), buyer=buyer) for buyer in ("Ada", "ADA ", "eve")]
        assert [hold.buyer for hold in holds] == ["Ada", "ADA ", "eve"]
        for buyer in ("ada", "Ada", "\uff21da"):
            found = await inventory.queries.list_holds(number, buyer=buyer)
            assert {hold.buyer for hold in found} == {"Ada", "ADA "}
        assert isinstance(
            await inventory.queries.get_hold(holds[0].id, c.Authority(buyer="ADA")), type(holds[0])
        )
