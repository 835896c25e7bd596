"""Passkeys: an account's keys in phones, laptops and sticks, which sign in without a password.

A passkey proves two things at once: that the device is there, and that its owner has unlocked it. So it counts as a
second factor. The database has public keys only.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from holdfast.access.audit import Actor, record
from holdfast.access.letters import account_changed
from holdfast.access.notices import Notices
from holdfast.access.passkey_proofs import (
    Challenges,
    NotProved,
    RelyingParty,
    binary_of,
    challenge_of,
    verify_new,
    verify_use,
)
from holdfast.access.principals import MAIN
from holdfast.access.second_factors import SQL as FACTORS
from holdfast.access.second_factors import locked_account, refuse_none
from holdfast.errors import (
    CredentialsRequired,
    FieldError,
    InvalidInput,
    PasskeyNotFound,
    SecondFactorState,
)
from holdfast.languages import mark
from holdfast.postgres import queries
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.rows import RowReader

__all__ = ["NewPasskeyOptions", "Passkey", "Passkeys"]

SQL = queries.load("passkeys")

MAX_PASSKEYS = 20

_ADDED = mark("A passkey was added: %(name)s. It signs in without a password.")
_REMOVED = mark("A passkey was removed: %(name)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey, as its owner sees it."""

    id: UUID
    credential_id: bytes
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskeyOptions:
    """What a browser needs to make a passkey. `handle` names the account to the authenticator."""

    challenge: bytes
    handle: bytes
    email: str
    name: str
    known: Sequence[bytes]
    """The credentials that the account has: an authenticator makes no second one."""


_PASSKEY = RowReader(Passkey)


