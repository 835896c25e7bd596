"""Issued keys: API keys that members of an organisation make, rotate and revoke, each for its own organisation.

A retry under the same Idempotency-Key must show the same secret, and no table has one. So the server key makes it.
"""

from __future__ import annotations

import hmac
import secrets
import string
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from holdfast.access.audit import Actor
from holdfast.access.authorisation import authorise
from holdfast.access.permissions import of_scopes
from holdfast.access.principals import Principal, make_api_key
from holdfast.access.store import AccessStore, KeyListing
from holdfast.errors import IdempotencyKeyReused, KeyEnded, KeyNotFound

__all__ = ["IssuedKey", "IssuedKeys", "KeyListing", "refuse_more_than_own"]

_ID_LENGTH = 12
_ID_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A key with the text that its owner sees once."""

    listing: KeyListing
    text: str


def refuse_more_than_own(principal: Principal, scopes: Sequence[str]) -> None:
    """Raise Forbidden if a key with these scopes could do what its maker may not."""
    for permission in sorted(of_scopes(frozenset(scopes))):
        if (refusal := authorise(principal, permission)) is not None:
            raise refusal


class IssuedKeys:
    """The keys of one organisation at a time. What belongs to another is absent."""

    def __init__(self, store: AccessStore, server_key: bytes) -> None:
        self._store = store
        self._secret = hmac.digest(server_key, b"holdfast api key secret", "sha256")

    async def create(
        self,
        *,
        name: str,
        scopes: Sequence[str],
        expires_at: datetime | None,
        organisation: int,
        retry_scope: bytes | None,
        by: Actor,
    ) -> IssuedKey:
        """Make a key. A retry returns the same one. Raises IdempotencyKeyReused for a retry with another body."""
        id = _id_of(retry_scope)
        text, secret_hash = make_api_key(id, self._new_secret(id, retry_scope))
        wanted = sorted(set(scopes))
        await self._store.insert_key(
            id=id,
            secret_hash=secret_hash,
            name=name,
            scopes=wanted,
            expires_at=expires_at,
            organisation=organisation,
            by=by,
        )
        found = await self._store.get_key(id, organisation)
        if found is None or (found.name, list(found.scopes), found.expires_at) != (name, wanted, expires_at):
            raise IdempotencyKeyReused
        return IssuedKey(listing=found, text=text)

    async def list(
        self, organisation: int, *, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[KeyListing]:
        """Return keys, newest first, also revoked and expired ones."""
        return await self._store.list_newest_keys(organisation, before=before, limit=limit)

    async def get(self, id: str, organisation: int) -> KeyListing:
        """Return a key. Raises KeyNotFound."""
        found = await self._store.get_key(id, organisation)
        if found is None:
            raise KeyNotFound
        return found

    async def rotate(
        self, id: str, *, organisation: int, overlap_seconds: int, retry_scope: bytes | None, by: Actor
    ) -> IssuedKey:
        """Give a key another secret; a retry returns the same one. Raises KeyNotFound, KeyEnded."""
        text, secret_hash = make_api_key(id, self._new_secret(id, retry_scope))
        rotated = await self._store.rotate_key(
            id, secret_hash, overlap_seconds=overlap_seconds, organisation=organisation, by=by
        )
        found = await self.get(id, organisation)
        if rotated is None and not await self._store.has_secret(id, organisation, secret_hash):
            raise KeyEnded
        return IssuedKey(listing=found, text=text)

    async def revoke(self, id: str, *, organisation: int, by: Actor) -> KeyListing:
        """Revoke a key. A second call changes nothing. Raises KeyNotFound."""
        await self._store.revoke_key(id, organisation=organisation, by=by)
        return await self.get(id, organisation)

    def _new_secret(self, id: str, retry_scope: bytes | None) -> str:
        if retry_scope is None:
            return secrets.token_urlsafe(32)
        made = hmac.digest(self._secret, id.encode() + b"\n" + retry_scope, "sha256")
        return urlsafe_b64encode(made).decode().rstrip("=")


def _id_of(retry_scope: bytes | None) -> str:
    """Return the id of a new key: a random one, or the one that each retry of the request has."""
    number = int.from_bytes(
        secrets.token_bytes(16) if retry_scope is None else sha256(b"id of a key\n" + retry_scope).digest()
    )
    letters = []
    for _ in range(_ID_LENGTH):
        number, at = divmod(number, len(_ID_LETTERS))
        letters.append(_ID_LETTERS[at])
    return "".join(letters)
