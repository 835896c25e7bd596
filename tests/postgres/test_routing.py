"""Routing: on a clone with tables partitioned by event number, every statement of an event reads one partition.

So does every statement of several events of one shard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from holdfast.inventory.store.steps import on_a_shard
from holdfast.postgres import schema
from postgres.statements import FAN_OUT, Named, all_statements, nodes, plan
from support.postgres import TestDatabases

SCHEMA = (Path(schema.__file__).parent / "schema.sql").read_text()
PARTS = 4
ROUTED = [each for each in all_statements() if each.is_routed]


def partitioned(text: str) -> str:
    """The same schema, with each table of an event in four parts. PostgreSQL itself refuses a key without the
    number."""
    tables = re.findall(r"CREATE TABLE (\w+) \(\n    event_number ", text)
    for table in tables:
        body = re.search(rf"CREATE TABLE {table} \(\n.*?\n\)[^;]*;", text, re.DOTALL)
        assert body is not None
        made = re.sub(r"\n\)[^;]*;$", "\n) PARTITION BY HASH (event_number);", body.group())
        parts = [
            f"CREATE TABLE {table}_{at} PARTITION OF {table} FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {at});"
            for at in range(PARTS)
        ]
        text = text.replace(body.group(), "\n".join([made, *parts]))
    return text


@pytest.fixture(scope="module")
def clone(databases: TestDatabases) -> Iterator[str]:
    url = databases.create(migrated=False)
    with psycopg.connect(url) as connection:
        connection.execute(partitioned(SCHEMA).encode())
    yield url
    databases.drop(url)


@pytest.mark.parametrize("statement", ROUTED, ids=lambda each: f"{each.file}.{each.name}")
def test_an_events_statement_reads_one_part_of_each_table(clone: str, statement: Named) -> None:
    with psycopg.connect(clone, autocommit=True) as connection:
        touched = parts_touched(plan(connection, statement))
    assert all(len(parts) == 1 for parts in touched.values()), touched


SPANNING = [each for each in all_statements() if each.file == "spanning"]


@pytest.mark.parametrize("statement", SPANNING, ids=lambda each: each.name)
def test_a_statement_of_a_shards_events_reads_one_part_of_each_table(clone: str, statement: Named) -> None:
    """A node prunes shards by values, as PostgreSQL does with a custom plan: each plan here is one."""
    text = on_a_shard(statement.text.encode()).decode()
    with psycopg.connect(clone, autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_custom_plan")
        found = plan(connection, Named(file="", name="", text=text))
    touched = parts_touched(found)
    assert touched
    assert all(len(parts) == 1 for parts in touched.values()), touched


def parts_touched(found: dict[str, Any]) -> dict[str, set[str]]:
    touched: dict[str, set[str]] = {}
    for node in nodes(found):
        name = node.get("Relation Name")
        part = re.fullmatch(r"(\w+)_([0-3])", name or "")
        if part:
            touched.setdefault(part[1], set()).add(part[2])
    return touched


def test_the_check_reports_a_statement_without_the_number(clone: str) -> None:
    forgot = Named(
        file="", name="", text="SELECT h.id FROM holds h JOIN events e ON e.event_number = %(event_number)s"
    )
    with psycopg.connect(clone, autocommit=True) as connection:
        assert len(parts_touched(plan(connection, forgot))["holds"]) == PARTS


def test_every_statement_without_event_has_a_reason() -> None:
    """Statements of batches, occupancies and reads of one event are routed. Each other statement has a listed
    reason."""
    hot = ("batch", "reads", "booking_search", "occupancies", "catalogue", "read_models")
    others = {each.name for each in all_statements() if each.file in hot and not each.is_routed}
    assert others == set(FAN_OUT)
