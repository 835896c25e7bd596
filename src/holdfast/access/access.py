"""Access: the API keys and the users of one database, for all faces."""

from __future__ import annotations

from datetime import datetime

from holdfast.access.principals import MAIN, KeyRow
from holdfast.access.store import AccessStore, KeyListing
from holdfast.access.users import Users
from holdfast.postgres.connections import Connections

__all__ = ["Access"]


class Access:
    """API keys and users, over the connections of the process's inventory, which opens and closes them."""

    def __init__(self, connections: Connections) -> None:
        self._store = AccessStore(connections)
        self.users = Users(self._store)

    async def insert_key(
        self,
        *,
        id: str,
        secret_hash: bytes,
        name: str,
        scopes: list[str],
        expires_at: datetime | None,
        organisation: int = MAIN,
    ) -> datetime:
        """Insert a key and return the time of its creation."""
        return await self._store.insert_key(
            id=id,
            secret_hash=secret_hash,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            organisation=organisation,
        )

    async def find_key(self, id: str) -> KeyRow | None:
        """Return a valid key, or None if it is unknown, revoked or expired."""
        return await self._store.find_key(id)

    async def touch_key(self, id: str) -> None:
        """Record that a key was used with its secret."""
        await self._store.touch_key(id)

    async def any_key(self) -> bool:
        """Return whether a key was ever made, revoked or not."""
        return await self._store.any_key()

    async def list_keys(self) -> list[KeyListing]:
        """Return every key, without its secret."""
        return await self._store.list_keys()

    async def revoke_key(self, id: str) -> bool:
        """Revoke a key and return whether it exists. A second call changes nothing."""
        return await self._store.revoke_key(id)
