"""Distribution: put the tables of events on the nodes of a Citus cluster, take them back, and move single events.

Every function is one of Citus' own, after the checks that make its failure unlikely. docs/guides/citus.md
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from holdfast.postgres import citus, queries
from holdfast.postgres.connections import connection_string, session_options
from holdfast.postgres.tables import OF_EVENTS

__all__ = [
    "ClusterError",
    "Move",
    "Node",
    "Place",
    "Removal",
    "TableSize",
    "add_keys",
    "connect",
    "count_shards",
    "distribute",
    "drop_keys",
    "find_place",
    "isolate",
    "list_moves",
    "list_nodes",
    "plan",
    "read_keys",
    "rebalance",
    "rebalance_state",
    "undistribute",
]

SQL = queries.load("distribution")

_LOCK_TIMEOUT = b"SET LOCAL lock_timeout = '500ms'"
PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.1

Session = psycopg.Connection[DictRow]
Report = Callable[[str], None]
"""Called with the name of each table before its rows move."""


class ClusterError(Exception):
    """Its text is one line: why the cluster cannot do it, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    name: str
    rows: int
    """As PostgreSQL last counted them."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What a distribution would move."""

    tables: tuple[TableSize, ...]
    keys: tuple[DictRow, ...]
    """Foreign keys that are dropped before the move and made again after it."""
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`size_bytes` is None for a node that does not answer."""

    name: str
    is_active: bool
    has_shards: bool
    """Whether new shards may go there."""
    shards: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    source: str
    target: str
    tables: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the rows of an event are."""

    shard: int
    host: str
    port: int
    is_alone: bool
    """Whether the shard has no other event."""

    @property
    def node(self) -> str:
        return f"{self.host}:{self.port}"


@contextmanager
def connect(url: str) -> Iterator[Session]:
    """Yield a session without time-outs: rows of a large database move for minutes."""
    options = session_options(url, statement_timeout="0", idle_in_transaction_session_timeout="0")
    conninfo = psycopg.conninfo.make_conninfo(
        connection_string(url, application="holdfast-cluster"), options=options
    )
    with psycopg.connect(conninfo, connect_timeout=10, autocommit=True, row_factory=dict_row) as session:
        yield session


def plan(session: Session) -> Removal:
    """Return what `distribute` would move. Raises ClusterError if this is no coordinator, or it has no nodes."""
    if not citus.is_coordinator(session):
        raise ClusterError(
            "This PostgreSQL is no coordinator of Citus: CREATE EXTENSION citus, and add nodes with citus_add_node(…)."
        )
    if _ask(session, "is_worker")[0]["found"]:
        raise ClusterError(
            "This PostgreSQL is a node of Citus: name the coordinator in HOLDFAST_DATABASE_URL."
        )
    nodes = [row for row in _ask(session, "list_shares") if row["has_shards"]]
    if not nodes:
        raise ClusterError("The cluster has no node for shards: SELECT citus_add_node(…) on the coordinator.")
    lost = [row["name"] for row in nodes if not row["is_active"]]
    if lost:
        raise ClusterError(
            f"Not active: {', '.join(lost)}. SELECT citus_activate_node(…) on the coordinator."
        )
    tables = citus.event_tables(session)
    local = [row for row in tables if not row["is_distributed"]]
    return Removal(
        tables=tuple(
            TableSize(name=row["name"], rows=row["rows"], size_bytes=row["size_bytes"]) for row in local
        ),
        keys=tuple(read_keys(session)) if local else (),
        nodes=tuple(row["name"] for row in nodes),
    )


def distribute(session: Session, *, shards: int = 32, report: Report = lambda _: None) -> Removal:
    """Distribute every table of events that is not, in one transaction. Return what it moved.

    Raises ClusterError, and psycopg.errors.LockNotAvailable if the tables stay locked for a minute.
    """
    found = plan(session)
    if not found.tables:
        return found
    names = [table.name for table in found.tables]
    with _exclusive(session):
        drop_keys(session, found.keys)
        if "events" in names:
            report("events")
            _ask(session, "distribute_first", name="events", shards=shards)
        for name in names:
            if name != "events":
                report(name)
                _ask(session, "distribute", name=name)
        for name in names:
            _ask(session, "empty_local_copy", name=name)
        add_keys(session, found.keys)
    if len({row["colocation"] for row in citus.event_tables(session)}) != 1:
        raise ClusterError(
            "Citus has put tables of events apart: run `holdfast db undistribute`, then try again."
        )
    return found


def undistribute(session: Session, *, report: Report = lambda _: None) -> list[str]:
    """Bring all tables back to the coordinator, in one transaction. Return the names of those that it moved."""
    if not citus.is_coordinator(session):
        return []
    names = [row["name"] for row in citus.event_tables(session) if row["is_distributed"]]
    if not names:
        return []
    keys = read_keys(session)
    with _exclusive(session):
        drop_keys(session, keys)
        for name in names:
            report(name)
            _ask(session, "undistribute", name=name)
        add_keys(session, keys)
    return names


