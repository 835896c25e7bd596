"""Factor resets: what an operator does for a colleague who has lost every second factor.

The operator has a shell on the machine, and has made sure who asks. The colleague signs in with the password, and adds
another app or passkey.
"""

from __future__ import annotations

from holdfast.access.audit import SQL as ACCOUNTS
from holdfast.access.audit import Actor, record
from holdfast.access.letters import account_changed
from holdfast.access.notices import Notices
from holdfast.access.passkeys import SQL as PASSKEYS
from holdfast.access.principals import MAIN
from holdfast.access.second_factors import SQL, Factors, factors_of, locked_account
from holdfast.access.sessions import SQL as SESSIONS
from holdfast.errors.staff import StaffRefused
from holdfast.identity import identity_of
from holdfast.languages import mark
from holdfast.postgres.connections import Connection, Connections, fetch

__all__ = ["FactorResets"]

_RESET = (
    mark("An operator has removed the app, the recovery codes and the passkeys of your account."),
    mark("The password alone signs in now. All sessions have ended."),
)


class FactorResets:
    """Shows and removes the second factors of an account."""

    def __init__(self, connections: Connections, notices: Notices) -> None:
        self._connections = connections
        self._notices = notices

    async def show(self, email: str) -> Factors:
        """Return what an account has besides its password. Raises StaffRefused for no account."""
        async with self._connections.changing() as connection:
            return await factors_of(connection, await self._account(connection, email))

    async def reset(self, email: str, *, by: Actor) -> Factors:
        """Remove every second factor of an account, end its sessions, and return what it had.

        The audit of each organisation where the account works says so, and so does a mail to the owner.

        Raises StaffRefused for no account.
        """
        async with self._connections.changing() as connection:
            account = await self._account(connection, email)
            address, _ = await locked_account(connection, account)
            before = await factors_of(connection, account)
            parameters = {"account_id": account}
            for statement in (SQL["delete_recovery_codes"], SQL["delete_totp"], PASSKEYS["delete_passkeys"]):
                await connection.execute(statement, parameters)
            await connection.execute(SESSIONS["end_sessions_of_account"], parameters)
            await self._notices.send(connection, account_changed(address, *_RESET))
            rows = await fetch(connection, SESSIONS["list_memberships"], parameters)
            for organisation in rows.column("number") or [MAIN]:
                await record(
                    connection,
                    by,
                    "second_factors.reset",
                    f"account:{account}",
                    organisation=organisation,
                    has_app=before.has_app,
                    passkeys=before.passkeys,
                )
        return before

    @staticmethod
    async def _account(connection: Connection, email: str) -> int:
        rows = await fetch(connection, ACCOUNTS["find_account"], {"email_folded": identity_of(email)})
        for (account,) in rows.select("id"):
            return int(account)
        raise StaffRefused(StaffRefused.NO_ACCOUNT)
