"""Every route for every access token: of a key with each scope, of an account with each role, and of nobody.

The kinds are "a token that may more, or less, than what it was given for", and "a token that should not work". Members
of the first: each scope of a key, each role of an account, and a token that asked for less. Members of the second: an
expired one, one of an ended session or a revoked key, and one for another audience, with another algorithm, type or
key. I found them in access.md, RFC 8725 and RFC 9068. `tests/access/test_access_tokens.py` has every form of a bad
token, for one reader; here each bad token meets every route.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from access.test_access_tokens import parts_of, signed
from api.needed_rights import needed
from api.test_rights_matrix import (
    ABSENT,
    ENDPOINTS,
    PROTECTED,
    PUBLIC,
    Shop,
    _ask,
    organiser,
    shop,
)
from api.test_sessions import run
from holdfast.access.access_tokens import LIFETIME_SECONDS, AccessTokens, Claims
from holdfast.access.permissions import ALL, Permission, Role, Scope, of_role, scopes_with
from holdfast.access.principals import Principal
from holdfast.api.catalogue import all_endpoints
from holdfast.http.application import Application
from holdfast.http.routes import Endpoint
from support.comparing import comparable
from support.http_app import access_of
from support.people import after_a_second, make_member
from support.tokens import Caller, key_token, password_token, token_callers, tokens_of, with_token

__all__ = ["organiser", "shop"]

GUARDED = [one for one in all_endpoints() if needed(one.operation_id) is not Permission.PUBLIC]
IDENTIFYING = [one for one in all_endpoints() if not one.anonymous]
"""Every route that asks who calls, also those that a guest may call."""


async def _answer(client: httpx2.AsyncClient, endpoint: Endpoint) -> httpx2.Response:
    path = endpoint.path.format(**{one.name: ABSENT.get(one.name, 999_999) for one in endpoint.path_values})
    return await client.request(endpoint.method, path)


@pytest.fixture
async def callers(closed_app: Application, database_url: str) -> AsyncIterator[dict[str, Caller]]:
    async with AsyncExitStack() as stack:
        yield await token_callers(closed_app, database_url, stack)


async def test_each_token_is_refused_exactly_what_it_lacks(callers: dict[str, Caller]) -> None:
    for endpoint in GUARDED:
        wanted = needed(endpoint.operation_id)
        for name, caller in callers.items():
            may = wanted in caller.permissions or (endpoint.for_users and caller.is_user)
            if endpoint.operation_id == "list_mail":
                may = False  # it has secret links, so only open mode shows it
            answer = await _answer(caller.client, endpoint)
            assert (answer.status_code == 403) is not may, (endpoint.operation_id, name, answer.status_code)
            assert answer.status_code != 401, (endpoint.operation_id, name)
            if not may and not caller.is_account and scopes_with(wanted):
                challenge = answer.headers["www-authenticate"]
                assert f'error="insufficient_scope", scope="{scopes_with(wanted)[0]}"' in challenge


async def test_a_token_says_what_it_may_do(callers: dict[str, Caller]) -> None:
    for name, caller in callers.items():
        assert (await caller.client.get("/v1/me")).json()["permissions"] == sorted(caller.permissions), name


async def test_a_narrowed_token_does_not_change_its_account(callers: dict[str, Caller]) -> None:
    """A program that may read and sell has no business with its owner's name, password and other sessions."""
    for request in (("PATCH", "/v1/me", {"name": "Eve"}), ("DELETE", "/v1/sessions", None)):
        method, path, body = request
        refused = await callers["owner, narrowed"].client.request(method, path, json=body)
        assert refused.status_code == 403
        assert 'error="insufficient_scope", scope="account"' in refused.headers["www-authenticate"]
        assert (await callers["owner"].client.request(method, path, json=body)).status_code == 200


