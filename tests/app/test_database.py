"""Commands find the database, whether the server runs or not."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from holdfast.app.database import open_database, server_key
from holdfast.app.settings import load_settings
from holdfast.process.errors import CannotStart
from holdfast.process.postgres_server import running_url
from support.serving import Serving


def test_a_command_uses_the_running_servers_database(open_folder: Path) -> None:
    settings = load_settings(data_dir=open_folder / "data")
    with Serving(open_folder / "data"), open_database(settings) as url:
        assert url == running_url(open_folder / "data" / "postgres")
        assert server_key(settings) == (open_folder / "data" / "secret_key").read_text().strip()
        with psycopg.connect(url) as connection:
            connection.execute("SELECT 1")


def test_a_command_starts_the_database_for_its_own_duration(open_folder: Path) -> None:
    """The next command or server finds the same rows and the same key."""
    settings = load_settings(data_dir=open_folder / "data")
    with open_database(settings, creates=True) as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        key = server_key(settings)
    assert running_url(open_folder / "data" / "postgres") is None
    with open_database(settings) as url, psycopg.connect(url) as connection:
        connection.execute("SELECT * FROM kept")
        assert server_key(settings) == key


def test_a_database_url_overrides_the_data_directory(open_folder: Path) -> None:
    settings = load_settings(
        data_dir=open_folder / "data", database_url="postgresql+psycopg://holdfast@db/holdfast"
    )
    with open_database(settings) as url:
        assert url == "postgresql://holdfast@db/holdfast"
    assert not (open_folder / "data").exists()
    with pytest.raises(CannotStart, match="HOLDFAST_SECRET_KEY is required"):
        server_key(settings)
