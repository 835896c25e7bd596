"""Outages: a database that cancels statements, and one that fails after the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from golden.asking import Deployment, Request
from golden.spoiling import Refused, refuse
from golden.walking import Document

__all__ = ["end_at_commit", "locked_tables", "refuse_cancelled"]

MAX_TRIES = 100_000
_KEPT = ("api_keys", "schema_generation")

_END = """
CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
"""
_AT_COMMIT = """
CREATE CONSTRAINT TRIGGER end_session AFTER INSERT OR UPDATE ON {} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION end_session();
"""
_CANCEL = """
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid();
"""


def _tables(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    rows = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()
    return [str(name) for (name,) in rows if name not in _KEPT]


@contextmanager
def locked_tables(url: str) -> Iterator[None]:
    """Lock all tables against others, except those that every request needs."""
    with psycopg.connect(url) as connection:
        for table in _tables(connection):
            connection.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
        yield
        connection.rollback()


async def refuse_cancelled(
    deployment: Deployment, document: Document, operation: str, request: Request
) -> Refused | None:
    """Return the refusal of a request whose statements are cancelled when they wait for a lock."""
    asking = asyncio.create_task(refuse(deployment, document, operation, request, "busy"))
    connection = await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True)
    async with connection:
        for _ in range(MAX_TRIES):
            if asking.done():
                break
            await connection.execute(_CANCEL)
    return await asking


def end_at_commit(url: str) -> None:
    """Let the database end every session that commits a change, before it answers."""
    with psycopg.connect(url) as connection:
        connection.execute(_END)
        for table in _tables(connection):
            connection.execute(_AT_COMMIT.format(table))
