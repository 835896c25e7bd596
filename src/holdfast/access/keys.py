"""Keys: the supervisor counts the valid ones, without an inventory, before it binds to a public address."""

from __future__ import annotations

from holdfast.access.store import SQL
from holdfast.postgres.connections import fetch_once


def count_keys(url: str) -> int:
    """Return the number of valid API keys."""
    return sum(fetch_once(url, SQL["count_keys"]).column("keys"))
