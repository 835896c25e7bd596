"""Restored: what a restored backup lets in again, although it had ended since the backup."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.postgres import queries
from holdfast.postgres.connections import connect_once, fetch_once

__all__ = ["Admitted", "end_sign_ins", "keep_closed", "read_admitted"]

SQL = queries.load("restored")

_ENDED = ("sessions", "refresh_tokens", "one_time_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Whom a database admits. `is_closed`: somebody has had a say, so that open mode is over."""

    keys: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    """The address of each, and the organisation's short name."""
    is_closed: bool = False


def read_admitted(url: str) -> Admitted:
    """Return whom a migrated database of any generation admits."""
    members: frozenset[str] = frozenset()
    if "memberships" in _tables(url):
        members = frozenset(fetch_once(url, SQL["list_people_with_roles"]).column("member"))
    return Admitted(
        keys=frozenset(fetch_once(url, SQL["list_valid_keys"]).column("id")),
        members=members,
        is_closed=bool(members) or any(fetch_once(url, SQL["any_key_ever"]).column("found")),
    )


def end_sign_ins(url: str, *, only_ahead: bool = False) -> int:
    """End every session and every link, and return their number.

    After a restore a person who signed out, and a link that was used, would be back. `only_ahead`: only those that
    were made while the clock was ahead, and would last for as long as it was.
    """
    found = _tables(url)
    with connect_once(url) as connection:
        return sum(
            connection.execute(SQL[f"end_{table}"], {"only_ahead": only_ahead}).rowcount
            for table in _ENDED
            if table in found
        )


def keep_closed(url: str) -> None:
    """Keep open mode off in a database without any key."""
    fetch_once(url, SQL["keep_closed"])


def _tables(url: str) -> frozenset[str]:
    return frozenset(fetch_once(url, SQL["list_tables_of_people"]).column("name"))
