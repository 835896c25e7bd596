"""Keys in force, counted without an engine: what the supervisor asks before it binds to a public address."""

from __future__ import annotations

from holdfast.access.store import SQL
from holdfast.postgres.connections import fetch_once


def count_keys(url: str) -> int:
    """API keys that would be accepted now."""
    return sum(fetch_once(url, SQL["count_keys"]).column("keys"))
