"""Database: the URL that a command uses, whether or not a server is running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.app.settings import Settings
from holdfast.process.errors import CannotStart
from holdfast.process.folders import FolderLock, make_data_dir
from holdfast.process.postgres_server import PostgresServer, has_cluster, running_url
from holdfast.process.secret_key import read_or_make_secret_key

__all__ = ["is_running", "open_database", "server_key"]


@contextmanager
def open_database(settings: Settings, *, creates: bool = False) -> Iterator[str]:
    """Yield the database's URL: from the settings, of the running server, or of one started for this block.

    The schema is not checked: a command that needs one calls `holdfast.postgres.schema`.

    Raises CannotStart if the data directory has no database yet, unless the caller `creates` one.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    folder = settings.data_dir / "postgres"
    url = running_url(folder)
    if url is not None:
        yield url
        return
    if not creates and not has_cluster(folder):
        raise CannotStart(
            f"There is no database in {settings.data_dir}: set HOLDFAST_DATA_DIR to the server's folder or "
            "HOLDFAST_DATABASE_URL to its database; `holdfast serve` or `holdfast db upgrade` makes a new one."
        )
    make_data_dir(settings.data_dir)
    lock = FolderLock(settings.data_dir)
    lock.take()
    try:
        with PostgresServer(folder, bin_dir=settings.postgres_bin) as server:
            yield server.url
    finally:
        lock.release()


def is_running(settings: Settings) -> bool:
    """Return whether a server on this machine runs the data directory's PostgreSQL."""
    return running_url(settings.data_dir / "postgres") is not None


def server_key(settings: Settings) -> str:
    """Return the key that signs hold tokens and cursors: from the settings, or else the data directory's file.

    Call it inside `open_database`, so that two starts cannot both make the file.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    if settings.database_url is not None:
        raise CannotStart(
            "HOLDFAST_SECRET_KEY is required with HOLDFAST_DATABASE_URL: set it to the server's key."
        )
    return read_or_make_secret_key(settings.data_dir)
