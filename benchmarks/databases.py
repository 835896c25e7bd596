"""Databases: several in one PostgreSQL, each a copy of a migrated one, and each dropped afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

__all__ = ["beside", "copy_of"]


@contextmanager
def copy_of(url: str, name: str) -> Iterator[str]:
    """Copy a database under this name, and return the URL. The original must have no other connections."""
    with _made(url, name, sql.SQL("TEMPLATE {}").format(sql.Identifier(_name(url)))) as made:
        yield made


@contextmanager
def beside(url: str, name: str) -> Iterator[str]:
    """Create an empty database on the same server, and return its URL."""
    with _made(url, name, sql.SQL("")) as made:
        yield made


@contextmanager
def _made(url: str, name: str, options: sql.Composable) -> Iterator[str]:
    identifier = sql.Identifier(name)
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} {}").format(identifier, options))
        try:
            yield url.replace(f"/{_name(url)}?", f"/{name}?", 1)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])
