"""Setup: the link of the first start makes the first owner.

Its token is derived from the server key and the database's history, so every server of a database prints the same one,
and nothing stores it. It works while no account has a membership. The first owner ends it, and open mode.
"""

from __future__ import annotations

import hmac

from holdfast.access.audit import Actor, record
from holdfast.access.password_hashes import PasswordHashing
from holdfast.access.permissions import Role
from holdfast.access.recovery import insert_account
from holdfast.access.sessions import SQL
from holdfast.access.setup_token import setup_token
from holdfast.access.store import SQL as ACCOUNTS
from holdfast.access.users import refuse_guessable
from holdfast.errors.staff import LinkNotValid
from holdfast.postgres.connections import Connections, fetch

__all__ = ["Setup"]


class Setup:
    """Makes the first owner."""

    def __init__(self, connections: Connections, server_key: bytes, hashing: PasswordHashing) -> None:
        self._connections = connections
        self._server_key = server_key
        self._hashing = hashing

    async def make_owner(
        self, token: str, *, name: str, email: str, password: str, organisation: int, by: Actor
    ) -> int:
        """Make an account that owns the organisation, and return its id.

        Raises LinkNotValid for another token, and once the server has a member; InvalidInput, DuplicateEmail.
        """
        control = self._connections.control()
        self._check(token, (await self._connections.ask_pool(control, SQL["read_setup"])).column("epoch"))
        refuse_guessable(password, name, email)
        password_hash = await self._hashing.hash(password)
        async with self._connections.changing() as connection:
            await fetch(connection, ACCOUNTS["lock_organisation"], {"organisation": organisation})
            self._check(token, (await fetch(connection, SQL["read_setup"])).column("epoch"))
            account = await insert_account(connection, name=name, email=email, password_hash=password_hash)
            member = {"organisation": organisation, "account_id": account, "role": Role.OWNER, "events": None}
            await connection.execute(SQL["join_organisation"], member)
            who = Actor(principal=f"account:{account}", request_id=by.request_id, address=by.address)
            await record(
                connection, who, "member.joined", who.principal, organisation=organisation, role=Role.OWNER
            )
        return account

    def _check(self, token: str, epochs: list[str]) -> None:
        known = setup_token(self._server_key, epochs[0] if epochs else "")
        if not hmac.compare_digest(token.encode(), known.encode()) or not epochs:
            raise LinkNotValid
