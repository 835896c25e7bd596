"""Access: the API keys, the accounts and the sessions of one database, for all faces."""

from __future__ import annotations

from datetime import datetime

from holdfast.access.audit import OPERATOR, Actor, Audit
from holdfast.access.factor_resets import FactorResets
from holdfast.access.invitations import Invitations
from holdfast.access.issued_keys import IssuedKeys
from holdfast.access.notices import Notices
from holdfast.access.one_time_tokens import OneTimeTokens
from holdfast.access.organisations import Organisations
from holdfast.access.passkeys import Passkeys
from holdfast.access.password_hashes import PasswordHashing
from holdfast.access.password_proofs import PasswordProofs
from holdfast.access.principals import MAIN, KeyRow, RotatedKey
from holdfast.access.recovery import Recovery
from holdfast.access.refresh_tokens import RefreshTokens
from holdfast.access.second_factors import SecondFactors
from holdfast.access.sessions import Sessions
from holdfast.access.setup import Setup
from holdfast.access.sign_in import SignIn
from holdfast.access.store import AccessStore, KeyListing
from holdfast.access.users import Users
from holdfast.delivery.mail.mailer import Mailer
from holdfast.postgres.connections import Connections

__all__ = ["Access"]


class Access:
    """API keys, accounts and sessions, over the connections of the process's inventory, which opens and closes them."""

    def __init__(
        self,
        connections: Connections,
        *,
        mailer: Mailer | None = None,
        server_key: bytes = b"",
    ) -> None:
        """`mailer` sends links and notices, and `server_key` makes the link of the setup.

        A command that sends none needs neither.
        """
        self._store = AccessStore(connections)
        notices = Notices(mailer)
        hashing = PasswordHashing()
        self.issued_keys = IssuedKeys(self._store, server_key)
        self.users = Users(self._store, hashing)
        self.sessions = Sessions(connections)
        self.refresh_tokens = RefreshTokens(connections, self.sessions)
        self.second_factors = SecondFactors(connections, server_key, notices)
        self.passkeys = Passkeys(connections, server_key, notices)
        self.password_proofs = PasswordProofs(server_key)
        self.factor_resets = FactorResets(connections, notices)
        self.sign_in = SignIn(connections, self.sessions, hashing, self.second_factors)
        self.organisations = Organisations(connections)
        if mailer is not None:
            tokens = OneTimeTokens(connections, mailer)
            self.recovery = Recovery(connections, tokens, hashing, notices)
            self.invitations = Invitations(connections, tokens, self.organisations, self.sign_in, hashing)
            self.setup = Setup(connections, server_key, hashing)
        self.audit = Audit(connections)

    async def insert_key(
        self,
        *,
        id: str,
        secret_hash: bytes,
        name: str,
        scopes: list[str],
        expires_at: datetime | None,
        organisation: int = MAIN,
        by: Actor = OPERATOR,
    ) -> datetime | None:
        """Insert a key and return the time of its creation; None if its id exists."""
        return await self._store.insert_key(
            id=id,
            secret_hash=secret_hash,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            organisation=organisation,
            by=by,
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

    async def list_keys(self, organisation: int = MAIN) -> list[KeyListing]:
        """Return every key of an organisation, without its secrets."""
        return await self._store.list_keys(organisation)

    async def revoke_key(self, id: str, *, by: Actor = OPERATOR) -> bool:
        """Revoke a key and return whether it exists. A second call changes nothing."""
        return await self._store.revoke_key(id, by=by)

    async def rotate_key(
        self, id: str, secret_hash: bytes, *, overlap_seconds: int, by: Actor = OPERATOR
    ) -> RotatedKey | None:
        """Give a key another secret, next to the present one for a while. None if no such key is valid."""
        return await self._store.rotate_key(id, secret_hash, overlap_seconds=overlap_seconds, by=by)
