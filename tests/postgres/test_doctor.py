"""The doctor: one line for everything that can be wrong, and no word about a good database but `ok`.

Citus cannot be installed here. A stand-in has its catalogue, with answers of nodes as the test wants them: two tables
and two functions of SQL, found before the real ones would be. What it proves is our reading of them, and no more.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from holdfast.postgres import preconditions, schema
from holdfast.postgres.doctor import Diagnosis, examine
from support.postgres import TestDatabases

GOOD = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_prepared_transactions": "200",
    "max_connections": "100",
    "plan_cache_mode": "auto",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "2000",
    "citus.node_connection_timeout": "3000",
}


def run(url: str, *statements: str, values: Any = None) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode(), values)


def node(**changes: Any) -> dict[str, Any]:
    """Return what a good node says of itself, with changes."""
    facts = {"prepared": 0, "extension": "13.2-1", "version": "15.18", "now": time.time(), "settings": GOOD}
    settings = {**GOOD, **{key: value for key, value in changes.items() if key not in facts}}
    return {**facts, "settings": settings, **{key: value for key, value in changes.items() if key in facts}}


def be_coordinator(url: str, *nodes: dict[str, Any], distributed: bool = True) -> None:
    """Give the database the catalogue of a coordinator, in a schema of its own."""
    run(
        url,
        "CREATE SCHEMA citus",
        "CREATE TABLE citus.pg_dist_node (nodeid int, nodename text, nodeport int, isactive bool, hasmetadata bool)",
        "CREATE TABLE citus.pg_dist_partition (logicalrelid regclass)",
        "CREATE TABLE citus.answers (nodeid int, success bool, result text)",
        "CREATE FUNCTION citus.run_command_on_all_nodes(text) RETURNS SETOF citus.answers LANGUAGE sql"
        " AS 'SELECT * FROM citus.answers'",
        "CREATE FUNCTION citus.create_distributed_table(name text, number text, colocate_with text) RETURNS void"
        " LANGUAGE sql AS 'INSERT INTO citus.pg_dist_partition VALUES (name::regclass)'",
        f"ALTER DATABASE {conninfo_to_dict(url)['dbname']} SET search_path = public, citus",
    )
    for id, facts in enumerate(nodes, 1):
        run(url, f"INSERT INTO citus.pg_dist_node VALUES ({id}, 'node{id}', 5432, true, true)")
        run(url, f"INSERT INTO citus.answers VALUES ({id}, true, %s)", values=[json.dumps(facts)])
    if distributed:
        run(
            url,
            "INSERT INTO citus.pg_dist_partition SELECT attrelid FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
            " WHERE attname = 'event_number' AND attnotnull AND relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace",
        )


def said(url: str, verdict: str, **chosen: int) -> list[str]:
    connections = chosen.get("connections", 8)
    return [each.text for each in examine(url, connections=connections) if each.verdict == verdict]


def test_a_good_database_has_only_advice_about_its_standby(database_url: str) -> None:
    found = examine(database_url, connections=8)
    checks = [*preconditions.CHECKS, "schema", "cluster"]
    assert [each for each in found if each.check != "advice"] == [
        Diagnosis(check=name, verdict="ok") for name in checks
    ]
    assert any("There is no standby" in each.text for each in found)


def test_all_problems_are_named_and_not_only_the_first(database_url: str) -> None:
    name = conninfo_to_dict(database_url)["dbname"]
    run(
        database_url,
        f"ALTER DATABASE {name} SET synchronous_commit = off",
        f"ALTER DATABASE {name} CONNECTION LIMIT 7",
    )
    found = said(database_url, "problem")
    assert len(found) == 2
    assert "synchronous_commit = off" in found[0]
    assert "CONNECTION LIMIT" in found[1]


def test_a_database_without_our_schema_is_a_problem(empty_database_url: str) -> None:
    (text,) = said(empty_database_url, "problem")
    assert "not migrated" in text


def test_many_connections_are_a_warning_before_they_are_a_problem(database_url: str) -> None:
    assert any("before a second server" in text for text in said(database_url, "warning", connections=170))
    assert said(database_url, "problem", connections=170) == []


@contextmanager
def configured(databases: TestDatabases, **settings: str) -> Iterator[None]:
    """Change settings of the whole server for the block."""
    superuser = databases.server.url_of("postgres", role="postgres")
    try:
        for name, value in settings.items():
            run(superuser, f"ALTER SYSTEM SET {name} = '{value}'", "SELECT pg_reload_conf()")
        yield
    finally:
        for name in settings:
            run(superuser, f"ALTER SYSTEM RESET {name}", "SELECT pg_reload_conf()")


def test_autovacuum_off_is_a_warning(databases: TestDatabases, database_url: str) -> None:
    with configured(databases, autovacuum="off"):
        deadline = time.monotonic() + 10
        while not any("autovacuum is off" in text for text in said(database_url, "warning")):
            assert time.monotonic() < deadline


def test_a_good_cluster_is_served(database_url: str) -> None:
    be_coordinator(database_url, node(), node())
    schema.verify(database_url)
    assert [
        each.verdict for each in examine(database_url, connections=8) if each.check in ("nodes", "cluster")
    ] == [
        "ok",
        "ok",
    ]


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_node_that_could_lose_bookings_is_refused(database_url: str, setting: str) -> None:
    """The coordinator's own settings say nothing of its nodes."""
    be_coordinator(database_url, node(), node(**{setting: "off"}))
    with pytest.raises(
        schema.SchemaError, match=f"Node node2:5432 runs with {setting} = off: bookings could be lost"
    ):
        schema.verify(database_url)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"max_prepared_transactions": "0"}, "max_prepared_transactions below max_connections"),
        ({"plan_cache_mode": "force_generic_plan"}, "plan_cache_mode = force_generic_plan: set it to auto"),
        ({"statement_timeout": "1000"}, "statement_timeout = 1000 ms"),
        ({"lock_timeout": "1000"}, "lock_timeout = 1000 ms"),
        ({"idle_in_transaction_session_timeout": "0"}, "has no idle_in_transaction_session_timeout"),
        ({"citus.node_connection_timeout": "30000"}, "citus.node_connection_timeout to 5s"),
        ({"prepared": 2}, "2 old prepared transactions"),
        ({"extension": "12.0-1"}, "several versions (extension): 12.0-1, 13.2-1"),
        ({"version": "15.20"}, "several versions (version): 15.18, 15.20"),
        ({"now": time.time() - 3600}, "The nodes' clocks differ by"),
    ],
)
def test_a_node_with_something_wrong_is_a_warning(
    database_url: str, changes: dict[str, Any], text: str
) -> None:
    be_coordinator(database_url, node(), node(**changes))
    assert [each for each in said(database_url, "warning") if text in each]
    assert said(database_url, "problem") == []


