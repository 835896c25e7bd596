"""Sign-in: a password becomes a session.

An unknown address and a wrong password get one answer, after the same work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from holdfast.access.audit import Actor, record
from holdfast.access.password_hashes import PasswordHashing
from holdfast.access.principals import Principal
from holdfast.access.second_factors import SecondFactors
from holdfast.access.sessions import SQL, OpenedSession, Sessions
from holdfast.errors import CredentialsRequired, FieldError, InvalidInput, SecondFactorRequired
from holdfast.identity import identity_of
from holdfast.postgres.connections import Connection, Connections
from holdfast.postgres.rows import RowReader

__all__ = ["Account", "Me", "Membership", "SignIn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who can sign in."""

    id: int
    name: str
    email: str
    created_at: datetime
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """An account's role in an organisation. `events`: the numbers of the only ones that it may see; None: all."""

    number: int
    slug: str
    name: str
    role: str
    events: Sequence[int] | None
    requires_second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """A signed-in account, and where it is a member. `current` is whose staff it acts as."""

    account: Account
    memberships: Sequence[Membership]
    current: Membership | None


log = structlog.get_logger("holdfast.access")

_ACCOUNT = RowReader(Account)
_MEMBERSHIP = RowReader(Membership)


class SignIn:
    """Opens sessions for people who prove who they are."""

    def __init__(
        self,
        connections: Connections,
        sessions: Sessions,
        hashing: PasswordHashing,
        second_factors: SecondFactors,
    ) -> None:
        self._connections = connections
        self._sessions = sessions
        self._hashing = hashing
        self.second_factors = second_factors

    async def with_password(
        self,
        email: str,
        password: str,
        *,
        organisation: int | None = None,
        second_factor: str | None = None,
        by: Actor,
    ) -> tuple[OpenedSession, Me]:
        """Open a session. Raises CredentialsRequired, SecondFactorRequired, Busy; InvalidInput for no membership."""
        account_id = await self.check_password(email, password)
        return await self.open(account_id, organisation=organisation, second_factor=second_factor, by=by)

    async def check_password(self, email: str, password: str) -> int:
        """Return the id of the account. Raises CredentialsRequired and Busy. The caller limits the attempts."""
        control, parameters = self._connections.control(), {"email_folded": identity_of(email)}
        rows = await self._connections.ask_pool(control, SQL["find_sign_in"], parameters)
        id, stored = next(iter(rows.select("id", "password_hash")), (0, None))
        if not await self._hashing.verify(stored, password):
            raise CredentialsRequired(CredentialsRequired.SIGN_IN_WRONG)
        return int(id)

    async def open(
        self,
        account_id: int,
        *,
        organisation: int | None = None,
        as_buyer: bool = False,
        second_factor: str | None = None,
        is_proved: bool = False,
        uses: Callable[[Connection], Awaitable[None]] | None = None,
        by: Actor,
    ) -> tuple[OpenedSession, Me]:
        """Open a session of an account that has proved itself. Without an organisation, its first one counts.

        `is_proved`: the proof counts as a second factor, too. `uses` takes the proof in the same transaction, so that
        a refusal leaves it: who forgets the second factor may use the link again. Raises SecondFactorRequired.
        """
        account, memberships = await self._load(account_id)
        chosen = [each for each in memberships if organisation in (None, each.number) and not as_buyer]
        async with self._connections.changing() as connection:
            if uses is not None:
                await uses(connection)
            if organisation is not None and not chosen:
                raise InvalidInput.in_field("/organisation", "not_allowed", FieldError.NO_MEMBERSHIP)
            has_factor = is_proved or await self.second_factors.check(connection, account_id, second_factor)
            allowed = [each for each in chosen if has_factor or not each.requires_second_factor]
            if organisation is not None and not allowed:
                raise SecondFactorRequired(SecondFactorRequired.ENROL)
            current = allowed[0] if allowed else None
            opened = await self._sessions.open_within(
                connection,
                account_id,
                None if current is None else current.number,
                has_second_factor=has_factor,
            )
            if current is not None:
                who = Actor(principal=f"account:{account_id}", request_id=by.request_id, address=by.address)
                await record(connection, who, "session.opened", who.principal, organisation=current.number)
        log.info(
            "session_opened",
            account=account_id,
            organisation=None if current is None else current.number,
            second_factor=has_factor,
            request_id=by.request_id,
        )
        return opened, Me(account=account, memberships=memberships, current=current)

    async def me(self, principal: Principal) -> Me:
        """Return the signed-in account. Raises CredentialsRequired for another principal."""
        if principal.account_id is None:
            raise CredentialsRequired(CredentialsRequired.SIGN_IN_NEEDED)
        account, memberships = await self._load(principal.account_id)
        current = next((each for each in memberships if each.number == principal.organisation), None)
        return Me(account=account, memberships=memberships, current=current)

    async def _load(self, account_id: int) -> tuple[Account, list[Membership]]:
        control, parameters = self._connections.control(), {"account_id": account_id}
        found = await self._connections.ask_pool(control, SQL["get_account"], {"id": account_id})
        account = _ACCOUNT.first(found)
        if account is None:
            raise CredentialsRequired(CredentialsRequired.SIGN_IN_NEEDED)
        rows = await self._connections.ask_pool(control, SQL["list_memberships"], parameters)
        return account, list(_MEMBERSHIP.read(rows))
