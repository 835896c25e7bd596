"""Citus: what is wrong with the nodes behind a coordinator, and which tables it has not distributed.

A database without Citus has none of this: every function then finds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg.rows import DictRow

from holdfast.postgres import queries

__all__ = ["DURABLE", "distribute_new", "fatal_problems", "is_distributed", "undistributed", "warnings_of"]

SQL = queries.load("citus")

DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write", "local"),
}
"""Settings with their allowed values, on every node that has rows."""

_MAX_SKEW_SECONDS = 0.1
_MAX_TIMEOUT_MILLISECONDS = 5_000

Session = psycopg.Connection[DictRow]


def fatal_problems(session: Session, tables: Sequence[str]) -> Iterator[str]:
    """Yield why a node could lose bookings. Settings are a node's own: the coordinator's say nothing of it."""
    if not is_distributed(session, tables):
        return
    for name, node in _nodes(session):
        for setting, allowed in DURABLE.items():
            value = node["settings"][setting]
            if value not in allowed:
                yield f"Node {name} runs with {setting} = {value}: bookings could be lost. Set it to on."


def is_distributed(session: Session, tables: Sequence[str]) -> bool:
    """Return whether any table of events is distributed."""
    return _is_coordinator(session) and any(row["is_distributed"] for row in _event_tables(session, tables))


def distribute_new(session: Session, tables: Sequence[str]) -> list[str]:
    """Distribute tables that a migration has added to a distributed database, beside the others. Return their names."""
    left = undistributed(session, tables)
    for name in left:
        session.execute(SQL["distribute"], {"name": name})
    return left


def warnings_of(session: Session) -> Iterator[str]:
    """Yield what can fail later, or makes a lost node worse than it needs to be."""
    if not _is_coordinator(session):
        return
    for row in _ask(session, "list_nodes"):
        if not row["is_active"]:
            yield f"Node {row['name']} is not active: its events cannot be sold. SELECT citus_activate_node(…)."
        if not row["has_metadata"]:
            yield f"Node {row['name']} has no metadata: SELECT start_metadata_sync_to_node(…) on the coordinator."
    nodes = list(_nodes(session))
    for name, node in nodes:
        yield from _warnings_of_node(name, node)
    for what in ("extension", "version"):
        found = sorted({str(node[what]) for _, node in nodes})
        if len(found) > 1:
            yield f"The nodes have several versions ({what}): {', '.join(found)}. Install one on all."
    times = [float(node["now"]) for _, node in nodes]
    if times and max(times) - min(times) > _MAX_SKEW_SECONDS:
        yield f"The nodes' clocks differ by {max(times) - min(times):.1f} s: keep time on each, as with chrony."


def _warnings_of_node(name: str, node: dict[str, Any]) -> Iterator[str]:
    settings = node["settings"]
    if int(settings["max_prepared_transactions"]) < int(settings["max_connections"]):
        yield f"Node {name} has max_prepared_transactions below max_connections: a moved shard may fail. Raise it."
    if settings["plan_cache_mode"] != "auto":
        yield f"Node {name} has plan_cache_mode = {settings['plan_cache_mode']}: set it to auto."
    for setting in ("statement_timeout", "lock_timeout"):
        if settings[setting] != "0":
            yield f"Node {name} has {setting} = {settings[setting]} ms for its role: leave it to the sessions."
    if settings["idle_in_transaction_session_timeout"] == "0":
        yield f"Node {name} has no idle_in_transaction_session_timeout: a lost coordinator keeps locks. Set it to 2s."
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


def _is_coordinator(session: Session) -> bool:
    (row,) = _ask(session, "is_coordinator")
    return bool(row["found"])


def _event_tables(session: Session, tables: Sequence[str]) -> list[DictRow]:
    return _ask(session, "list_event_tables", names=list(tables))


def undistributed(session: Session, tables: Sequence[str]) -> list[str]:
    """Return the tables of events that are not distributed, if others are. A join with them is refused or slow."""
    found = _event_tables(session, tables) if _is_coordinator(session) else []
    if not any(row["is_distributed"] for row in found):
        return []
    return [row["name"] for row in found if not row["is_distributed"]]


def _ask(session: Session, statement: str, **parameters: Any) -> list[DictRow]:
    return session.execute(SQL[statement], parameters or None).fetchall()
