"""Citus for the tests: databases of a cluster that runs already, distributed, one for each test.

`HOLDFAST_TEST_CITUS_URL` names a database of the coordinator in which the nodes are known, as a superuser. Copies of a
database, made on every node, are again a distributed database: what Citus knows of nodes and tables is in the copy.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from holdfast.postgres import distribution
from holdfast.postgres.schema import upgrade
from holdfast.postgres.tables import OF_EVENTS

SHARDS = 4
BEHIND = 8
"""Databases that are dropped at the same time, behind the tests. Citus' own sessions can delay a drop by 5 seconds."""
ROLE = "holdfast"

Node = tuple[str, int]


class CitusDatabases:
    """Hands out distributed databases, as `TestDatabases` does on one PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._url = url
        with psycopg.connect(url) as session:
            found = session.execute(
                "SELECT nodename, nodeport FROM pg_dist_node ORDER BY groupid"  # the coordinator is group 0
            ).fetchall()
        self._nodes: list[Node] = [(str(host), int(port)) for host, port in found]
        prefix = f"holdfast_{os.getpid()}"
        self._template = f"{prefix}_template"
        self._empty = f"{prefix}_empty"
        self._names = (f"{prefix}_{number}" for number in itertools.count(1))
        self._made: set[str] = set()
        self._behind = ThreadPoolExecutor(BEHIND)
        self._next: Future[str] | None = None

    @property
    def server(self) -> NoReturn:
        pytest.skip("it changes the whole PostgreSQL server, and a cluster is not ours to change")

    def start(self) -> None:
        self._everywhere(
            "postgres",
            f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN CREATEDB; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        )

    def stop(self) -> None:
        self._behind.shutdown()
        for name in list(self._made):
            self._drop(name)

    def create(self, *, migrated: bool = True) -> str:
        """Return the URL of a new database. The next one that is migrated is made behind the test."""
        template = self._template if migrated else self._empty
        if template not in self._made:
            self._make_template(template, migrated=migrated)
        if not migrated:
            return self._copy(template)
        ready = self._next or self._behind.submit(self._copy, template)
        self._next = self._behind.submit(self._copy, template)
        return ready.result()

    def release(self, url: str) -> None:
        """Drop a database behind the tests that follow. `stop` waits for it, and drops again what had failed."""
        self._behind.submit(self.drop, url)

    def _copy(self, template: str) -> str:
        name = next(self._names)
        self._made.add(name)
        self._everywhere("postgres", f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template}")
        return self.url_of(name)

    def drop(self, url: str) -> None:
        self._drop(str(conninfo_to_dict(url)["dbname"]))

    def url_of(self, name: str) -> str:
        host, port = self._nodes[0]
        return f"postgresql://{ROLE}@/{name}?host={host}&port={port}"

    def _make_template(self, name: str, *, migrated: bool) -> None:
        self._made.add(name)
        self._everywhere("postgres", f"CREATE DATABASE {name} OWNER {ROLE}")
        self._everywhere(name, "CREATE EXTENSION citus")
        (host, port), *workers = self._nodes
        with self._connect(self._nodes[0], name) as session:
            session.execute("SELECT citus_set_coordinator_host(%s, %s)", (host, port))
            for worker in workers:
                session.execute("SELECT citus_add_node(%s, %s)", worker)
        if migrated:
            upgrade(self.url_of(name))
            with distribution.connect(self.url_of(name)) as session:
                distribution.distribute(session, shards=SHARDS)
        # A copy needs an original without sessions, and Citus keeps one for its own work.
        self._everywhere(
            "postgres",
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'",
        )

    def _drop(self, name: str) -> None:
        self._everywhere("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.discard(name)

    def _everywhere(self, database: str, *statements: str) -> None:
        def run(node: Node) -> None:
            with self._connect(node, database) as session:
                # Each node is asked itself. One that passed it on would wait for the others.
                session.execute("SET citus.enable_ddl_propagation = off")
                for statement in statements:
                    _patiently(session, statement)

        with ThreadPoolExecutor(len(self._nodes)) as threads:
            list(threads.map(run, self._nodes))

    def _connect(self, node: Node, database: str) -> psycopg.Connection[Any]:
        host, port = node
        return psycopg.connect(self._url, dbname=database, host=host, port=port, autocommit=True)


def _patiently(session: psycopg.Connection[Any], statement: str) -> None:
    """Run a statement. A session that Citus begins by itself, with any other node, may be in its way."""
    for tries_left in reversed(range(20)):
        try:
            session.execute(statement.encode())
        except psycopg.errors.ObjectInUse:
            if not tries_left:
                raise
        else:
            return


_SHARDS = """
SELECT s.shardid, s.logicalrelid::regclass::text, n.nodename, n.nodeport, s.shardminvalue::bigint
FROM pg_dist_shard s JOIN pg_dist_placement p USING (shardid) JOIN pg_dist_node n USING (groupid)
ORDER BY s.shardminvalue::bigint
"""
_REFUSED = (
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.InvalidTableDefinition,
    psycopg.errors.WrongObjectType,
    psycopg.errors.InternalError_,  # triggers are not supported
)
_STATEMENTS = re.compile(r";\s+(?=(?:UPDATE|DELETE|INSERT|CREATE|ALTER|DROP) )")
_SEQUENCE = re.compile(r"\s*CREATE SEQUENCE\b", re.IGNORECASE)
_DAMAGE = re.compile(r"\s*(UPDATE|DELETE|INSERT|CREATE|ALTER|DROP)\b", re.IGNORECASE)
_NAME = re.compile(rf"(?<![\w.'])({'|'.join(OF_EVENTS)})(?![\w'(])")


_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def count_waiting(url: str) -> int:
    """Return how many sessions wait for a lock, on one PostgreSQL or on all nodes of a cluster."""
    return sum(everywhere(url, _WAITING))


def everywhere(url: str, statement: str) -> list[int]:
    """Return the number that a statement gives on one PostgreSQL, or on each node of a cluster."""
    with psycopg.connect(url, autocommit=True) as session:
        if not _is_cluster(psycopg.Connection.execute, session):
            found = session.execute(statement.encode()).fetchall()
        else:
            found = session.execute(
                "SELECT result FROM run_command_on_all_nodes(%s)", (statement,)
            ).fetchall()
        return [int(number) for (number,) in found]


class _Rows:
    """The rows that all shards gave."""

    def __init__(self, rows: list[Any], count: int) -> None:
        self._rows, self.rowcount = rows, count
        self.description = rows or None

    def fetchall(self) -> list[Any]:
        return self._rows

    def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None

    def nextset(self) -> None:
        """There is one answer only."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


