"""Refresh tokens: how a program stays signed in when its access token expires.

Each works once, and is replaced by the next. If one comes twice, somebody has stolen it. Nobody knows which of the two
is the thief, so the whole session ends (RFC 9700, section 4.14).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from holdfast.access.audit import Actor, record
from holdfast.access.principals import MAIN
from holdfast.access.sessions import Sessions
from holdfast.errors import TokenRefused
from holdfast.postgres import queries
from holdfast.postgres.connections import Connection, Connections, fetch

__all__ = ["RefreshTokens", "Refreshed", "chosen_scopes"]

SQL = queries.load("refresh_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """The next refresh token, and the session and the scopes that it stands for."""

    token: str
    session_id: UUID
    scopes: frozenset[str]


class RefreshTokens:
    """Gives out refresh tokens and replaces them. The database has only their SHA-256."""

    def __init__(self, connections: Connections, sessions: Sessions) -> None:
        self._connections = connections
        self._sessions = sessions

    async def begin(self, session_id: UUID, scopes: Collection[str], expires_at: datetime) -> str:
        """Return the first token of a session. It lasts as long as the session at most."""
        async with self._connections.changing() as connection:
            return await self._insert(connection, session_id, scopes, expires_at)

    async def replace(self, token: str, wanted: str | None, *, by: Actor) -> Refreshed:
        """Return the token after this one, with its scopes or for now some of them.

        Raises TokenRefused. A token that was used ends its session.
        """
        parameters = {"token_hash": _hash(token)}
        async with self._connections.changing() as connection:
            rows = await fetch(connection, SQL["use_refresh_token"], parameters)
            for session_id, scopes, expires_at in rows.select("session_id", "scopes", "expires_at"):
                possible = frozenset(scopes)
                chosen = chosen_scopes(wanted, possible, default=possible)  # its refusal uses nothing up
                following = await self._insert(connection, session_id, scopes, expires_at)
                return Refreshed(token=following, session_id=session_id, scopes=chosen)
            ended = await fetch(connection, SQL["end_family_of_used_token"], parameters)
            for id, account_id, organisation in ended.select("id", "account_id", "organisation"):
                who = f"account:{account_id}"
                owner = MAIN if organisation is None else organisation
                await record(connection, by, "session.ended_by_reuse", who, organisation=owner)
                self._sessions.forget(id)
        raise TokenRefused(TokenRefused.REFRESH, oauth_error="invalid_grant")

    async def _insert(
        self, connection: Connection, session_id: UUID, scopes: Collection[str], expires_at: datetime
    ) -> str:
        await connection.execute(SQL["delete_ended_refresh_tokens"])
        token = f"hfr_{secrets.token_urlsafe(32)}"
        await connection.execute(
            SQL["insert_refresh_token"],
            {
                "token_hash": _hash(token),
                "session_id": session_id,
                "scopes": sorted(scopes),
                "expires_at": expires_at,
            },
        )
        return token


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def chosen_scopes(wanted: str | None, possible: frozenset[str], *, default: frozenset[str]) -> frozenset[str]:
    """Return the scopes that are asked for. Raises TokenRefused for one that is not possible."""
    if wanted is None:
        return default
    scopes = frozenset(wanted.split())
    if not scopes <= possible:
        known = ", ".join(sorted(possible)) or "none"
        raise TokenRefused(TokenRefused.SCOPE.format(scopes=known), oauth_error="invalid_scope")
    return scopes
