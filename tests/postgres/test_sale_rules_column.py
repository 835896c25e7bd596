"""The column of sale rules: how older rows came to it, and what a change leaves alone in it."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.sale_rules import SaleRules
from holdfast.postgres import schema
from support.selling import an_engine, new_event

OLD_EVENT = """
INSERT INTO events (event_number, id, name, status, hold_ttl_seconds, max_hold_ttl_seconds, max_per_hold,
                    max_per_buyer, allow_partial, created_at)
VALUES (%(number)s, gen_random_uuid(), 'Old', 'published', %(hold_ttl_seconds)s, %(max_hold_ttl_seconds)s,
        %(max_per_hold)s, %(max_per_buyer)s, %(allow_partial)s, clock_timestamp())
"""
OLD_INVENTORY = "INSERT INTO inventories VALUES (%s, 0, clock_timestamp(), clock_timestamp())"
WAITING = """SELECT count(*) FROM pg_locks WHERE NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""

OLD_RULES = {
    1: SaleRules(),
    2: SaleRules(hold_ttl_seconds=5, max_hold_ttl_seconds=86_400, max_per_hold=3, allow_partial=True),
    3: SaleRules(max_per_buyer=2_000_000_000),
}


@pytest.fixture
def old_database_url(empty_database_url: str) -> str:
    """A database before the column, with an event for each of `OLD_RULES`."""
    schema.upgrade(empty_database_url, revision="0002")
    with psycopg.connect(empty_database_url) as connection:
        for number, rules in OLD_RULES.items():
            connection.execute(OLD_EVENT, {"number": number, **rules.as_dict()})
            connection.execute(OLD_INVENTORY, (number,))
    return empty_database_url


async def test_upgrade_keeps_the_rules_of_every_event(old_database_url: str) -> None:
    schema.upgrade(old_database_url)
    schema.verify(old_database_url)
    async with an_engine(old_database_url) as inventory:
        found = {number: (await inventory.queries.get_event(number)).rules for number in OLD_RULES}
    assert found == OLD_RULES


def test_upgrade_waits_for_a_batch_under_way(old_database_url: str) -> None:
    with psycopg.connect(old_database_url, autocommit=True) as looking:
        with psycopg.connect(old_database_url) as batch:
            batch.execute("SELECT FROM inventories WHERE event_number = 1 FOR NO KEY UPDATE")
            upgrade = threading.Thread(
                target=schema.upgrade, args=(old_database_url,), kwargs={"revision": "0003"}
            )
            upgrade.start()
            while looking.execute(WAITING).fetchone() == (0,) and upgrade.is_alive():
                pass
            assert upgrade.is_alive()
            batch.execute("SET LOCAL lock_timeout = '5s'")
            batch.execute("SELECT hold_ttl_seconds FROM events WHERE event_number = 1")
        upgrade.join(timeout=60)
        assert not upgrade.is_alive()
        assert looking.execute("SELECT generation, oldest_server FROM schema_generation").fetchone() == (3, 3)


def test_server_before_the_column_is_refused(old_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    schema.upgrade(old_database_url)
    monkeypatch.setattr(schema, "GENERATION", 2)
    with pytest.raises(schema.SchemaError, match="update Holdfast"):
        schema.verify(old_database_url)


async def test_change_keeps_a_rule_of_a_later_version(database_url: str) -> None:
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 10})
        _execute(database_url, """UPDATE events SET rules = rules || '{"later": 5}'""")
        await inventory.execute(number, c.ChangeEvent(rules={"max_per_hold": 2}))
        await inventory.execute(number, c.ChangeEvent(rules={"max_per_hold": None, "max_per_buyer": 3}))
        assert (await inventory.queries.get_event(number)).rules == SaleRules(max_per_buyer=3)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT rules -> 'later' FROM events").fetchone() == (5,)


async def test_event_without_a_stored_rule_sells_by_its_default(database_url: str) -> None:
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 10}, hold_ttl_seconds=5)
        _execute(database_url, "UPDATE events SET rules = '{}'")
        line = c.QuantityLine(quantity=1)
        hold = await inventory.execute(number, c.PlaceHold(hold_id=inventory.new_id(number), lines=(line,)))
        assert (hold.expires_at - hold.placed_at).total_seconds() == 120


def test_rules_are_an_object(database_url: str) -> None:
    insert = """INSERT INTO events (event_number, id, name, status, created_at, rules)
        VALUES (1, gen_random_uuid(), 'E', 'published', clock_timestamp(), '[]')"""
    with pytest.raises(psycopg.errors.CheckViolation):
        _execute(database_url, insert)


def _execute(url: str, statement: Any) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement)
