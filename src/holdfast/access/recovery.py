"""Recovery and sign-up: everything that a person proves by reading a mail.

A stranger learns nothing about an address: a known and an unknown one get the same answer, after the same work. The
caller limits the attempts.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from holdfast.access import letters
from holdfast.access.notices import Notices
from holdfast.access.one_time_tokens import OneTimeTokens, Purpose
from holdfast.access.password_hashes import PasswordHashing
from holdfast.access.sessions import SQL
from holdfast.access.users import refuse_guessable
from holdfast.errors import CredentialsRequired, DuplicateEmail
from holdfast.errors.staff import LinkNotValid
from holdfast.identity import identity_of
from holdfast.languages import mark, speaking_to
from holdfast.postgres.connections import Connection, Connections, fetch

__all__ = ["Recovery"]


class Recovery:
    """Sign-up, resets of passwords, changes of addresses and of passwords, and links that sign in."""

    def __init__(
        self, connections: Connections, tokens: OneTimeTokens, hashing: PasswordHashing, notices: Notices
    ) -> None:
        self._connections = connections
        self._tokens = tokens
        self._hashing = hashing
        self._notices = notices

    async def request_sign_up(self, *, name: str, email: str, password: str) -> None:
        """Send a link that makes the account. A known address gets a note instead."""
        refuse_guessable(password, name, email)
        password_hash = await self._hashing.hash(password)
        account_id, language = await self._find(email)
        with speaking_to(language):
            letter = letters.sign_up(email) if account_id is None else letters.known_address(email)
        detail = {"name": name, "password_hash": password_hash}
        async with self._connections.changing() as connection:
            await self._tokens.issue(
                connection, Purpose.SIGN_UP, letter, account_id=account_id, detail=detail
            )

    async def sign_up(self, token: str) -> int:
        """Make the account of a link, and return its id. Raises LinkNotValid, DuplicateEmail."""
        async with self._connections.changing() as connection:
            given = await self._tokens.take(connection, Purpose.SIGN_UP, token)
            return await insert_account(
                connection,
                name=given.detail["name"],
                email=given.email,
                password_hash=given.detail["password_hash"],
            )

    async def request_reset(self, email: str) -> None:
        account_id, language = await self._find(email)
        with speaking_to(language):
            letter = letters.password_reset(email)
        async with self._connections.changing() as connection:
            await self._tokens.issue(
                connection,
                Purpose.PASSWORD_RESET,
                letter,
                account_id=account_id,
                is_sent=account_id is not None,
            )

    async def reset(self, token: str, password: str) -> None:
        """Set another password, and end every session and link of the account. Raises LinkNotValid, InvalidInput."""
        given = await self._tokens.find(Purpose.PASSWORD_RESET, token)
        password_hash = await self.hash_new(password, given.email)
        async with self._connections.changing() as connection:
            given = await self._tokens.take(connection, Purpose.PASSWORD_RESET, token)
            if given.account_id is None:
                raise LinkNotValid
            await self._set_password(connection, given.account_id, password_hash)

    async def hash_new(self, password: str, email: str) -> str:
        """Return the hash of an account's next password. Raises InvalidInput for one that is easy to guess."""
        refuse_guessable(password, email)
        return await self._hashing.hash(password)

    async def set_password(self, account_id: int, password_hash: str) -> None:
        """Set another password, and end every session and link of the account."""
        async with self._connections.changing() as connection:
            await self._set_password(connection, account_id, password_hash)

    async def rename(self, account_id: int, name: str) -> None:
        async with self._connections.changing() as connection:
            await connection.execute(SQL["set_name"], {"id": account_id, "name": name})

    async def set_language(self, account_id: int, code: str | None) -> None:
        """Let an account keep a language; None: it reads that of its browser."""
        async with self._connections.changing() as connection:
            await connection.execute(SQL["set_language"], {"id": account_id, "language": code})

    async def request_address(self, account_id: int, email: str) -> None:
        """Send a link to a new address, unless another account has it."""
        is_free = (await self._find(email))[0] is None
        async with self._connections.changing() as connection:
            await self._tokens.issue(
                connection,
                Purpose.ADDRESS_CHANGE,
                letters.address_change(email),
                account_id=account_id,
                is_sent=is_free,
            )

    async def change_address(self, token: str) -> None:
        """Change the address of a link's account, and notify the old one. Raises LinkNotValid, DuplicateEmail."""
        async with self._connections.changing() as connection:
            given = await self._tokens.take(connection, Purpose.ADDRESS_CHANGE, token)
            rows = await fetch(connection, SQL["get_account"], {"id": given.account_id})
            if not rows:
                raise LinkNotValid
            ((old, language),) = rows.select("email", "language")
            parameters = {
                "id": given.account_id,
                "email": given.email,
                "email_folded": identity_of(given.email),
            }
            if not await fetch(connection, SQL["set_email"], parameters):
                raise DuplicateEmail
            await connection.execute(SQL["delete_tokens_of_account"], {"account_id": given.account_id})
            with speaking_to(language):
                letter = letters.address_changed(old, given.email)
            await self._notices.send(connection, letter)

    async def request_link(self, email: str) -> tuple[str, str]:
        """Send a link that signs in. Return the secret of the browser that asks, and the code that it shows."""
        account_id, language = await self._find(email)
        with speaking_to(language):
            letter = letters.sign_in_link(email)
        browser, code = f"hfl_{secrets.token_urlsafe(32)}", f"{secrets.randbelow(10**6):06}"
        async with self._connections.changing() as connection:
            await self._tokens.issue(
                connection,
                Purpose.SIGN_IN_LINK,
                letter,
                account_id=account_id,
                detail={"browser": _digest(browser), "code": _digest(code)},
                is_sent=account_id is not None,
            )
        return browser, code

    async def check_link(self, token: str, *, browser: str | None, code: str | None) -> int:
        """Return whom a link signs in. Another browser than the one that asked needs its code. Raises LinkNotValid."""
        given = await self._tokens.find(Purpose.SIGN_IN_LINK, token)
        if not (_matches(browser, given.detail["browser"]) or _matches(code, given.detail["code"])):
            raise LinkNotValid(LinkNotValid.OTHER_BROWSER)
        if given.account_id is None:
            raise LinkNotValid
        return given.account_id

    async def take_link(self, connection: Connection, token: str) -> None:
        """Use a link that signs in, in the transaction of the new session. Raises LinkNotValid."""
        await self._tokens.take(connection, Purpose.SIGN_IN_LINK, token)

    async def _find(self, email: str) -> tuple[int | None, str | None]:
        """Return the account of an address and the language that it keeps; None for what there is not."""
        control, parameters = self._connections.control(), {"email_folded": identity_of(email)}
        rows = await self._connections.ask_pool(control, SQL["find_sign_in"], parameters)
        return next(iter(rows.select("id", "language")), (None, None))

    async def check(self, account_id: int, password: str) -> str:
        """Return the account's address. Raises CredentialsRequired for a wrong password."""
        control, parameters = self._connections.control(), {"id": account_id}
        rows = await self._connections.ask_pool(control, SQL["get_password"], parameters)
        email, stored = next(iter(rows.select("email", "password_hash")), ("", None))
        if not await self._hashing.verify(stored, password):
            raise CredentialsRequired(CredentialsRequired.PRESENT_WRONG)
        return str(email)

    async def _set_password(self, connection: Connection, account_id: int, password_hash: str) -> None:
        """Set it in the caller's transaction, and notify the owner."""
        parameters = {"id": account_id, "password_hash": password_hash}
        changed = await fetch(connection, SQL["set_password"], parameters)
        for email, language in changed.select("email", "language"):
            with speaking_to(language):
                letter = letters.account_changed(
                    email, mark("The password was changed."), mark("All sessions have ended.")
                )
            await self._notices.send(connection, letter)
        await connection.execute(SQL["end_sessions_of_account"], {"account_id": account_id})
        await connection.execute(SQL["delete_tokens_of_account"], {"account_id": account_id})


async def insert_account(connection: Connection, *, name: str, email: str, password_hash: str) -> int:
    """Make an account in the caller's transaction, and return its id. Raises DuplicateEmail."""
    rows = await fetch(
        connection,
        SQL["insert_account"],
        {
            "name": name,
            "email": email,
            "email_folded": identity_of(email),
            "password_hash": password_hash,
        },
    )
    if not rows:
        raise DuplicateEmail
    (id,) = rows.column("id")
    return int(id)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _matches(given: str | None, digest: str) -> bool:
    return given is not None and hmac.compare_digest(_digest(given), digest)