@contextmanager
def damage_by_shard() -> Iterator[None]:
    """Send statements of tests that a coordinator refuses to each shard instead, as it would split them.

    The product has no such statement. A test spoils rows with functions that are not immutable, or adds a trigger.
    """
    execute = psycopg.Connection.execute

    def execute_or_split(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else query
        if isinstance(text, str) and _SEQUENCE.match(text):
            return _everywhere_too(execute, self, text)
        if not isinstance(text, str) or not _DAMAGE.match(text) or not _NAME.search(text):
            return execute(self, query, params, **more)
        if params is None and "$$" not in text:
            *before, text = _STATEMENTS.split(text)
            for statement in before:
                execute_or_split(self, statement)
            query = text.encode()
        if self.autocommit:
            guard = release = None
        else:
            guard, release = "ROLLBACK TO SAVEPOINT whole", "RELEASE SAVEPOINT whole"
            execute(self, "SAVEPOINT whole")
        try:
            done = execute(self, query, params, **more)
        except _REFUSED:
            if guard:
                execute(self, guard)
            return _split(execute, self, text, params)
        if release:
            execute(self, release)
        return done

    psycopg.Connection.execute = execute_or_split  # type: ignore[method-assign]  # for this block
    try:
        yield
    finally:
        psycopg.Connection.execute = execute  # type: ignore[method-assign]  # as it was


def _everywhere_too(execute: Any, session: psycopg.Connection[Any], text: str) -> Any:
    """Make a sequence on the nodes as well, where the triggers of a test count with it."""
    made = execute(session, text)
    if _is_cluster(execute, session):
        execute(
            session, "SELECT run_command_on_workers(%s)", (f"SET citus.enable_ddl_propagation = off; {text}",)
        )
    return made


def _is_cluster(execute: Any, session: psycopg.Connection[Any]) -> bool:
    (found,) = execute(session, "SELECT to_regclass('citus_lock_waits') IS NOT NULL").fetchone()
    return bool(found)


def _split(execute: Any, session: psycopg.Connection[Any], text: str, params: Any) -> _Rows:
    groups: dict[tuple[str, int, int], dict[str, str]] = {}
    for shard, table, host, port, lowest in execute(session, _SHARDS).fetchall():
        groups.setdefault((host, port, lowest), {})[table] = f"{table}_{shard}"
    if not groups:
        raise psycopg.errors.FeatureNotSupported(text)
    rows: list[Any] = []
    count = 0
    for (host, port, _), names in groups.items():
        here = _of_shard(text, names)
        # The session's own address would win over the node's name.
        with psycopg.connect(session.info.dsn, host=host, hostaddr="", port=port, autocommit=True) as node:
            done = execute(node, here, params)
            rows += done.fetchall() if done.description else []
            count += max(done.rowcount, 0)
    return _Rows(rows, count)


def _of_shard(text: str, names: Mapping[str, str]) -> str:
    return _NAME.sub(lambda found: names[found[1]], text)