class Passkeys:
    """Adds, lists and removes passkeys, and signs in with them."""

    def __init__(
        self,
        connections: Connections,
        server_key: bytes,
        notices: Notices,
        *,
        challenges: Challenges | None = None,
    ) -> None:
        self._connections = connections
        self._notices = notices
        self._handle_key = hmac.digest(server_key, b"holdfast passkey user", "sha256")
        self._challenges = challenges or Challenges(server_key)

    async def list(self, account_id: int) -> Sequence[Passkey]:
        """Return an account's passkeys, oldest first."""
        control = self._connections.control()
        rows = await self._connections.ask_pool(control, SQL["list_passkeys"], {"account_id": account_id})
        return list(_PASSKEY.read(rows))

    async def begin(self, account_id: int, session_id: UUID | None) -> NewPasskeyOptions:
        """Return what a browser of a session needs to make a passkey. Raises SecondFactorState for too many."""
        async with self._connections.changing() as connection:
            email, name = await locked_account(connection, account_id)
            known = await self._known(connection, account_id)
        return NewPasskeyOptions(
            challenge=self._challenges.issue(_session(account_id, session_id)),
            handle=self._handle_of(account_id),
            email=email,
            name=name,
            known=[each.credential_id for each in known],
        )

    async def add(
        self,
        account_id: int,
        session_id: UUID | None,
        credential: Mapping[str, Any],
        party: RelyingParty,
        *,
        name: str,
        organisation: int | None,
        by: Actor,
    ) -> Passkey:
        """Store a passkey that has answered the session's challenge. The session counts as proved from now on.

        Raises InvalidInput for a credential that is not valid or is known, and SecondFactorState for too many.
        """
        try:
            challenge = challenge_of(credential)
            end = self._challenges.check(challenge, _session(account_id, session_id))
            made = verify_new(credential, challenge, party)
        except NotProved:
            raise _not_valid() from None
        async with self._connections.changing() as connection:
            email, _ = await locked_account(connection, account_id)
            await self._known(connection, account_id)
            await self._use_challenge(connection, challenge, end)
            rows = await fetch(
                connection,
                SQL["insert_passkey"],
                {
                    "account_id": account_id,
                    "id": uuid4(),
                    "credential_id": made.credential_id,
                    "public_key": made.public_key,
                    "sign_count": made.sign_count,
                    "name": name,
                },
            )
            passkey = _PASSKEY.first(rows)
            if passkey is None:
                raise _not_valid()
            if session_id is not None:
                proved = {"account_id": account_id, "session_id": session_id}
                await connection.execute(FACTORS["prove_session"], proved)
            await _record(connection, by, "passkey.added", organisation, passkey)
            await self._notify(connection, email, _ADDED, passkey)
        return passkey

    async def rename(self, account_id: int, id: UUID, name: str) -> Passkey:
        """Give a passkey another name. Raises PasskeyNotFound."""
        async with self._connections.changing() as connection:
            parameters = {"account_id": account_id, "id": id, "name": name}
            renamed = _PASSKEY.first(await fetch(connection, SQL["rename_passkey"], parameters))
        if renamed is None:
            raise PasskeyNotFound
        return renamed

    async def remove(self, account_id: int, id: UUID, *, organisation: int | None, by: Actor) -> None:
        """Remove a passkey. Raises PasskeyNotFound, and SecondFactorState for the last factor that work requires."""
        async with self._connections.changing() as connection:
            email, _ = await locked_account(connection, account_id)
            parameters = {"account_id": account_id, "id": id}
            removed = _PASSKEY.first(await fetch(connection, SQL["delete_passkey"], parameters))
            if removed is None:
                raise PasskeyNotFound
            await refuse_none(connection, account_id)
            await _record(connection, by, "passkey.removed", organisation, removed)
            await self._notify(connection, email, _REMOVED, removed)

    def begin_sign_in(self, browser: str) -> bytes:
        """Return a challenge for a browser. `browser` is the secret of its cookie."""
        return self._challenges.issue(_browser(browser))

    async def find_account(self, credential: Mapping[str, Any]) -> int:
        """Return whose passkey it says that it is. Raises CredentialsRequired for nobody's."""
        parameters = {"credential_id": _raw_id(credential)}
        control = self._connections.control()
        for account_id in (await self._connections.ask_pool(control, SQL["find_passkey"], parameters)).column(
            "account_id"
        ):
            return int(account_id)
        raise _wrong()

    async def use(
        self,
        connection: Connection,
        credential: Mapping[str, Any],
        *,
        browser: str | None,
        party: RelyingParty,
    ) -> None:
        """Use a passkey that has answered the browser's challenge, in the transaction of the new session.

        Raises one CredentialsRequired for all causes.
        """
        try:
            challenge = challenge_of(credential)
            end = self._challenges.check(challenge, _browser(browser or ""))
            await self._verify(connection, credential, challenge, party)
            await self._use_challenge(connection, challenge, end)
        except (NotProved, InvalidInput, ValueError):
            raise _wrong() from None

    async def _verify(
        self, connection: Connection, credential: Mapping[str, Any], challenge: bytes, party: RelyingParty
    ) -> None:
        parameters = {"credential_id": _raw_id(credential)}
        found = await fetch(connection, SQL["lock_passkey"], parameters)
        for account_id, public_key, sign_count in found.select("account_id", "public_key", "sign_count"):
            handle = credential["response"].get("userHandle")
            if handle and not hmac.compare_digest(binary_of(handle), self._handle_of(account_id)):
                raise NotProved
            count = verify_use(credential, challenge, party, public_key=public_key, sign_count=sign_count)
            await connection.execute(SQL["use_passkey"], {**parameters, "sign_count": count})
            return
        raise NotProved

    async def _use_challenge(self, connection: Connection, challenge: bytes, end: int) -> None:
        """Use a challenge up. Raises InvalidInput for one that was used."""
        await connection.execute(SQL["delete_ended_challenges"])
        parameters = {"challenge_hash": sha256(challenge).digest(), "expires_at": end}
        if not await fetch(connection, SQL["use_challenge"], parameters):
            raise _not_valid()

    async def _notify(self, connection: Connection, email: str, change: str, passkey: Passkey) -> None:
        await self._notices.send(connection, account_changed(email, change, name=passkey.name))

    async def _known(self, connection: Connection, account_id: int) -> Sequence[Passkey]:
        known = await self._listed(connection, account_id)
        if len(known) >= MAX_PASSKEYS:
            raise SecondFactorState(SecondFactorState.TOO_MANY_PASSKEYS.format(limit=MAX_PASSKEYS))
        return known

    @staticmethod
    async def _listed(connection: Connection, account_id: int) -> Sequence[Passkey]:
        return list(_PASSKEY.read(await fetch(connection, SQL["list_passkeys"], {"account_id": account_id})))

    def _handle_of(self, account_id: int) -> bytes:
        """Return the account's name for authenticators, which says nothing about the person."""
        return hmac.digest(self._handle_key, str(account_id).encode(), "sha256")


def _session(account_id: int, session_id: UUID | None) -> str:
    return f"new passkey {account_id} {session_id}"


def _browser(secret: str) -> str:
    return f"sign-in {secret}"


def _raw_id(credential: Mapping[str, Any]) -> bytes:
    try:
        return binary_of(credential["rawId"])
    except ValueError:
        raise _wrong() from None


def _wrong() -> CredentialsRequired:
    return CredentialsRequired(CredentialsRequired.PASSKEY_WRONG)


def _not_valid() -> InvalidInput:
    return InvalidInput.in_field("/credential", "not_allowed", FieldError.PASSKEY)


async def _record(
    connection: Connection, by: Actor, action: str, organisation: int | None, passkey: Passkey
) -> None:
    """Audit what an account did with a passkey of its own, where it works, or else in the first organisation."""
    owner = MAIN if organisation is None else organisation
    about = {"passkey": str(passkey.id), "name": passkey.name}
    await record(connection, by, action, by.principal, organisation=owner, **about)
