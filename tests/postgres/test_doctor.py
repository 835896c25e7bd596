"""The doctor: one line for everything that can be wrong, and no word about a good database but `ok`.

Citus cannot be installed here: a stand-in has its catalogue (`support/pretend_citus.py`).
"""

from __future__ import annotations

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
from support.pretend_citus import be_coordinator, node, run


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
        ({"ends_idle": True}, "for all roles: no shard can move"),
        ({"output_plugin_libraries": "pgoutput"}, "no citus in output_plugin_libraries"),
        ({"prepared": 2}, "2 old prepared transactions"),
        ({"wal_level": "replica"}, "wal_level = replica: shards cannot move"),
        ({"citus.shard_replication_factor": "2"}, "citus.shard_replication_factor above 1"),
        ({"citus.node_conninfo": "sslmode=require"}, "tcp_user_timeout=5000 to citus.node_conninfo"),
        ({"synchronous_standby_names": "*", "standbys": 0}, "its events wait until one is connected"),
        ({"standbys": 0}, "has no standby: the loss of its disk"),
        ({"connections": 75}, "75 connections open, the workers open 8, and max_connections is 100"),
        ({"extension": "12.0-1"}, "several versions of Citus: install one on all (12.0-1, 13.2-1)"),
        ({"version": "15.20"}, "several versions of PostgreSQL: install one on all (15.18, 15.20)"),
        ({"locale": "LATIN1 C C"}, "several encodings or locales"),
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


def test_a_node_that_does_not_answer_is_a_warning(database_url: str) -> None:
    """It was passed over in silence: a node that nobody reached had no line."""
    be_coordinator(database_url, node(), node())
    run(
        database_url,
        "UPDATE citus.answers SET success = false, result = 'connection refused' WHERE nodeid = 2",
    )
    assert [
        each for each in said(database_url, "warning") if each.startswith("Node node2:5432 does not answer")
    ]


def test_nodes_that_cannot_reach_each_other_are_a_warning(database_url: str) -> None:
    """A move of a shard connects one node to another. The coordinator may reach both, and so may sales."""
    be_coordinator(database_url, node(), node())
    run(
        database_url,
        "INSERT INTO citus.ways VALUES ('node1', 5432, 'node2', 5432, true), ('node2', 5432, 'node1', 5432, false)",
    )
    (found,) = [each for each in said(database_url, "warning") if "cannot connect" in each]
    assert found.startswith("Node node2:5432 cannot connect to node node1:5432")


def test_a_copy_that_the_coordinator_kept_is_a_warning(database_url: str) -> None:
    be_coordinator(database_url, node())
    run(
        database_url,
        "INSERT INTO events (event_number, id, name, status, rules, map_version, created_at)"
        " VALUES (5, gen_random_uuid(), 'E', 'published', '{}', 0, now())",
    )
    (found,) = [each for each in said(database_url, "warning") if "its own copy" in each]
    assert "truncate_local_data_after_distributing_table('events')" in found


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