def isolate(session: Session, number: int, *, node: str | None = None) -> Place:
    """Give an event a shard of its own, on another node if one is named. Sales go on. Return where it is."""
    place = find_place(session, number)
    target = _node(session, node) if node is not None else (place.host, place.port)
    if not place.is_alone:
        _ask(session, "isolate", number=number)
        place = find_place(session, number)
    if (place.host, place.port) != target:
        host, port = target
        origin = {"from_host": place.host, "from_port": place.port}
        _ask(session, "move_shard", shard=place.shard, host=host, port=port, **origin)
    return find_place(session, number)


def find_place(session: Session, number: int) -> Place:
    """Return where the rows of an event are. Raises ClusterError unless the database is distributed."""
    if not citus.is_distributed(session):
        raise ClusterError("The database is not distributed: run `holdfast db distribute`.")
    (row,) = _ask(session, "shard_of", number=number)
    return Place(**row)


def rebalance(session: Session) -> int | None:
    """Start to spread the shards over the nodes, in the background. Return the job, or None with nothing to move."""
    if not citus.is_distributed(session):
        raise ClusterError("The database is not distributed: run `holdfast db distribute`.")
    (row,) = _ask(session, "start_rebalance")
    return row["job"] or None


def rebalance_state(session: Session) -> str:
    """Return the state of the last rebalancing, in Citus' own word: scheduled, running, finished, failed, …"""
    found = _ask(session, "rebalance_state")
    return str(found[0]["state"]) if found else "finished"


def count_shards(session: Session) -> int:
    """Return into how many shards the events are divided; 0 if they are not."""
    if not citus.is_distributed(session):
        return 0
    return sum(row["shards"] for row in _ask(session, "list_shares"))


def list_nodes(session: Session) -> list[Node]:
    """Return the cluster's nodes; none without Citus."""
    if not citus.is_coordinator(session):
        return []
    sizes = {row["name"]: int(row["result"]) for row in _ask(session, "list_sizes")}
    return [
        Node(
            name=row["name"],
            is_active=row["is_active"],
            has_shards=row["has_shards"],
            shards=row["shards"],
            size_bytes=sizes.get(row["name"]),
        )
        for row in _ask(session, "list_shares")
    ]


def list_moves(session: Session) -> list[Move]:
    """Return the shards that are on their way to another node."""
    return [Move(**row) for row in _ask(session, "list_moves")] if citus.is_coordinator(session) else []


@contextmanager
def _exclusive(session: Session) -> Iterator[None]:
    """Lock out all use of the tables of events for one transaction.

    The lock waits for half a second at a time, so that no batch waits long behind it (postgres/migrations/env.py).
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    with session.transaction():
        names = [row["name"] for row in citus.event_tables(session)]
        (statement,) = _ask(session, "lock_text", names=names)
        lock = statement["lock"].encode()
        session.execute(b"SET LOCAL citus.propagate_set_commands = 'local'")
        # A node waits while others work, and its role may end idle transactions.
        session.execute(b"SET LOCAL idle_in_transaction_session_timeout = 0")
        session.execute(_LOCK_TIMEOUT)
        while not _locked(session, lock):
            if time.monotonic() > deadline:
                raise ClusterError("Other sessions keep the tables locked: stop the servers, then try again.")
            time.sleep(_PAUSE_SECONDS)
        session.execute(b"SET LOCAL lock_timeout = 0")
        yield


def _locked(session: Session, lock: bytes) -> bool:
    with suppress(psycopg.errors.LockNotAvailable), session.transaction():
        session.execute(lock)
        return True
    return False


def drop_keys(session: Session, keys: Sequence[DictRow]) -> None:
    for key in keys:
        session.execute(key["drop"].encode())


def add_keys(session: Session, keys: Sequence[DictRow]) -> None:
    for key in keys:
        session.execute(key["make"].encode())


def read_keys(session: Session) -> list[DictRow]:
    return _ask(session, "list_foreign_keys", names=list(OF_EVENTS))


def _node(session: Session, name: str) -> tuple[str, int]:
    """Return the host and port of a node of the cluster, named as `HOST:PORT`."""
    nodes = [row["name"] for row in _ask(session, "list_shares") if row["has_shards"]]
    if name not in nodes:
        raise ClusterError(f"There is no node {name} for shards: {', '.join(nodes)}.")
    host, _, port = name.rpartition(":")
    return host, int(port)


def _ask(session: Session, statement: str, **parameters: Any) -> list[DictRow]:
    return session.execute(SQL[statement], parameters or None).fetchall()
