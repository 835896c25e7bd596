"""Server key: all servers of one database need the same one, now and later. A start checks it.

Access tokens, second factors, secrets of webhooks, links in mails and cursors are made with it.
"""

from __future__ import annotations

from hashlib import sha256

from holdfast.postgres import queries
from holdfast.postgres.connections import connect_once
from holdfast.postgres.schema import SchemaError

__all__ = ["forget_key", "refuse_another_key"]

SQL = queries.load("server_key")


def refuse_another_key(url: str, key: str) -> None:
    """Remember the first server key of a database. Raises SchemaError for another one."""
    ours = sha256(key.encode()).hexdigest()[:16]
    with connect_once(url) as connection:
        connection.execute(SQL["remember_key"], {"fingerprint": ours})
        if connection.execute(SQL["load_fingerprint"]).fetchone() != (ours,):
            raise SchemaError(
                "HOLDFAST_SECRET_KEY is not the key that this database was served with: all its servers need the same. "
                "`holdfast db forget-key` lets the next start choose, and ends what was made with the old one."
            )


def forget_key(url: str) -> None:
    """Let the next start choose the server key."""
    with connect_once(url) as connection:
        if connection.execute(SQL["has_fingerprint"]).fetchone() == (True,):
            connection.execute(SQL["forget_key"])
