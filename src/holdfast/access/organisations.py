"""Organisations and their members. Every server has organisation 1, which a single organiser need not name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from holdfast.access.audit import SQL, Actor, record
from holdfast.access.permissions import Role
from holdfast.errors.staff import StaffRefused
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


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """An account with a role in an organisation."""

    account_id: int
    email: str
    name: str
    role: str
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
        async with (
            self._connections.use(self._connections.control(), writes=True) as connection,
            connection.transaction(),
        ):
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

    async def set_role(self, organisation: int, email: str, role: Role, *, by: Actor) -> None:
        """Give an account a role, and make it a member if it is none. Raises StaffRefused."""
        async with (
            self._connections.use(self._connections.control(), writes=True) as connection,
            connection.transaction(),
        ):
            members = await self._locked_members(connection, organisation)
            account = await self._account(connection, email)
            if account is None:
                raise StaffRefused(StaffRefused.NO_ACCOUNT)
            before = members.get(account)
            if role is not Role.OWNER:
                _refuse_last_owner(members, account)
            parameters = {"organisation": organisation, "account_id": account, "role": role.value}
            await fetch(connection, SQL["set_member"], parameters)
            await record(
                connection,
                by,
                "member.role_set",
                f"account:{account}",
                organisation=organisation,
                role=role.value,
                before=before,
            )

    async def remove(self, organisation: int, email: str, *, by: Actor) -> None:
        """End a membership. Raises StaffRefused."""
        async with (
            self._connections.use(self._connections.control(), writes=True) as connection,
            connection.transaction(),
        ):
            members = await self._locked_members(connection, organisation)
            account = await self._account(connection, email)
            if account is None or account not in members:
                raise StaffRefused(StaffRefused.NO_MEMBER)
            _refuse_last_owner(members, account)
            parameters = {"organisation": organisation, "account_id": account}
            await fetch(connection, SQL["delete_member"], parameters)
            await record(
                connection,
                by,
                "member.removed",
                f"account:{account}",
                organisation=organisation,
                role=members[account],
            )

    @staticmethod
    async def _locked_members(connection: Connection, organisation: int) -> dict[int, str]:
        """Return the members' roles by account, behind the organisation's lock."""
        parameters = {"organisation": organisation}
        await fetch(connection, SQL["lock_organisation"], parameters)
        found = await fetch(connection, SQL["list_members"], parameters)
        return {member.account_id: member.role for member in _MEMBER.read(found)}

    @staticmethod
    async def _account(connection: Connection, email: str) -> int | None:
        found = await fetch(connection, SQL["find_account"], {"email_folded": identity_of(email)})
        for (id,) in found.select("id"):
            account: int = id
            return account
        return None


def _refuse_last_owner(members: dict[int, str], account: int) -> None:
    """Raise StaffRefused if nobody else could manage the members."""
    owners = {one for one, role in members.items() if role == Role.OWNER}
    if owners == {account}:
        raise StaffRefused(StaffRefused.LAST_OWNER)
