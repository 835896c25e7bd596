"""PostgreSQL for the tests: a real server for each test process, a database from a template for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path

import psycopg
from benchmarks.databases import drop_database
from psycopg import sql

from holdfast.process.postgres_server import PostgresServer

_ENOUGH_BYTES = 3 * 1024**3


class TestDatabases:
    """Hands out databases on one server. The first request migrates the template, once."""

    __test__ = False  # a fixture, not a test case

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="holdfast-tests-", dir=_quick_folder()))
        self._folder.chmod(0o711)
        chosen = os.environ.get("HOLDFAST_TEST_POSTGRES_BIN")
        self.server = PostgresServer(
            self._folder / "postgres",
            bin_dir=Path(chosen) if chosen else None,
            settings={"max_connections": "200", "autovacuum_naptime": "1h"},
        )
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._template: str | None = None

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def create(self, *, migrated: bool = True) -> str:
        """Make a database and return its URL: a copy of the migrated template, or an empty one."""
        template = self._migrated_template() if migrated else "template1"
        name = next(self._names)
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        return self.server.url_of(name)

    def drop(self, url: str) -> None:
        """Drop a database, even with connections open."""
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            drop_database(connection, str(name))

    release = drop
    """Drop a database that no test needs any more."""

    def _migrated_template(self) -> str:
        if self._template is None:
            from holdfast.postgres.schema import upgrade

            self._execute(sql.SQL("CREATE DATABASE template_holdfast"))
            upgrade(self.server.url_of("template_holdfast"))
            self._template = "template_holdfast"
        return self._template

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            connection.execute(statement)


def _quick_folder() -> str | None:
    """Return a folder in memory if there is enough. All durability settings stay on, and a sync costs nothing."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ENOUGH_BYTES:
        return str(memory)
    return None