@pytest.mark.parametrize("kind", ["key", "owner"])
async def test_a_token_of_another_organisation_finds_nothing(
    closed_app: Application, database_url: str, shop: Shop, statements: list[str], kind: str
) -> None:
    """What is foreign gets the same answer as what is absent, after the same statements to the database."""
    if kind == "key":
        token = await key_token(closed_app, "foreign", *Scope, organisation=2)
    else:
        await make_member(closed_app, database_url, "eve", "owner", organisation=2)
        token = await password_token(closed_app, "eve")
    _stop_the_clocks(closed_app)
    async with with_token(closed_app, token) as stranger:
        for operation in [
            *PROTECTED,
            *PUBLIC,
            "get_booking",
            "change_booking",
            "cancel_booking",
            "exchange_booking",
        ]:
            own = shop.draft if operation in PUBLIC else shop.objects
            answers, work = [], []
            for objects in (own, ABSENT):
                await _ask(stranger, operation, objects, shop.user)  # the first request may learn something
                statements.clear()
                answers.append(comparable(await _ask(stranger, operation, objects, shop.user)))
                work.append(list(statements))
            assert answers[0] == answers[1], operation
            assert work[0] == work[1], operation
            policy = ENDPOINTS[operation].policy
            no_key_may = kind == "key" and policy is not Permission.PUBLIC and not scopes_with(policy)
            assert answers[0][0] in ((403,) if no_key_may else (400, 404)), operation


def _stop_the_clocks(app: Application) -> None:
    """Let the process remember keys and sessions for ever: a second reading would be a statement of its own."""
    for remembered in (app.handler.gate._keyring._rows, access_of(app).sessions._found):
        remembered._clock = lambda: 0.0


Spoil = Callable[[AccessTokens, str], str]


def _with(*, header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None) -> Spoil:
    """Return what changes parts of a good token, and signs the result with the server's own key."""

    def spoil(tokens: AccessTokens, token: str) -> str:
        old_header, old_claims, _ = parts_of(token)
        return signed(tokens, old_header | (header or {}), old_claims | (claims or {}))

    return spoil


def _unsigned(tokens: AccessTokens, token: str) -> str:
    return _with(header={"alg": "none"})(tokens, token).rpartition(".")[0] + "."


def _of_another_server(tokens: AccessTokens, token: str) -> str:
    header, claims, _ = parts_of(token)
    return signed(AccessTokens(b"o" * 32, issuer=tokens._issuer), header, claims)


SPOILT: dict[str, Spoil] = {
    "another audience": _with(claims={"aud": "https://other.example"}),
    "another issuer": _with(claims={"iss": "https://other.example"}),
    "no algorithm": _unsigned,
    "another algorithm": _with(header={"alg": "HS256"}),
    "an identity token": _with(header={"typ": "JWT"}),
    "another key": _of_another_server,
    "expired": _with(claims={"iat": 1, "exp": 1 + LIFETIME_SECONDS}),
    "not yet valid": _with(claims={"iat": 2**40, "exp": 2**40 + LIFETIME_SECONDS}),
    "another account": _with(claims={"sub": "account:999999"}),
    "another API key": _with(claims={"sub": "key:other"}),
    "a session of nobody": _with(claims={"sid": "6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e13"}),
}


async def _check_refused_everywhere(app: Application, token: str) -> None:
    async with with_token(app, token) as client:
        for endpoint in IDENTIFYING:
            answer = await _answer(client, endpoint)
            assert answer.status_code == 401, (endpoint.operation_id, answer.status_code)
            assert 'error="invalid_token"' in answer.headers["www-authenticate"], endpoint.operation_id
            assert token not in answer.text


async def _good_token(app: Application, database_url: str, kind: str) -> str:
    """Return a token that opens something. So what is done to it is the reason of each refusal."""
    if kind == "key":
        token = await key_token(app, "shop", *Scope)
    else:
        await make_member(app, database_url, "olga", "owner")
        token = await password_token(app, "olga")
    async with with_token(app, token) as client:
        assert (await client.get("/v1/organisations")).status_code == 200
    return token


@pytest.mark.parametrize("kind", ["key", "owner"])
@pytest.mark.parametrize("how", SPOILT)
async def test_a_token_that_is_not_quite_ours_opens_nothing(
    closed_app: Application, database_url: str, kind: str, how: str
) -> None:
    token = await _good_token(closed_app, database_url, kind)
    await _check_refused_everywhere(closed_app, SPOILT[how](tokens_of(closed_app), token))


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("key", "UPDATE api_keys SET revoked_at = now()"),
        ("key", "UPDATE api_keys SET expires_at = now()"),
        ("key", "UPDATE api_keys SET secret_hash = decode(repeat('00', 32), 'hex')"),
        ("owner", "DELETE FROM sessions"),
        ("owner", "UPDATE sessions SET expires_at = now()"),
        ("owner", "UPDATE sessions SET last_used_at = now() - interval '2 hours'"),
        ("owner", "DELETE FROM memberships"),
        ("owner", "UPDATE organisations SET requires_second_factor = true"),
    ],
)
async def test_a_token_ends_with_what_it_was_given_for(
    closed_app: Application, database_url: str, kind: str, end: str
) -> None:
    token = await _good_token(closed_app, database_url, kind)
    await run(database_url, end)
    after_a_second(closed_app)
    await _check_refused_everywhere(closed_app, token)


