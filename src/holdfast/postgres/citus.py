"""Citus: what is wrong with the nodes behind a coordinator, and which tables it has not distributed.

A database without Citus has none of this: every function then finds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.rows import DictRow

from holdfast.postgres import queries
from holdfast.postgres.tables import OF_EVENTS

__all__ = [
    "DURABLE",
    "event_tables",
    "fatal_problems",
    "is_coordinator",
    "is_distributed",
    "undistributed",
    "warnings_of",
]

SQL = queries.load("citus")

DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write", "local"),
}
"""Settings with their allowed values, on every node that has rows."""

_MAX_SKEW_SECONDS = 0.1
_MAX_TIMEOUT_MILLISECONDS = 5_000
_CROWDED = 0.8
_SAME_EVERYWHERE = {
    "extension": "versions of Citus: install one on all",
    "version": "versions of PostgreSQL: install one on all",
    "locale": "encodings or locales: make their databases alike, so that texts compare and sort alike",
}

Session = psycopg.Connection[DictRow]


def fatal_problems(session: Session) -> Iterator[str]:
    """Yield why a node could lose bookings. Settings are a node's own: the coordinator's say nothing of it."""
    if not is_distributed(session):
        return
    for name, node in _nodes(session):
        for setting, allowed in DURABLE.items():
            value = node["settings"][setting]
            if value not in allowed:
                yield f"Node {name} runs with {setting} = {value}: bookings could be lost. Set it to on."


def is_distributed(session: Session) -> bool:
    """Return whether any table of events is distributed."""
    return is_coordinator(session) and any(row["is_distributed"] for row in event_tables(session))


def warnings_of(session: Session, *, connections: int) -> Iterator[str]:
    """Yield what can fail later, or makes a lost node worse than it needs to be.

    `connections`: how many all workers open to each node.
    """
    if not is_coordinator(session):
        return
    listed = _ask(session, "list_nodes")
    for row in listed:
        if not row["is_active"]:
            yield f"Node {row['name']} is not active: its events cannot be sold. SELECT citus_activate_node(…)."
        if not row["has_metadata"]:
            yield f"Node {row['name']} has no metadata: SELECT start_metadata_sync_to_node(…) on the coordinator."
    nodes = list(_nodes(session))
    answered = {name for name, _ in nodes}
    for row in listed:
        if row["is_active"] and row["name"] not in answered:
            yield f"Node {row['name']} does not answer: start it, and let this role connect from the coordinator."
    if len(answered) == len(listed):
        for way in _ask(session, "list_broken_ways"):
            yield (
                f"Node {way['source']} cannot connect to node {way['target']} as this role: "
                "allow it in pg_hba.conf, and give the role's password in .pgpass or pg_dist_authinfo."
            )
    for name, node in nodes:
        yield from _warnings_of_node(name, node, connections)
    coordinators = {row["name"] for row in listed if row["is_coordinator"]}
    for name, node in nodes:
        if name not in coordinators and not node["standbys"]:
            yield f"Node {name} has no standby: the loss of its disk is the loss of its events."
    for what, advice in _SAME_EVERYWHERE.items():
        found = sorted({str(node[what]) for _, node in nodes})
        if len(found) > 1:
            yield f"The nodes have several {advice} ({', '.join(found)})."
    for row in event_tables(session):
        if row["is_distributed"] and row["has_own_rows"]:
            yield (
                f"The coordinator still has its own copy of {row['name']}: "
                f"SELECT truncate_local_data_after_distributing_table('{row['name']}')."
            )
    times = [float(node["now"]) for _, node in nodes]
    if times and max(times) - min(times) > _MAX_SKEW_SECONDS:
        yield f"The nodes' clocks differ by {max(times) - min(times):.1f} s: keep time on each, as with chrony."


def _warnings_of_node(name: str, node: dict[str, Any], connections: int) -> Iterator[str]:
    settings = node["settings"]
    if settings["wal_level"] != "logical":
        yield f"Node {name} has wal_level = {settings['wal_level']}: shards cannot move while sales go on. Set logical."
    if settings.get("citus.shard_replication_factor", "1") != "1":
        yield f"Node {name} has citus.shard_replication_factor above 1: set it to 1, and use standbys."
    if "citus.node_conninfo" in settings and "tcp_user_timeout" not in settings["citus.node_conninfo"]:
        yield (
            f"Node {name} waits for minutes for a node that the network lost: "
            "add keepalives_idle=3 keepalives_count=3 tcp_user_timeout=5000 to citus.node_conninfo."
        )
    if settings["synchronous_standby_names"] and not node["standbys"]:
        yield f"Node {name} has synchronous_standby_names and no standby: its events wait until one is connected."
    if node["connections"] + connections > _CROWDED * int(settings["max_connections"]):
        yield (
            f"Node {name} has {node['connections']} connections open, the workers open {connections}, and "
            f"max_connections is {settings['max_connections']}: raise it."
        )
    if int(settings["max_prepared_transactions"]) < int(settings["max_connections"]):
        yield f"Node {name} has max_prepared_transactions below max_connections: a moved shard may fail. Raise it."
    if settings["plan_cache_mode"] != "auto":
        yield f"Node {name} has plan_cache_mode = {settings['plan_cache_mode']}: set it to auto."
    for setting in ("statement_timeout", "lock_timeout"):
        if settings[setting] != "0":
            yield f"Node {name} has {setting} = {settings[setting]} ms for its role: leave it to the sessions."
    if settings["idle_in_transaction_session_timeout"] == "0":
        yield (
            f"Node {name} has no idle_in_transaction_session_timeout: a lost coordinator keeps locks. "
            "ALTER ROLE … SET it to 2s for Holdfast's role."
        )
    elif node["ends_idle"]:
        yield (
            f"Node {name} has idle_in_transaction_session_timeout for all roles: no shard can move. "
            "Set it for Holdfast's role alone."
        )
    if "citus" not in settings.get("output_plugin_libraries", "citus"):
        yield f"Node {name} has no citus in output_plugin_libraries: no shard can move. Set it to 'pgoutput, citus'."
    if int(settings.get("citus.node_connection_timeout", 0)) > _MAX_TIMEOUT_MILLISECONDS:
        yield f"Node {name} waits long for a silent node: set citus.node_connection_timeout to 5s or less."
    if node["prepared"]:
        yield f"Node {name} has {node['prepared']} old prepared transactions, which keep locks: end them by hand."


def _nodes(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, what it says of itself) of each node that answers."""
    names = {row["id"]: row["name"] for row in _ask(session, "list_nodes")}
    for row in _ask(session, "ask_nodes", text=SQL["look_at_node"].decode()):
        if row["success"]:
            yield names.get(row["id"], str(row["id"])), json.loads(row["result"])


def is_coordinator(session: Session) -> bool:
    """Return whether Citus is here: this is a coordinator, or one of its nodes."""
    (row,) = _ask(session, "is_coordinator")
    return bool(row["found"])


def event_tables(session: Session) -> list[DictRow]:
    """Return the tables of events, with where their rows are. Only a database with Citus can answer."""
    return _ask(session, "list_event_tables", names=list(OF_EVENTS))


def undistributed(session: Session) -> list[str]:
    """Return the tables of events that are not distributed, if others are. A join with them is refused or slow."""
    found = event_tables(session) if is_coordinator(session) else []
    if not any(row["is_distributed"] for row in found):
        return []
    return [row["name"] for row in found if not row["is_distributed"]]


def _ask(session: Session, statement: str, **parameters: Any) -> list[DictRow]:
    return session.execute(SQL[statement], parameters or None).fetchall()
