"""Access store: API keys and accounts, apart from every event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from holdfast.access.audit import SQL, Actor, record
from holdfast.access.principals import KeyRow, RotatedKey
from holdfast.identity import identity_of
from holdfast.postgres.connections import Connections, fetch
from holdfast.postgres.rows import RowReader, Table

__all__ = ["SQL", "AccessStore", "KeyListing", "User"]


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
    previous_until: datetime | None
    """Until when the secret before the last rotation works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A buyer with an account of dialect 3. The password's hash stays in the database."""

    id: int
    name: str
    phone_number: str
    email: str
    created_at: datetime
    language: str | None = None


_KEY_LISTING = RowReader(KeyListing)
_ROTATED_KEY = RowReader(RotatedKey)
_USER = RowReader(User)


class AccessStore:
    """Statements on API keys and accounts, over the control connection."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def _fetch(self, query: str, /, **parameters: Any) -> Table:
        """Run a statement. Raises Fault if the database does not answer in time."""
        async with self._connections.use(self._connections.control()) as connection:
            return await fetch(connection, SQL[query], parameters)

    async def _change(
        self, query: str, by: Actor, action: str, object: str, detail: dict[str, Any], /, **parameters: Any
    ) -> Table:
        """Run a statement that returns the organisation of what it changed, and audit it in its transaction."""
        async with self._connections.changing() as connection:
            rows = await fetch(connection, SQL[query], parameters)
            for organisation in rows.column("organisation") if rows else ():
                await record(connection, by, action, object, organisation=organisation, **detail)
        return rows

    async def insert_key(
        self,
        *,
        id: str,
        secret_hash: bytes,
        name: str,
        scopes: list[str],
        expires_at: datetime | None,
        organisation: int,
        by: Actor,
    ) -> datetime | None:
        """Insert a key and return the time of its creation; None if its id exists."""
        rows = await self._change(
            "insert_key",
            by,
            "key.created",
            f"key:{id}",
            {"name": name, "scopes": scopes, "expires_at": expires_at},
            id=id,
            secret_hash=secret_hash,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            organisation=organisation,
        )
        created_at: datetime
        for created_at in rows.column("created_at") if rows else ():
            return created_at
        return None

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

    async def list_keys(self, organisation: int) -> list[KeyListing]:
        return list(_KEY_LISTING.read(await self._fetch("list_keys", organisation=organisation)))

    async def list_newest_keys(
        self, organisation: int, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[KeyListing]:
        """Return keys of an organisation, newest first, from a position on."""
        at, id = before or (None, None)
        rows = await self._fetch(
            "list_newest_keys", organisation=organisation, before=at, before_id=id, max_rows=limit
        )
        return list(_KEY_LISTING.read(rows))

    async def get_key(self, id: str, organisation: int) -> KeyListing | None:
        return _KEY_LISTING.first(await self._fetch("get_key", id=id, organisation=organisation))

    async def revoke_key(self, id: str, *, organisation: int | None = None, by: Actor) -> bool:
        """Revoke a key and return whether it exists. A second call changes nothing."""
        parameters = {"id": id, "organisation": organisation}
        if await self._change("revoke_key", by, "key.revoked", f"key:{id}", {}, **parameters):
            return True
        return organisation is None and bool(await self._fetch("has_key", id=id))

    async def rotate_key(
        self,
        id: str,
        secret_hash: bytes,
        *,
        overlap_seconds: int,
        organisation: int | None = None,
        by: Actor,
    ) -> RotatedKey | None:
        """Give a valid key another secret. The present one works for `overlap_seconds` more.

        Returns None if there is no such valid key, or if this is one of its secrets.
        """
        rows = await self._change(
            "rotate_key",
            by,
            "key.rotated",
            f"key:{id}",
            {"overlap_seconds": overlap_seconds},
            id=id,
            secret_hash=secret_hash,
            overlap_seconds=overlap_seconds,
            organisation=organisation,
        )
        return _ROTATED_KEY.first(rows)

    async def has_secret(self, id: str, organisation: int, secret_hash: bytes) -> bool:
        """Return whether a key has this secret, or had it before the last rotation."""
        parameters = {"id": id, "organisation": organisation, "secret_hash": secret_hash}
        return bool(await self._fetch("has_secret", **parameters))

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
