"""The indexes of buyers' words: each search uses them, also by the plan that serves every text."""

from __future__ import annotations

import psycopg
import pytest

from postgres.statements import all_statements, nodes, plan

MANY = """
INSERT INTO events (event_number, id, name, status, created_at, rules)
VALUES (5, gen_random_uuid(), 'E', 'published', now(), '{}');
INSERT INTO holds (event_number, id, status, placed_at, expires_at, quantity, requested, placed_by, buyer)
SELECT 5, lpad(to_hex(h), 32, '0')::uuid, 'confirmed', now(), now(), 1, 1, 'test', 'c-' || h
FROM generate_series(1, 20000) h;
INSERT INTO bookings (event_number, hold_id, id, status, confirmed_at, confirmed_by, buyer_name)
SELECT 5, lpad(to_hex(b), 32, '0')::uuid, lpad(to_hex(b), 32, '0')::uuid, 'confirmed', now(), 'test', 'n' || b
FROM generate_series(1, 20000) b;
ANALYZE
"""


@pytest.mark.parametrize("name", ["find_bookings_by_words", "find_bookings_by_words_of_all"])
def test_buyers_are_found_by_their_words(database_url: str, name: str) -> None:
    (statement,) = [each for each in all_statements() if each.name == name]
    with psycopg.connect(database_url, autocommit=True) as connection:
        for fill in MANY.split(";"):
            connection.execute(fill.encode())
        connection.execute("SET plan_cache_mode = force_generic_plan")
        found = nodes(plan(connection, statement))
    assert {"bookings_by_buyer_words", "holds_by_buyer_words"} <= {node.get("Index Name") for node in found}
    assert not [
        node for node in found if node["Node Type"] == "Seq Scan" and node["Relation Name"] != "events"
    ]
