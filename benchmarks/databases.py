"""Databases: several in one PostgreSQL, each a copy of a migrated one, and each dropped afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

__all__ = ["beside", "copy_of", "drop_database"]

_DROP_TRIES = 5


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
            drop_database(connection, name)


def drop_database(connection: psycopg.Connection[Any], name: str) -> None:
    """Drop a database, even with connections open.

    FORCE needs the right to end every session in it, which nobody has over autovacuum. A drop without FORCE ends that.
    """
    drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
    for _ in range(_DROP_TRIES):
        try:
            connection.execute(drop + sql.SQL(" WITH (FORCE)"))
        except psycopg.errors.InsufficientPrivilege:
            with suppress(psycopg.errors.ObjectInUse):
                connection.execute(drop)
        else:
            return
    connection.execute(drop)


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])
