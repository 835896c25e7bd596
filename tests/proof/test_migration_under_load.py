"""A migration during a sale: it waits for the running batch, without a deadlock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psycopg

from proof.nemesis.upgrades import next_version
from proof.system.server import python_environment

_WAITING = """SELECT count(*) FROM pg_locks WHERE NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def test_a_migration_and_a_batch_cause_no_deadlock(database_url: str, tmp_path: Path) -> None:
    """The batch has locked its event's row and read claims; the migration changes bookings first, then claims."""
    deployment = SimpleNamespace(folder=tmp_path)
    with psycopg.connect(database_url, autocommit=True) as looking:
        [generation] = looking.execute("SELECT generation FROM schema_generation").fetchone()
        source = next_version(deployment, None, generation=generation + 1)
        with psycopg.connect(database_url) as batch:
            batch.execute("SELECT FROM inventories FOR UPDATE")
            batch.execute("SELECT FROM claims")
            migration = subprocess.Popen(
                [sys.executable, "-m", "holdfast", "db", "upgrade"],
                env={**python_environment(source), "HOLDFAST_DATABASE_URL": database_url},
                stderr=subprocess.PIPE,
                text=True,
            )
            while looking.execute(_WAITING).fetchone() == (0,) and migration.poll() is None:
                pass
            assert migration.poll() is None
            batch.execute("SET LOCAL lock_timeout = '5s'")
            batch.execute("SELECT FROM bookings")
        _, errors = migration.communicate(timeout=60)
        assert migration.returncode == 0, errors
        assert looking.execute("SELECT generation FROM schema_generation").fetchone() == (generation + 1,)
        [deadlocks] = looking.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        assert deadlocks == 0
