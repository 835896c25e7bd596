"""Pretended Citus: its catalogue, with answers of nodes as a test wants them, in a database of one PostgreSQL.

Citus cannot be installed everywhere. The tables and functions of SQL here are found where the real ones would be. What
they prove is our reading of them, and no more.
"""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

SHARDS = 2

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
    "citus.node_conninfo": "sslmode=require keepalives_idle=3 tcp_user_timeout=5000",
    "citus.shard_replication_factor": "1",
    "synchronous_standby_names": "",
    "wal_level": "logical",
}


def run(url: str, *statements: str, values: Any = None) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode(), values)


def node(**changes: Any) -> dict[str, Any]:
    """Return what a good node says of itself, with changes."""
    facts = {
        "prepared": 0,
        "ends_idle": False,
        "extension": "13.2-1",
        "version": "15.18",
        "locale": "UTF8 C.UTF-8 C.UTF-8",
        "standbys": 1,
        "connections": 10,
        "now": time.time(),
        "settings": GOOD,
    }
    settings = {**GOOD, **{key: value for key, value in changes.items() if key not in facts}}
    return {**facts, "settings": settings, **{key: value for key, value in changes.items() if key in facts}}


def be_coordinator(url: str, *nodes: dict[str, Any], distributed: bool = True) -> None:
    """Give the database the catalogue of a coordinator, in a schema of its own."""
    run(
        url,
        "CREATE SCHEMA citus",
        "CREATE TABLE citus.pg_dist_node (nodeid int, nodename text, nodeport int, isactive bool, hasmetadata bool,"
        " groupid int, shouldhaveshards bool)",
        "CREATE TABLE citus.pg_dist_shard (shardid bigint, logicalrelid regclass)",
        "CREATE TABLE citus.pg_dist_placement (placementid bigint, shardid bigint, groupid int)",
        "CREATE TABLE citus.pg_dist_partition (logicalrelid regclass, colocationid int)",
        "CREATE TABLE citus.answers (nodeid int, success bool, result text)",
        "CREATE FUNCTION citus.run_command_on_all_nodes(text) RETURNS SETOF citus.answers LANGUAGE sql"
        " AS 'SELECT * FROM citus.answers'",
        "CREATE FUNCTION citus.create_distributed_table(name text, number text, colocate_with text) RETURNS void"
        " LANGUAGE sql AS 'INSERT INTO citus.pg_dist_partition VALUES (name::regclass)'",
        "CREATE FUNCTION citus.create_distributed_table(name text, number text, colocate_with text, shard_count int)"
        " RETURNS void LANGUAGE sql AS 'INSERT INTO citus.pg_dist_partition VALUES (name::regclass);"
        " INSERT INTO citus.pg_dist_shard SELECT shard, name::regclass FROM generate_series(1, shard_count) shard'",
        "CREATE FUNCTION citus.truncate_local_data_after_distributing_table(name text) RETURNS void"
        " LANGUAGE sql AS ''",
        "CREATE TABLE citus.ways (from_nodename text, from_nodeport int, to_nodename text, to_nodeport int,"
        " result bool)",
        "CREATE FUNCTION citus.citus_check_cluster_node_health() RETURNS SETOF citus.ways LANGUAGE sql"
        " AS 'SELECT * FROM citus.ways'",
        "CREATE FUNCTION citus.citus_is_coordinator() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        f"ALTER DATABASE {conninfo_to_dict(url)['dbname']} SET search_path = public, citus",
    )
    for id, facts in enumerate(nodes, 1):
        run(url, f"INSERT INTO citus.pg_dist_node VALUES ({id}, 'node{id}', 5432, true, true, {id}, true)")
        run(url, f"INSERT INTO citus.answers VALUES ({id}, true, %s)", values=[json.dumps(facts)])
    if distributed:
        run(
            url,
            f"INSERT INTO citus.pg_dist_shard SELECT shard, 'events'::regclass FROM generate_series(1, {SHARDS}) shard",
            f"INSERT INTO citus.pg_dist_placement SELECT shard, shard, 1 FROM generate_series(1, {SHARDS}) shard",
            "INSERT INTO citus.pg_dist_partition SELECT attrelid FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
            " WHERE attname = 'event_number' AND attnotnull AND relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace",
        )
