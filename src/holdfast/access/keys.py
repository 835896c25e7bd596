"""Keys in force, counted without an engine: what the supervisor asks before it binds to a public address."""

from __future__ import annotations

import psycopg

from holdfast.access.store import SQL


def count_keys(url: str) -> int:
    """API keys that would be accepted now."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute(SQL["count_keys"]).fetchone()
    return row[0] if row else 0
