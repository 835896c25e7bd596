"""Alembic's entry: one connection, one transaction per migration, one migrator at a time."""

from __future__ import annotations

import os
import time

from alembic import context
from sqlalchemy import Connection, create_engine, event, pool, text
from sqlalchemy.exc import OperationalError

MIGRATION_LOCK = 0x686F6C64
"""Advisory lock of whoever migrates; only a courtesy between servers that start at once."""

LOCK_NOT_AVAILABLE = "55P03"
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.1


def _url() -> str:
    url = (
        context.config.attributes.get("url")
        or os.environ.get("HOLDFAST_DATABASE_URL")
        or os.environ.get("DATABASE_URL")
    )
    if not url:
        raise SystemExit("Set DATABASE_URL (or HOLDFAST_DATABASE_URL) to the database to migrate.")
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return str(url)


def _begin(connection: Connection) -> None:
    """At the beginning of each migration's transaction.

    Every batch locks a row of `inventories` before anything else. Who has the whole table waits for no batch any more,
    and none for it with something in hand: no deadlock. A lock that does not come soon is given up, with all others,
    before PostgreSQL looks for deadlocks (after 1 s), and before buyers have waited for long.
    """
    connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
    if connection.exec_driver_sql("SELECT to_regclass('inventories')").scalar() is not None:
        connection.exec_driver_sql("LOCK TABLE inventories IN ACCESS EXCLUSIVE MODE")


def _migrate(connection: Connection) -> None:
    """What was migrated stays so; the migration that found no lock is tried again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with context.begin_transaction():
                context.run_migrations()
            return
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or time.monotonic() > deadline:
                raise
            connection.rollback()
            time.sleep(PAUSE_SECONDS)


def run() -> None:
    inventory = create_engine(_url(), poolclass=pool.NullPool)
    with inventory.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True)
        event.listen(connection, "begin", _begin)
        _migrate(connection)
        event.remove(connection, "begin", _begin)
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()


run()
