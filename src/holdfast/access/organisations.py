"""Organisations and their members. Every server has organisation 1, which a single organiser need not name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from holdfast.access.audit import SQL, Actor, record
from holdfast.access.permissions import Role
from holdfast.access.sessions import SQL as SESSIONS
from holdfast.errors.staff import LastOwner, MemberNotFound, OrganisationNotFound, StaffRefused
from holdfast.identity import identity_of
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.rows import RowReader

__all__ = ["Organisation", "Organisations", "StaffMember"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Who sells. `slug` is its short name on the command line."""

    number: int
    slug: str
    name: str
    created_at: datetime
    requires_second_factor: bool = False
    """Whether each member needs an app, to act as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """An account with a role in an organisation."""

    account_id: int
    email: str
    name: str
    role: str
    events: Sequence[int] | None
    """The numbers of the only events that the member may see; None: all."""
    created_at: datetime


_ORGANISATION = RowReader(Organisation)
_MEMBER = RowReader(StaffMember)


class Organisations:
    """Reads and changes of organisations and of memberships. Each change is audited in its transaction."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def get(self, slug: str) -> Organisation:
        """Return an organisation. Raises StaffRefused if it does not exist."""
        control = self._connections.control()
        rows = await self._connections.ask_pool(control, SQL["find_organisation"], {"slug": slug})
        found = _ORGANISATION.first(rows)
        if found is None:
            raise StaffRefused(StaffRefused.NO_ORGANISATION)
        return found

    async def list_all(self) -> list[Organisation]:
        control = self._connections.control()
        rows = await self._connections.ask_pool(control, SQL["list_organisations"])
        return list(_ORGANISATION.read(rows))

    async def create(self, slug: str, name: str, *, by: Actor) -> Organisation:
        """Create an organisation. Raises StaffRefused for a known slug.

        Servers of generations that know only one organisation may no longer start.
        """
        async with self._connections.changing() as connection:
            rows = await fetch(connection, SQL["insert_organisation"], {"slug": slug, "name": name})
            made = _ORGANISATION.first(rows)
            if made is None:
                raise StaffRefused(StaffRefused.SLUG_TAKEN)
            await connection.execute(SQL["keep_older_servers_out"])
            await record(connection, by, "organisation.created", slug, organisation=made.number, name=name)
        return made

    async def list_members(self, organisation: int) -> list[StaffMember]:
        """Return the members, by their e-mail addresses."""
        control = self._connections.control()
        rows = await self._connections.ask_pool(control, SQL["list_members"], {"organisation": organisation})
        return list(_MEMBER.read(rows))

    async def find(self, number: int) -> Organisation:
        """Return an organisation by its number. Raises OrganisationNotFound."""
        control = self._connections.control()
        rows = await self._connections.ask_pool(control, SQL["get_organisation"], {"number": number})
        found = _ORGANISATION.first(rows)
        if found is None:
            raise OrganisationNotFound
        return found

    async def set_role(self, organisation: int, email: str, role: Role, *, by: Actor) -> None:
        """Give an account a role, and make it a member if it is none. Raises StaffRefused, LastOwner."""
        async with self._connections.changing() as connection:
            account = await self._account(connection, email)
            if account is None:
                raise StaffRefused(StaffRefused.NO_ACCOUNT)
            before = (await self._locked_members(connection, organisation)).get(account)
            events = None if before is None else before.events
            await self.join(connection, organisation, account, role, events=events, by=by)

    async def remove(self, organisation: int, email: str, *, by: Actor) -> None:
        """End a membership. Raises MemberNotFound, LastOwner."""
        async with self._connections.changing() as connection:
            account = await self._account(connection, email)
            if account is None or account not in await self._locked_members(connection, organisation):
                raise MemberNotFound(MemberNotFound.NO_ADDRESS)
            await self._remove(connection, organisation, account, by=by)

    async def change(self, organisation: int, *, requires_second_factor: bool, by: Actor) -> Organisation:
        """Change the settings of an organisation. Sessions that lack a required second factor end."""
        async with self._connections.changing() as connection:
            parameters = {"organisation": organisation, "requires_second_factor": requires_second_factor}
            changed = _ORGANISATION.first(await fetch(connection, SQL["change_organisation"], parameters))
            if changed is None:
                raise OrganisationNotFound
            await record(
                connection,
                by,
                "organisation.changed",
                changed.slug,
                organisation=organisation,
                requires_second_factor=requires_second_factor,
            )
        return changed

    async def change_member(
        self,
        organisation: int,
        account: int,
        role: Role | None,
        *,
        events: Sequence[int] | Literal["same"] | None,
        by: Actor,
    ) -> StaffMember:
        """Change a member's role, and the events that it may see. Raises MemberNotFound, LastOwner."""
        async with self._connections.changing() as connection:
            before = (await self._locked_members(connection, organisation)).get(account)
            if before is None:
                raise MemberNotFound
            await self.join(
                connection,
                organisation,
                account,
                role or Role(before.role),
                events=before.events if events == "same" else events,
                by=by,
            )
            return (await self._locked_members(connection, organisation))[account]

    async def remove_member(self, organisation: int, account: int, *, by: Actor) -> None:
        """End a membership. Raises MemberNotFound, LastOwner."""
        async with self._connections.changing() as connection:
            await self._remove(connection, organisation, account, by=by)

    async def join(
        self,
        connection: Connection,
        organisation: int,
        account: int,
        role: Role,
        *,
        events: Sequence[int] | None,
        by: Actor,
        action: str = "member.role_set",
    ) -> None:
        """Make an account a member with this role, in the caller's transaction. Its sessions end: it signs in again.

        Raises LastOwner.
        """
        members = await self._locked_members(connection, organisation)
        if role is not Role.OWNER:
            _refuse_last_owner(members, account)
        before = members.get(account)
        member = {"organisation": organisation, "account_id": account}
        limited = None if events is None else list(events)
        await connection.execute(
            SESSIONS["join_organisation"], {**member, "role": role.value, "events": limited}
        )
        await connection.execute(SESSIONS["end_sessions_of_member"], member)
        await record(
            connection,
            by,
            action,
            f"account:{account}",
            organisation=organisation,
            role=role.value,
            before=None if before is None else before.role,
            **({} if limited is None else {"events": limited}),
        )

    async def _remove(self, connection: Connection, organisation: int, account: int, *, by: Actor) -> None:
        members = await self._locked_members(connection, organisation)
        if account not in members:
            raise MemberNotFound
        _refuse_last_owner(members, account)
        parameters = {"organisation": organisation, "account_id": account}
        await fetch(connection, SQL["delete_member"], parameters)
        await connection.execute(SESSIONS["end_sessions_of_member"], parameters)
        await record(
            connection,
            by,
            "member.removed",
            f"account:{account}",
            organisation=organisation,
            role=members[account].role,
        )

    @staticmethod
    async def _locked_members(connection: Connection, organisation: int) -> dict[int, StaffMember]:
        """Return the members by account, behind the organisation's lock."""
        parameters = {"organisation": organisation}
        await fetch(connection, SQL["lock_organisation"], parameters)
        found = await fetch(connection, SQL["list_members"], parameters)
        return {member.account_id: member for member in _MEMBER.read(found)}

    @staticmethod
    async def _account(connection: Connection, email: str) -> int | None:
        found = await fetch(connection, SQL["find_account"], {"email_folded": identity_of(email)})
        for (id,) in found.select("id"):
            account: int = id
            return account
        return None


def _refuse_last_owner(members: dict[int, StaffMember], account: int) -> None:
    """Raise LastOwner if nobody else could manage the members."""
    owners = {one for one, member in members.items() if member.role == Role.OWNER}
    if owners == {account}:
        raise LastOwner
