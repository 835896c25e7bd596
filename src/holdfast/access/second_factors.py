"""Second factors: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for the day it is lost.

The app's secret is derived from the server key and a random id, so the database has no secret. A time step works once.
A recovery code works once, and the database has its SHA-256.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4

import pyotp

from holdfast.access.letters import account_changed
from holdfast.access.notices import Notices
from holdfast.errors import CredentialsRequired, SecondFactorRequired, SecondFactorState
from holdfast.languages import mark
from holdfast.postgres import queries
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.rows import RowReader

__all__ = ["SQL", "Enrolment", "Factors", "SecondFactors", "factors_of", "locked_account", "refuse_none"]

SQL = queries.load("second_factors")

RECOVERY_CODES = 10
_STEP_SECONDS = 30
_DRIFT_STEPS = 1
"""How many steps the clock of an app may be away."""

_CODE = re.compile(r"[0-9]{6}")
_ISSUER = "Holdfast"
_SECRET_BYTES = 20

_APP_ADDED = (
    mark("An authenticator app was added. Each sign-in needs its code."),
    mark("All other sessions have ended."),
)
_APP_REMOVED = mark("The authenticator app was removed. The password alone signs in again.")
_CODES_REPLACED = mark("The recovery codes were replaced. The former ones no longer work.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What an app needs. It is shown once, and counts when a code of the app has confirmed it."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What an account has besides its password."""

    passkeys: int
    has_app: bool
    recovery_codes: int
    is_required: bool
    """Whether an organisation of the account requires a second factor of its members."""


_FACTORS = RowReader(Factors)


async def factors_of(connection: Connection, account_id: int) -> Factors:
    """Return the second factors of an account, as the caller's transaction sees them."""
    rows = await fetch(connection, SQL["second_factors_of"], {"account_id": account_id})
    (found,) = _FACTORS.read(rows)
    return found


async def locked_account(connection: Connection, account_id: int) -> tuple[str, str]:
    """Return an account's address and name, behind its lock. The second of two changes of its factors sees the first.

    Raises CredentialsRequired for no account.
    """
    rows = await fetch(connection, SQL["lock_account"], {"account_id": account_id})
    for email, name in rows.select("email", "name"):
        return email, name
    raise CredentialsRequired(CredentialsRequired.SIGN_IN_NEEDED)


async def refuse_none(connection: Connection, account_id: int) -> None:
    """Raise SecondFactorState if the caller's transaction leaves a member without a factor that its work requires."""
    left = await factors_of(connection, account_id)
    if left.is_required and not left.has_app and not left.passkeys:
        raise SecondFactorState(SecondFactorState.LAST)