@pytest.mark.parametrize(
    ("column", "text"), [("isactive", "is not active"), ("hasmetadata", "has no metadata")]
)
def test_a_node_that_takes_no_part_is_a_warning(database_url: str, column: str, text: str) -> None:
    be_coordinator(database_url, node(), node())
    run(database_url, f"UPDATE citus.pg_dist_node SET {column} = false WHERE nodeid = 2")
    assert [each for each in said(database_url, "warning") if each.startswith(f"Node node2:5432 {text}")]


def test_a_half_distributed_schema_is_refused_and_an_upgrade_completes_it(database_url: str) -> None:
    """As after a migration that adds a table of events: Citus knows nothing of it."""
    be_coordinator(database_url, node())
    run(database_url, "DELETE FROM citus.pg_dist_partition WHERE logicalrelid = 'blocks'::regclass")
    with pytest.raises(schema.SchemaError, match="and not blocks: run `holdfast db upgrade`"):
        schema.verify(database_url)
    schema.upgrade(database_url)
    schema.verify(database_url)


def test_an_extension_that_nobody_uses_distributes_nothing(database_url: str) -> None:
    be_coordinator(database_url, node(fsync="off"), distributed=False)
    schema.upgrade(database_url)
    schema.verify(database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM citus.pg_dist_partition").fetchone() == (0,)
