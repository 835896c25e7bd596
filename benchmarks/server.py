"""A scratch PostgreSQL for a benchmark: real disk, every durability setting on, gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.postgres.schema import upgrade, verify
from holdfast.process.postgres_server import PostgresServer


@contextmanager
def scratch_database() -> Iterator[str]:
    """The URL of a migrated database, durable as in production; on disk, never in memory."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-benchmark-", dir="/var/tmp"))
    folder.chmod(0o711)
    server = PostgresServer(folder / "postgres")
    server.start()
    try:
        upgrade(server.url)
        verify(server.url)
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
