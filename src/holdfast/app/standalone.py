"""Standalone: the application for another server program, over a database that is already migrated.

`holdfast serve` does all of this in the supervisor; here the process that answers does it.
"""

from __future__ import annotations

from holdfast.access.server_key import refuse_another_key
from holdfast.app.composition import build_app
from holdfast.app.logging import configure_logging
from holdfast.app.settings import Settings, load_settings
from holdfast.http.application import Application
from holdfast.process.errors import CannotStart
from holdfast.process.folders import FolderLock, make_data_dir
from holdfast.process.preparation import in_one_line, prepare
from holdfast.process.secret_key import read_or_make_secret_key

__all__ = ["build_by_hand"]


def build_by_hand() -> Application:
    """Return the application over HOLDFAST_DATABASE_URL, or else over DATABASE_URL.

    Without HOLDFAST_SECRET_KEY it uses the file `secret_key` of the data directory, and makes it if needed.

    Raises SystemExit, with one line, if the application cannot start.
    """
    try:
        settings = load_settings()
        if settings.database_url is None:
            raise CannotStart(
                "set DATABASE_URL to a PostgreSQL (postgresql://…) and run `alembic upgrade head`; "
                "or run `holdfast serve`, which brings its own."
            )
        url = settings.database_url.get_secret_value()
        try:
            key = settings.bootstrap_key
            prepare(
                url,
                upgrade=False,
                connections=settings.pool_size,
                first_key=key.get_secret_value() if key else None,
                server_key=None,
            )
            secret_key = (
                settings.secret_key.get_secret_value() if settings.secret_key else _key_in_folder(settings)
            )
            refuse_another_key(url, secret_key)
        except CannotStart:
            raise
        except Exception as error:  # noqa: BLE001 - any problem with the database is reported in one line
            raise CannotStart(in_one_line(error)) from None
        settings = load_settings(database_url=url, secret_key=secret_key)
        configure_logging(settings)
        return build_app(settings)
    except CannotStart as error:
        raise SystemExit(f"holdfast: {error}") from None


def _key_in_folder(settings: Settings) -> str:
    """Return the folder's key. It is made under the folder's lock, so that two starts do not make two keys."""
    if (settings.data_dir / "secret_key").exists():
        return read_or_make_secret_key(settings.data_dir)
    make_data_dir(settings.data_dir, mode=0o711)
    lock = FolderLock(settings.data_dir)
    lock.take()
    try:
        return read_or_make_secret_key(settings.data_dir)
    finally:
        lock.release()
