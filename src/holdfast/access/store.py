"""Accounts: API keys and users, kept apart from every event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from holdfast.access.principals import KeyRow
from holdfast.postgres import queries
from holdfast.postgres.connections import Connections

SQL = queries.load("accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyListing:
    """An API key as its owner sees it in a list; the secret is nowhere."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A buyer with an account of dialect 3. The password's hash stays in the database."""

    id: int
    name: str
    phone_number: str
    email: str
    created_at: datetime


class AccessStore:
    """On the control connection."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def _fetch(self, query: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
        """Raises Fault where the database did not answer in time."""
        async with self._connections.use(self._connections.control()) as connection:
            cursor = await connection.execute(SQL[query], parameters)
            return await cursor.fetchall() if cursor.description else []

    async def insert_key(
        self, *, id: str, secret_hash: bytes, name: str, scopes: list[str], expires_at: datetime | None
    ) -> datetime:
        rows = await self._fetch(
            "insert_key", id=id, secret_hash=secret_hash, name=name, scopes=scopes, expires_at=expires_at
        )
        created_at: datetime = rows[0][0]
        return created_at

    async def find_key(self, id: str) -> KeyRow | None:
        rows = await self._fetch("find_key", id=id)
        if not rows:
            return None
        await self._fetch("touch_key", id=id)
        return KeyRow(key_id=rows[0][0], secret_hash=bytes(rows[0][1]), scopes=frozenset(rows[0][2]))

    async def any_key(self) -> bool:
        """Whether a key was ever made, revoked or not."""
        return bool((await self._fetch("any_key"))[0][0])

    async def list_keys(self) -> list[KeyListing]:
        return [
            KeyListing(
                id=row[0],
                name=row[1],
                scopes=tuple(row[2]),
                created_at=row[3],
                expires_at=row[4],
                revoked_at=row[5],
                last_used_at=row[6],
            )
            for row in await self._fetch("list_keys")
        ]

    async def revoke_key(self, id: str) -> bool:
        """Whether there is such a key; revoking again changes nothing."""
        return bool(await self._fetch("revoke_key", id=id))

    async def insert_user(
        self, *, name: str, phone_number: str, email: str, password_hash: str
    ) -> User | None:
        """With the next number of the dialects' ids. None where the email is taken (whatever its case)."""
        rows = await self._fetch(
            "insert_user",
            name=name,
            phone_number=phone_number,
            email=email,
            email_folded=email.casefold(),
            password_hash=password_hash,
        )
        if not rows:
            return None
        ((id, created_at),) = rows
        return User(id=id, name=name, phone_number=phone_number, email=email, created_at=created_at)

    async def find_user(self, id: int) -> User | None:
        if not 0 < id < 1 << 63:
            return None
        rows = await self._fetch("find_user", id=id)
        if not rows:
            return None
        row = rows[0]
        return User(id=row[0], name=row[1], phone_number=row[2], email=row[3], created_at=row[4])
