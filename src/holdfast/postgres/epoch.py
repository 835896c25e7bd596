"""Epoch: a short name of the one history in which this database's versions count.

Version 7 of an event names one state within one history only. After a restore the same numbers name other states. So
tags, bookmarks, cursors and addresses of seat maps carry the epoch. It is derived from a stored random number and from
what a restore or a copy cannot keep, so that one made by hand has a new epoch, too.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import uuid4

import psycopg

from holdfast.postgres import queries

__all__ = ["load_epoch", "renew_epoch"]

SQL = queries.load("epoch")

_LENGTH = 8


async def load_epoch(connection: psycopg.AsyncConnection[Any]) -> str | None:
    """Return the epoch, or None if the database is not migrated. The connection must be in autocommit mode."""
    try:
        found = await (await connection.execute(SQL["load_epoch"])).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        return None
    try:
        cluster = await (await connection.execute(SQL["load_cluster"])).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        cluster = None
    return sha256(repr((found, cluster)).encode()).hexdigest()[:_LENGTH]


def renew_epoch(connection: psycopg.Connection[Any]) -> None:
    """Begin a new epoch. Running servers notice it within a second."""
    connection.execute(SQL["renew_epoch"], {"epoch": uuid4()})
