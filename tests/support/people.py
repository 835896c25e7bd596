"""People: accounts, members and their browsers, for tests of signed-in callers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx2
import psycopg

from holdfast.access.principals import CACHE_SECONDS
from holdfast.api.request import Request
from holdfast.http.application import Application
from holdfast.limits.attempts import MemoryAttempts
from support.http_app import access_of, client_of, delivery_of

__all__ = [
    "ORIGIN",
    "PASSWORD",
    "after_a_second",
    "after_the_wait",
    "browser_of",
    "mails_to",
    "make_account",
    "make_member",
    "signed_in",
    "token_for",
]

PASSWORD = "analytical engine"
ORIGIN = "http://localhost"


def browser_of(app: Application, *, peer: str = "127.0.0.1") -> httpx2.AsyncClient:
    """Return a browser on this machine: it keeps cookies, and names its page's origin."""
    return client_of(app, peer=peer, origin=ORIGIN)


async def make_account(app: Application, name: str) -> int:
    """Make an account whose address begins with the name, and return its id."""
    user = await access_of(app).users.create(
        name=name.title(), phone_number="", email=f"{name}@example.org", password=PASSWORD
    )
    return user.id


async def make_member(
    app: Application,
    database_url: str,
    name: str,
    role: str,
    *,
    organisation: int = 1,
    events: Sequence[int] | None = None,
) -> int:
    """Make an account with a role, and return its id."""
    account = await make_account(app, name)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(
            "INSERT INTO organisations VALUES (%s, 'organisation ' || %s, 'Organisation', now())"
            " ON CONFLICT DO NOTHING",
            (organisation, organisation),
        )
        await connection.execute(
            "INSERT INTO memberships (organisation_number, account_id, role, events, created_at)"
            " VALUES (%s, %s, %s, %s, now())",
            (organisation, account, role, None if events is None else list(events)),
        )
    return account


@asynccontextmanager
async def signed_in(app: Application, name: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a browser in which the account is signed in."""
    async with browser_of(app) as browser:
        answer = await browser.post(
            "/v1/sessions", json={"email": f"{name}@example.org", "password": PASSWORD}
        )
        assert answer.status_code == 201, answer.text
        yield browser


def after_a_second(app: Application) -> None:
    """Let the process believe that a second has passed since it read its sessions, keys and first member."""
    app.handler.gate._open_mode._any_key._clock = lambda: time.monotonic() + CACHE_SECONDS
    for remembered in (access_of(app).sessions._found, app.handler.gate._keyring._rows):
        for value in remembered._values.values():
            value._clock = lambda: time.monotonic() + CACHE_SECONDS


def after_the_wait(app: Application, *, seconds: float) -> None:
    """Let the process believe that some seconds have passed since the last attempt."""
    assert issubclass(app.request_class, Request)
    store = app.request_class.attempts._store
    assert isinstance(store, MemoryAttempts)
    store._clock = lambda: time.monotonic() + seconds


async def token_for(app: Application, address: str) -> str:
    """Return the token of the newest mail to an address."""
    for mail in await delivery_of(app).mailer.list_mail(limit=200):
        if mail.to == address and "#" in mail.text:
            return mail.text.partition("#")[2].split()[0]
    raise AssertionError(f"no link was sent to {address}")


async def mails_to(app: Application, address: str) -> list[str]:
    """Return the subjects of the mails to an address, newest first."""
    return [mail.subject for mail in await delivery_of(app).mailer.list_mail(limit=200) if mail.to == address]