class SecondFactors:
    """Enrols apps, and checks codes."""

    def __init__(
        self,
        connections: Connections,
        server_key: bytes,
        notices: Notices,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._notices = notices
        self._key = hmac.digest(server_key, b"holdfast totp secret", "sha256")
        self._clock = clock

    async def enrol(self, account_id: int, email: str) -> Enrolment:
        """Begin the enrolment of an app, instead of one that was not confirmed. Raises SecondFactorState."""
        id = uuid4()
        async with self._connections.changing() as connection:
            if not await fetch(connection, SQL["begin_totp"], {"account_id": account_id, "id": id}):
                raise SecondFactorState(SecondFactorState.ENROLLED)
        secret = self._secret(id)
        return Enrolment(
            secret=secret, uri=pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER)
        )

    async def confirm(self, account_id: int, session_id: UUID | None, code: str) -> list[str]:
        """Confirm an app by its first code. Return the recovery codes, which are shown once.

        The account's other sessions end, because they had no second factor.

        Raises SecondFactorRequired for a wrong code, and SecondFactorState without an enrolment.
        """
        async with self._connections.changing() as connection:
            email, _ = await locked_account(connection, account_id)
            for id, is_confirmed, last_step in await self._app_of(connection, account_id):
                if is_confirmed:
                    raise SecondFactorState(SecondFactorState.ENROLLED)
                await self._use_step(connection, account_id, self._step_of(id, code, last_step))
                await connection.execute(SQL["confirm_totp"], {"account_id": account_id})
                sessions = {"account_id": account_id, "session_id": session_id}
                await connection.execute(SQL["prove_session"], sessions)
                await connection.execute(SQL["end_other_sessions"], sessions)
                await self._notices.send(connection, account_changed(email, *_APP_ADDED))
                return await self._renew_codes(connection, account_id)
        raise SecondFactorState

    async def check(self, connection: Connection, account_id: int, code: str | None) -> bool:
        """Check a code in the caller's transaction. Return False for an account without a second factor.

        Raises SecondFactorRequired.
        """
        for id, is_confirmed, last_step in await self._app_of(connection, account_id):
            if not is_confirmed:
                return False
            if code is None:
                raise SecondFactorRequired
            if _CODE.fullmatch(code):
                await self._use_step(connection, account_id, self._step_of(id, code, last_step))
            elif not await fetch(
                connection,
                SQL["use_recovery_code"],
                {"account_id": account_id, "code_hash": _hash_of(code)},
            ):
                raise SecondFactorRequired(SecondFactorRequired.WRONG)
            return True
        return False

    async def renew_codes(self, account_id: int, code: str) -> list[str]:
        """Replace the recovery codes. Raises SecondFactorRequired, SecondFactorState."""
        async with self._connections.changing() as connection:
            email, _ = await locked_account(connection, account_id)
            if not await self.check(connection, account_id, code):
                raise SecondFactorState
            await self._notices.send(connection, account_changed(email, _CODES_REPLACED))
            return await self._renew_codes(connection, account_id)

    async def remove(self, account_id: int, code: str) -> None:
        """Remove the app and the recovery codes. Raises SecondFactorRequired, SecondFactorState."""
        async with self._connections.changing() as connection:
            email, _ = await locked_account(connection, account_id)
            if not await self.check(connection, account_id, code):
                raise SecondFactorState
            await connection.execute(SQL["delete_recovery_codes"], {"account_id": account_id})
            await connection.execute(SQL["delete_totp"], {"account_id": account_id})
            await refuse_none(connection, account_id)
            await self._notices.send(connection, account_changed(email, _APP_REMOVED))

    async def left(self, account_id: int) -> int | None:
        """Return how many recovery codes are left; None for an account without a second factor."""
        control = self._connections.control()
        rows = await self._connections.ask_pool(
            control, SQL["count_recovery_codes"], {"account_id": account_id}
        )
        return next(iter(rows.column("codes")), None)

    async def _app_of(self, connection: Connection, account_id: int) -> list[tuple[UUID, bool, int]]:
        """Return the account's app behind a lock: of two requests with one code, the second sees its step used."""
        rows = await fetch(connection, SQL["lock_totp"], {"account_id": account_id})
        return list(rows.select("id", "is_confirmed", "last_step"))

    def _step_of(self, id: UUID, code: str, last_step: int) -> int:
        """Return the time step of a code that was not used. Raises SecondFactorRequired."""
        if not _CODE.fullmatch(code):
            raise SecondFactorRequired(SecondFactorRequired.WRONG)
        app, now = pyotp.TOTP(self._secret(id), interval=_STEP_SECONDS), self._clock()
        present = int(now // _STEP_SECONDS)
        for step in range(present - _DRIFT_STEPS, present + _DRIFT_STEPS + 1):
            if step > last_step and hmac.compare_digest(app.generate_otp(step), code):
                return step
        raise SecondFactorRequired(SecondFactorRequired.WRONG)

    @staticmethod
    async def _use_step(connection: Connection, account_id: int, step: int) -> None:
        await connection.execute(SQL["use_totp_step"], {"account_id": account_id, "step": step})

    @staticmethod
    async def _renew_codes(connection: Connection, account_id: int) -> list[str]:
        codes = [_new_code() for _ in range(RECOVERY_CODES)]
        await connection.execute(SQL["delete_recovery_codes"], {"account_id": account_id})
        parameters = {"account_id": account_id, "hashes": [_hash_of(code) for code in codes]}
        await connection.execute(SQL["insert_recovery_codes"], parameters)
        return codes

    def _secret(self, id: UUID) -> str:
        digest = hmac.digest(self._key, id.bytes, "sha256")[:_SECRET_BYTES]
        return base64.b32encode(digest).decode("ascii")


def _new_code() -> str:
    """Return 120 random bits in groups that a person can write down. From 112 on, a hash needs no salt (ASVS 6.5.2)."""
    text = base64.b32encode(secrets.token_bytes(15)).decode("ascii").lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _hash_of(code: str) -> bytes:
    return sha256(re.sub(r"[^a-z2-7]", "", code.lower()).encode()).digest()
