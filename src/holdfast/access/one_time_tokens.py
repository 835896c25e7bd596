"""One-time tokens: the secret links of mails. Each works once, for its purpose and its time.

A token is derived from the server key and the id of its mail's job, so the database has only its SHA-256.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson

from holdfast.access.sessions import SQL
from holdfast.delivery.jobs import NO_EVENT
from holdfast.delivery.mail.letter import Letter
from holdfast.delivery.mail.mailer import Mailer
from holdfast.delivery.store import add_jobs
from holdfast.errors.staff import LinkNotValid
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.rows import Table

__all__ = ["OneTimeToken", "OneTimeTokens", "Purpose"]


class Purpose(StrEnum):
    """What a token does."""

    INVITATION = "invitation"
    SIGN_UP = "sign_up"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a purpose
    ADDRESS_CHANGE = "address_change"
    SIGN_IN_LINK = "sign_in_link"
    BOOKING = "booking"


LIFETIMES = {
    Purpose.INVITATION: timedelta(hours=24),
    Purpose.SIGN_UP: timedelta(hours=24),
    Purpose.PASSWORD_RESET: timedelta(hours=24),
    Purpose.ADDRESS_CHANGE: timedelta(hours=24),
    Purpose.SIGN_IN_LINK: timedelta(minutes=15),
    Purpose.BOOKING: timedelta(minutes=15),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeToken:
    """What a token is about."""

    account_id: int | None
    organisation: int | None
    email: str
    detail: dict[str, Any]


class _Unsent(Exception):
    """Rolls a mail back."""


class OneTimeTokens:
    """Issues tokens in mails, and takes them."""

    def __init__(self, connections: Connections, mailer: Mailer) -> None:
        self._connections = connections
        self._mailer = mailer

    async def issue(
        self,
        connection: Connection,
        purpose: Purpose,
        letter: Letter,
        *,
        account_id: int | None = None,
        organisation: int | None = None,
        detail: dict[str, Any] | None = None,
        is_sent: bool = True,
    ) -> None:
        """Write a token and its mail in the caller's transaction.

        Without `is_sent` the same work is done, and no mail remains: an unknown address must not cost less.
        """
        job = self._mailer.job_of(letter, cause=f"{purpose}:{uuid4()}")
        await connection.execute(SQL["delete_ended_tokens"])
        await connection.execute(
            SQL["insert_one_time_token"],
            {
                "token_hash": self._mailer.token_hash(job.id),
                "purpose": purpose.value,
                "account_id": account_id,
                "organisation": organisation,
                "email": letter.to,
                "detail": orjson.dumps(detail or {}).decode(),
                "seconds": LIFETIMES[purpose].total_seconds(),
            },
        )
        try:
            async with connection.transaction():
                await add_jobs(connection, NO_EVENT, [job])
                if not is_sent:
                    raise _Unsent
        except _Unsent:
            return

    async def find(self, purpose: Purpose, token: str) -> OneTimeToken:
        """Return what a token is about, without taking it. Raises LinkNotValid."""
        control = self._connections.control()
        return _read(
            await self._connections.ask_pool(control, SQL["find_one_time_token"], _parameters(purpose, token))
        )

    async def take(self, connection: Connection, purpose: Purpose, token: str) -> OneTimeToken:
        """Return what a token is about, once. Raises LinkNotValid."""
        return _read(await fetch(connection, SQL["take_one_time_token"], _parameters(purpose, token)))


def _parameters(purpose: Purpose, token: str) -> dict[str, object]:
    return {"token_hash": sha256(token.encode()).digest(), "purpose": purpose.value}


def _read(rows: Table) -> OneTimeToken:
    for account_id, organisation, email, detail in rows.select(
        "account_id", "organisation", "email", "detail"
    ):
        return OneTimeToken(
            account_id=account_id, organisation=organisation, email=email, detail=orjson.loads(detail)
        )
    raise LinkNotValid
