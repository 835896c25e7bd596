"""Invitations: a mail makes a colleague a member. Who has the address and accepts it gets the role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.access import letters
from holdfast.access.audit import Actor, record
from holdfast.access.one_time_tokens import OneTimeTokens, Purpose
from holdfast.access.organisations import Organisations
from holdfast.access.password_hashes import PasswordHashing
from holdfast.access.permissions import Role
from holdfast.access.recovery import insert_account
from holdfast.access.sessions import SQL
from holdfast.access.sign_in import SignIn
from holdfast.access.users import refuse_guessable
from holdfast.errors import FieldError, InvalidInput
from holdfast.errors.staff import LinkNotValid
from holdfast.identity import identity_of
from holdfast.postgres.connections import Connections

__all__ = ["Accepted", "Invitations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Who has become a member of what, and whether a code of an app has proved it."""

    account: int
    organisation: int
    has_second_factor: bool


class Invitations:
    """Sends and accepts invitations."""

    def __init__(
        self,
        connections: Connections,
        tokens: OneTimeTokens,
        organisations: Organisations,
        sign_in: SignIn,
        hashing: PasswordHashing,
    ) -> None:
        self._connections = connections
        self._tokens = tokens
        self._organisations = organisations
        self._sign_in = sign_in
        self._hashing = hashing

    async def invite(
        self, organisation: int, email: str, role: Role, *, events: Sequence[int] | None = None, by: Actor
    ) -> None:
        """Send an invitation. A second one to the same address is another link. Raises OrganisationNotFound."""
        found = await self._organisations.find(organisation)
        detail = {"role": role.value, "events": None if events is None else sorted(set(events))}
        async with self._connections.changing() as connection:
            await self._tokens.issue(
                connection,
                Purpose.INVITATION,
                letters.invitation(email, found.name, role),
                organisation=organisation,
                detail=detail,
            )
            await record(connection, by, "member.invited", email, organisation=organisation, **detail)

    async def accept(
        self, token: str, *, name: str | None, password: str, second_factor: str | None, by: Actor
    ) -> Accepted:
        """Make the invited person a member.

        A person with an account proves that it is theirs, as at a sign-in; another one gives a name and a new password.
        A refusal changes nothing, and the link works again. Raises LinkNotValid, InvalidInput, CredentialsRequired,
        SecondFactorRequired, LastOwner.
        """
        given = await self._tokens.find(Purpose.INVITATION, token)
        control, parameters = self._connections.control(), {"email_folded": identity_of(given.email)}
        known = await self._connections.ask_pool(control, SQL["find_sign_in"], parameters)
        account, password_hash = 0, ""
        if known:
            account = await self._sign_in.check_password(given.email, password)
        else:
            if name is None:
                raise InvalidInput.in_field("/name", "required", FieldError.NAME_OF_ACCOUNT)
            refuse_guessable(password, name, given.email)
            password_hash = await self._hashing.hash(password)
        async with self._connections.changing() as connection:
            given = await self._tokens.take(connection, Purpose.INVITATION, token)
            if given.organisation is None:
                raise LinkNotValid
            has_factor = False
            if account:
                has_factor = await self._sign_in.second_factors.check(connection, account, second_factor)
            else:
                account = await insert_account(
                    connection, name=name or "", email=given.email, password_hash=password_hash
                )
            who = Actor(principal=f"account:{account}", request_id=by.request_id, address=by.address)
            role, events = Role(given.detail["role"]), given.detail["events"]
            await self._organisations.join(
                connection, given.organisation, account, role, events=events, by=who, action="member.joined"
            )
        return Accepted(account=account, organisation=given.organisation, has_second_factor=has_factor)
