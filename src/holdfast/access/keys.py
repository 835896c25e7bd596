"""Keys: what commands and the supervisor ask about API keys, without an inventory."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.access.audit import OPERATOR, SQL
from holdfast.access.principals import MAIN, parse_api_key
from holdfast.postgres.connections import connect_once, fetch_once


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKeys:
    """The ids of the keys that work now. `is_closed`: whether a key was ever made, so that open mode is over."""

    valid: frozenset[str] = frozenset()
    is_closed: bool = False


def count_keys(url: str) -> int:
    """Return the number of valid API keys."""
    return sum(fetch_once(url, SQL["count_keys"]).column("keys"))


def take_first_key(url: str, key: str) -> None:
    """Store the platform's key if no key was ever made. Later starts change nothing, even if it was revoked."""
    id, secret_hash = parse_api_key(key)
    with connect_once(url) as connection:
        connection.execute(SQL["lock_keys"])
        parameters = {"id": id, "secret_hash": secret_hash}
        if connection.execute(SQL["insert_first_key"], parameters).fetchone() is not None:
            entry = {
                "organisation": MAIN,
                "principal": OPERATOR.principal,
                "request_id": None,
                "address": None,
                "action": "key.created",
                "object": f"key:{id}",
                "detail": '{"name":"First key"}',
            }
            connection.execute(SQL["insert_audit_entry"], entry)


def read_keys(url: str) -> KnownKeys:
    """Return what a migrated database knows of keys."""
    return KnownKeys(
        valid=frozenset(fetch_once(url, SQL["list_valid_keys"]).column("id")),
        is_closed=any(fetch_once(url, SQL["any_key"]).column("found")),
    )


def keep_closed(url: str) -> None:
    """Keep open mode off in a database without any key."""
    fetch_once(url, SQL["keep_closed"])
