"""Access store: API keys and accounts, apart from every event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from holdfast.access.principals import KeyRow
from holdfast.identity import identity_of
from holdfast.postgres import queries
from holdfast.postgres.connections import Connections, fetch
from holdfast.postgres.rows import RowReader, Table

SQL = queries.load("accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyListing:
    """An API key as a list shows it to its owner, without the secret."""

    id: str
    name: str
    scopes: Sequence[str]
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


_KEY_LISTING = RowReader(KeyListing)
_USER = RowReader(User)


class AccessStore:
    """Statements on API keys and accounts, over the control connection."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def _fetch(self, query: str, /, **parameters: Any) -> Table:
        """Run a statement. Raises Fault if the database does not answer in time."""
        async with self._connections.use(self._connections.control()) as connection:
            return await fetch(connection, SQL[query], parameters)

    async def insert_key(
        self,
        *,
        id: str,
        secret_hash: bytes,
        name: str,
        scopes: list[str],
        expires_at: datetime | None,
        organisation: int,
    ) -> datetime:
        rows = await self._fetch(
            "insert_key",
            id=id,
            secret_hash=secret_hash,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            organisation=organisation,
        )
        created_at: datetime
        (created_at,) = rows.column("created_at")
        return created_at

    async def find_key(self, id: str) -> KeyRow | None:
        rows = await self._fetch("find_key", id=id)
        if not rows:
            return None
        ((key_id, secret_hash, previous_hash, scopes, organisation),) = rows.select(
            "id", "secret_hash", "previous_hash", "scopes", "organisation"
        )
        return KeyRow(
            key_id=key_id,
            secret_hash=secret_hash,
            previous_hash=previous_hash,
            scopes=frozenset(scopes),
            organisation=organisation,
        )

    async def touch_key(self, id: str) -> None:
        """Record that the key was used, at most once a minute."""
        await self._fetch("touch_key", id=id)

    async def any_key(self) -> bool:
        """Return whether a key was ever made, revoked or not."""
        return any((await self._fetch("any_key")).column("found"))

    async def list_keys(self) -> list[KeyListing]:
        return list(_KEY_LISTING.read(await self._fetch("list_keys")))

    async def revoke_key(self, id: str) -> bool:
        """Revoke a key and return whether it exists. A second call changes nothing."""
        return bool(await self._fetch("revoke_key", id=id))

    async def insert_user(
        self, *, name: str, phone_number: str, email: str, password_hash: str
    ) -> User | None:
        """Insert a user with the dialects' next id. Returns None if an account has the address, however spelt."""
        rows = await self._fetch(
            "insert_user",
            name=name,
            phone_number=phone_number,
            email=email,
            email_folded=identity_of(email),
            password_hash=password_hash,
        )
        if not rows:
            return None
        ((id, created_at),) = rows.select("id", "created_at")
        return User(id=id, name=name, phone_number=phone_number, email=email, created_at=created_at)

    async def find_user(self, id: int) -> User | None:
        if not 0 < id < 1 << 63:
            return None
        return _USER.first(await self._fetch("find_user", id=id))
