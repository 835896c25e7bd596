"""Statements on a Citus cluster: a coordinator takes each one, and sends a statement of one event to one shard.

Only `HOLDFAST_TEST_CITUS_URL` makes them run. Without a cluster, tests/postgres/test_routing.py and
tests/postgres/test_sql_lint.py hold most of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from holdfast.inventory.store.steps import on_a_shard
from postgres.statements import Named, all_statements, prepare
from support.citus import CitusDatabases

ELSEWHERE = {
    "backup": "sends pieces of a command, not statements",
    "distribution": "asks Citus itself, which its own tests do",
    "citus": "asks Citus itself, which its own tests do",
    "together": "is for one PostgreSQL that has all events",
}
"""Files whose statements no distributed table has, and why they are left out."""

_PLANNED = re.compile(r"(--.*\n|\s)*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
STATEMENTS = [
    each
    for each in all_statements()
    if each.file not in {*ELSEWHERE, "spanning"} and _PLANNED.match(each.text)
]
SPANNING = [each for each in all_statements() if each.file == "spanning"]


@pytest.fixture(scope="module")
def cluster(databases: Any) -> Iterator[str]:
    if not isinstance(databases, CitusDatabases):
        pytest.skip("needs a Citus cluster: HOLDFAST_TEST_CITUS_URL")
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda each: f"{each.file}.{each.name}")
def test_a_coordinator_takes_a_statement(cluster: str, statement: Named) -> None:
    with psycopg.connect(cluster, autocommit=True) as session:
        tasks = tasks_of(session, statement)
    if statement.is_routed:
        assert set(tasks) <= {1}


@pytest.mark.parametrize("statement", SPANNING, ids=lambda each: each.name)
def test_a_statement_of_a_shards_events_is_one_task(cluster: str, statement: Named) -> None:
    text = on_a_shard(statement.text.encode()).decode()
    with psycopg.connect(cluster, autocommit=True) as session:
        assert tasks_of(session, Named(file="", name="", text=text)) == [1]


def tasks_of(session: psycopg.Connection[Any], statement: Named) -> list[int]:
    """Return how many shards each distributed part of a statement asks; nothing for one that stays here."""
    explain = prepare(session, statement)
    rows = session.execute(explain.replace(b"(FORMAT JSON)", b"")).fetchall()
    return [int(count) for (row,) in rows for count in re.findall(r"Task Count: (\d+)", row)]
