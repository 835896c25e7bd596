"""Access tokens of keys and of accounts, and callers that have one, for tests of what a token opens."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2

from holdfast.access.access_tokens import AccessTokens
from holdfast.access.audit import OPERATOR
from holdfast.access.permissions import Permission, Role, Scope, of_role, of_scopes, permissions_of
from holdfast.access.principals import make_api_key
from holdfast.access.token_grants import checked_key
from holdfast.api.request import Request
from holdfast.http.application import Application
from support.http_app import access_of, client_of
from support.people import PASSWORD, make_account, make_member

__all__ = ["SECRET", "Caller", "key_token", "password_token", "token_callers", "tokens_of", "with_token"]

SECRET = "s" * 43


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A client, and what its credentials allow."""

    client: httpx2.AsyncClient
    permissions: frozenset[Permission]
    is_account: bool = False
    is_narrowed: bool = False
    """Whether the token asked for less than its account."""
    refusal: int = 403
    """The status for a permission that it lacks."""

    @property
    def is_user(self) -> bool:
        """Whether it may call for itself what a dialect offers its users."""
        return self.is_account and not self.is_narrowed


def tokens_of(app: Application) -> AccessTokens:
    """Return what signs and reads the application's tokens."""
    assert issubclass(app.request_class, Request)
    return app.request_class.access_tokens


def with_token(app: Application, token: str) -> httpx2.AsyncClient:
    """Return a program on another machine, which has a token."""
    return client_of(app, peer="203.0.113.9", authorization=f"Bearer {token}")


async def key_token(app: Application, id: str, *scopes: str, organisation: int = 1) -> str:
    """Make a key, and return an access token with all of its scopes."""
    _, secret_hash = make_api_key(id, SECRET)
    await access_of(app).insert_key(
        id=id,
        secret_hash=secret_hash,
        name=id,
        scopes=list(scopes),
        expires_at=None,
        organisation=organisation,
    )
    assert issubclass(app.request_class, Request)
    grants = app.request_class.grants
    key = checked_key(await grants.find_key(id), SECRET)
    return (await grants.of_key(key, SECRET, None)).access_token


async def password_token(app: Application, name: str, *, scope: str | None = None) -> str:
    """Return an access token of an account whose address begins with the name. `scope`: all that it may do."""
    assert issubclass(app.request_class, Request)
    grants = app.request_class.grants
    return (await grants.of_password(f"{name}@example.org", PASSWORD, scope, by=OPERATOR)).access_token


async def token_callers(app: Application, database_url: str, stack: AsyncExitStack) -> dict[str, Caller]:
    """Return a caller for each scope of a key, for a buyer, for each role, and for an owner who asked for less."""
    callers: dict[str, Caller] = {}

    async def add(
        name: str,
        token: str,
        permissions: frozenset[Permission],
        *,
        is_account: bool,
        is_narrowed: bool = False,
    ) -> None:
        client = await stack.enter_async_context(with_token(app, token))
        callers[name] = Caller(
            client=client, permissions=permissions, is_account=is_account, is_narrowed=is_narrowed
        )

    for scope in Scope:
        token = await key_token(app, f"only{scope}", scope)
        await add(scope, token, of_scopes(frozenset({scope})), is_account=False)
    await make_account(app, "buyer")
    await add("buyer", await password_token(app, "buyer"), permissions_of(None), is_account=True)
    for role in Role:
        await make_member(app, database_url, role, role)
        await add(role, await password_token(app, role), of_role(role), is_account=True)
    narrowed = await password_token(app, "owner", scope="read sell")
    rights = of_scopes(frozenset({"read", "sell"}))
    await add("owner, narrowed", narrowed, rights, is_account=True, is_narrowed=True)
    narrowed = await password_token(app, "buyer", scope="sell")
    await add("buyer, narrowed", narrowed, permissions_of(None), is_account=True, is_narrowed=True)
    return callers
