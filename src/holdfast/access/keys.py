"""Keys: what commands and the supervisor ask about API keys, without an inventory."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.access.store import SQL
from holdfast.postgres.connections import fetch_once


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKeys:
    """The ids of the keys that work now. `is_closed`: whether a key was ever made, so that open mode is over."""

    valid: frozenset[str] = frozenset()
    is_closed: bool = False


def count_keys(url: str) -> int:
    """Return the number of valid API keys."""
    return sum(fetch_once(url, SQL["count_keys"]).column("keys"))


def read_keys(url: str) -> KnownKeys:
    """Return what a migrated database knows of keys."""
    return KnownKeys(
        valid=frozenset(fetch_once(url, SQL["list_valid_keys"]).column("id")),
        is_closed=any(fetch_once(url, SQL["any_key"]).column("found")),
    )


def keep_closed(url: str) -> None:
    """Keep open mode off in a database without any key."""
    fetch_once(url, SQL["keep_closed"])
