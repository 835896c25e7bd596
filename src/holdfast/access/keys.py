"""Keys: what commands and the supervisor ask about API keys, without an inventory."""

from __future__ import annotations

from holdfast.access.audit import OPERATOR, SQL
from holdfast.access.principals import MAIN, parse_api_key
from holdfast.postgres import queries
from holdfast.postgres.connections import connect_once, fetch_once

SESSIONS = queries.load("sessions")


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


def read_setup(url: str) -> str:
    """Return what the setup link's token is derived from; empty once the server has a member."""
    return next(iter(fetch_once(url, SESSIONS["read_setup"]).column("epoch")), "")