async def test_a_token_loses_what_its_key_loses(closed_app: Application, database_url: str) -> None:
    token = await _good_token(closed_app, database_url, "key")
    await run(database_url, "UPDATE api_keys SET scopes = '{door}'")
    after_a_second(closed_app)
    assert await _opened(closed_app, token) == set()


async def _opened(app: Application, token: str) -> set[str]:
    """Return the guarded routes that a token opens, apart from those of the door."""
    async with with_token(app, token) as client:
        return {
            one.operation_id
            for one in GUARDED
            if Scope.DOOR not in scopes_with(one.policy)
            and not one.for_users
            and (await _answer(client, one)).status_code not in (401, 403)
        }


class TestPlanted:
    """A hole in what reads tokens is found: each is planted, and the questions from above get another answer."""

    async def test_scopes_that_do_not_count(
        self, closed_app: Application, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await make_member(closed_app, database_url, "olga", "owner")
        tokens = [
            await password_token(closed_app, "olga", scope="door"),
            await key_token(closed_app, "shop", "door"),
        ]
        for token in tokens:
            assert await _opened(closed_app, token) == set()
        _plant(monkeypatch, closed_app, lambda claims, found: replace(found, permissions=ALL))
        for token in tokens:
            assert await _opened(closed_app, token)

    @pytest.mark.parametrize("kind", ["key", "owner"])
    async def test_a_session_that_is_not_looked_up(
        self, closed_app: Application, database_url: str, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        token = await _good_token(closed_app, database_url, kind)
        await run(database_url, "DELETE FROM sessions; UPDATE api_keys SET revoked_at = now()")
        after_a_second(closed_app)
        assert await _opened(closed_app, token) == set()
        _plant(monkeypatch, closed_app, lambda claims, _: _owner(claims), looks_up=False)
        assert await _opened(closed_app, token)

    @pytest.mark.parametrize("how", SPOILT)
    async def test_a_token_that_is_not_verified(
        self, closed_app: Application, database_url: str, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        spoilt = SPOILT[how](tokens_of(closed_app), await _good_token(closed_app, database_url, "owner"))
        assert await _opened(closed_app, spoilt) == set()
        monkeypatch.setattr(AccessTokens, "read", _read_unverified)
        _plant(monkeypatch, closed_app, lambda claims, _: _owner(claims), looks_up=False)
        assert await _opened(closed_app, spoilt)


def _plant(
    monkeypatch: pytest.MonkeyPatch,
    app: Application,
    change: Callable[[Claims, Principal], Principal],
    *,
    looks_up: bool = True,
) -> None:
    """Change whom a token stands for. Without `looks_up`, nothing is asked about its session."""
    gate = app.handler.gate
    of_key, of_account = gate._keyring.of_token, gate._account_of_token
    assert of_account is not None
    nobody = _owner(Claims(subject="", session="", scopes=frozenset(), issued_at=0, expires_at=0))

    async def changed_key(claims: Claims) -> Principal:
        return change(claims, await of_key(claims) if looks_up else nobody)

    async def changed_account(claims: Claims) -> Principal:
        return change(claims, await of_account(claims) if looks_up else nobody)

    monkeypatch.setattr(gate._keyring, "of_token", changed_key)
    monkeypatch.setattr(gate, "_account_of_token", changed_account)


def _owner(claims: Claims) -> Principal:
    return Principal(kind="account", id=claims.subject, permissions=of_role(Role.OWNER), organisation=1)


def _read_unverified(_: AccessTokens, token: str) -> Claims:
    _, claims, _ = parts_of(token)
    return Claims(
        subject=claims["sub"],
        session=claims["sid"],
        scopes=frozenset(claims["scope"].split()),
        issued_at=claims["iat"],
        expires_at=claims["exp"],
    )
