"""A temporary PostgreSQL for a benchmark: on a real disk, with every durability setting on."""

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
    """Yield the URL of a migrated database, which is as durable as in production, and never in memory."""
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
