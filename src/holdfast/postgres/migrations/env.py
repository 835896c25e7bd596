"""Alembic's entry point: one connection, one transaction per migration, one migrator at a time."""

from __future__ import annotations

import os
import time

from alembic import context
from sqlalchemy import Connection, create_engine, event, pool, text
from sqlalchemy.exc import OperationalError

from holdfast.postgres.connections import session_options

MIGRATION_LOCK = 0x686F6C64
"""Advisory lock of the migrator. Servers that start together take turns; correctness does not depend on it."""

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
    """Lock out all batches at the beginning of each migration's transaction.

    Every batch first locks a row of `inventories`. A migration that has locked the table waits for no batch, and a
    batch that waits for it holds no lock, so there is no deadlock. A migration without its lock gives up after 500 ms:
    before PostgreSQL searches for deadlocks (after 1 s), and before buyers wait long.

    On a Citus coordinator the nodes take the lock too, and wait as long as this transaction says: Citus sends its
    local settings on if it is asked to. Any other server ignores that request. A node whose role ends idle
    transactions would end one that waits while other nodes work.
    """
    connection.exec_driver_sql("SET LOCAL citus.propagate_set_commands = 'local'")
    connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    if connection.exec_driver_sql("SELECT to_regclass('inventories')").scalar() is not None:
        connection.exec_driver_sql("LOCK TABLE inventories IN ACCESS EXCLUSIVE MODE")


def _migrate(connection: Connection) -> None:
    """Run all migrations. Finished ones stay; one that gets no lock is retried until the deadline."""
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
    # A migration may take its time, whatever the role's or the database's own timeouts are.
    url = _url()
    plain = url.replace("+psycopg://", "://", 1)
    options = session_options(plain, statement_timeout="0", idle_in_transaction_session_timeout="0")
    engine = create_engine(url, poolclass=pool.NullPool, connect_args={"options": options})
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True)
        event.listen(connection, "begin", _begin)
        _migrate(connection)
        event.remove(connection, "begin", _begin)
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()


run()
