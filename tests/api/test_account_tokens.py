"""Access tokens of accounts: by password, renewed by refresh tokens, and ended with their session.

The kind is "a token that outlives what it was given for". Its members: a refresh token that comes twice, one after its
session has ended, one of another deployment, one that has expired, and an access token after each of these.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import psycopg
import pytest

from holdfast.http.application import Application
from support.http_app import client_of, running_app
from support.http_sales import make_event
from support.people import PASSWORD, make_account, make_member

Json = dict[str, Any]
BY_PASSWORD = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}


async def ask(client: httpx2.AsyncClient, **form: str) -> httpx2.Response:
    return await client.post("/v1/token", data=form)


async def granted(client: httpx2.AsyncClient, **form: str) -> Json:
    answer = await ask(client, **(BY_PASSWORD | form))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def refreshed(client: httpx2.AsyncClient, token: str, **form: str) -> httpx2.Response:
    return await ask(client, grant_type="refresh_token", refresh_token=token, **form)


def with_token(app: Application, tokens: Json) -> httpx2.AsyncClient:
    return client_of(app, peer="203.0.113.9", authorization=f"Bearer {tokens['access_token']}")


async def until_refused(app: Application, tokens: Json) -> httpx2.Response:
    """Ask until the token is refused. A session is remembered for a second."""
    async with with_token(app, tokens) as client, asyncio.timeout(10):
        while (answer := await client.get("/v1/me")).status_code == 200:
            pass
    return answer


async def audited(url: str) -> list[tuple[str, str]]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute("SELECT action, object FROM audit_entries ORDER BY id")
        return await cursor.fetchall()


async def test_an_account_gets_tokens_for_its_password(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    account = await make_account(closed_app, "ada")
    tokens = await granted(guest)
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 600, "account")
    assert tokens["refresh_token"].startswith("hfr_")
    async with with_token(closed_app, tokens) as client:
        me = (await client.get("/v1/me")).json()
    assert (me["principal"], me["permissions"]) == (f"account:{account}", ["public"])


async def test_a_member_acts_by_its_role_and_its_scopes(
    closed_app: Application, database_url: str, guest: httpx2.AsyncClient
) -> None:
    await make_member(closed_app, database_url, "ada", "manager")
    async with with_token(closed_app, await granted(guest)) as client:
        event = await make_event(client)
        assert (await client.get("/v1/webhooks")).status_code == 200
        assert (await client.get("/v1/audit")).status_code == 403
    async with with_token(closed_app, await granted(guest, scope="read sell")) as client:
        assert (await client.get(f"/v1/events/{event['number']}/holds")).status_code == 200
        for path in ("/v1/webhooks", "/v1/bookings"):
            assert (await client.get(path)).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "difference engine"},
        {"username": "nobody@example.org"},
        {"username": "ada"},
        {"username": "a" * 2_000},
        {"password": "p" * 5_000},
    ],
)
async def test_a_wrong_password_is_no_grant(
    closed_app: Application, guest: httpx2.AsyncClient, wrong: dict[str, str]
) -> None:
    await make_account(closed_app, "ada")
    answer = await ask(guest, **(BY_PASSWORD | wrong))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    known = await ask(guest, **(BY_PASSWORD | {"password": "difference engine"}))
    assert answer.json() == known.json()


@pytest.mark.parametrize("missing", ["username", "password"])
async def test_a_form_without_a_part_is_refused(guest: httpx2.AsyncClient, missing: str) -> None:
    answer = await ask(guest, **(BY_PASSWORD | {missing: ""}))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_refresh_token_works_once_and_gives_the_next(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    await make_account(closed_app, "ada")
    tokens = await granted(guest, scope="read")
    for _ in range(3):
        answer = await refreshed(guest, tokens["refresh_token"])
        assert answer.status_code == 200
        assert answer.json()["refresh_token"] != tokens["refresh_token"]
        assert answer.json()["scope"] == "read"
        tokens = answer.json()
    async with with_token(closed_app, tokens) as client:
        assert (await client.get("/v1/me")).status_code == 200


async def test_a_token_that_comes_twice_ends_its_session(
    closed_app: Application, database_url: str, guest: httpx2.AsyncClient
) -> None:
    account = await make_account(closed_app, "ada")
    first = await granted(guest)
    other = await granted(guest)
    second = (await refreshed(guest, first["refresh_token"])).json()
    again = await refreshed(guest, first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    following = await refreshed(guest, second["refresh_token"])
    assert (following.status_code, following.json()["error"]) == (400, "invalid_grant")
    for tokens in (first, second):
        refusal = await until_refused(closed_app, tokens)
        assert 'error="invalid_token"' in refusal.headers["www-authenticate"]
    assert ("session.ended_by_reuse", f"account:{account}") in await audited(database_url)
    async with with_token(closed_app, other) as client:
        assert (await client.get("/v1/me")).status_code == 200  # another session of the account goes on


async def test_of_parallel_uses_of_one_token_at_most_one_wins(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    await make_account(closed_app, "ada")
    tokens = await granted(guest)
    answers = await asyncio.gather(*(refreshed(guest, tokens["refresh_token"]) for _ in range(5)))
    winners = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(winners) <= 1
    for winner in winners:
        assert (await refreshed(guest, winner["refresh_token"])).status_code == 400


async def test_a_refresh_may_narrow_its_token_and_not_widen_it(
    closed_app: Application, database_url: str, guest: httpx2.AsyncClient
) -> None:
    await make_member(closed_app, database_url, "ada", "owner")
    tokens = await granted(guest, scope="read sell")
    wider = await refreshed(guest, tokens["refresh_token"], scope="read organise")
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")
    narrow = (await refreshed(guest, tokens["refresh_token"], scope="read")).json()
    assert narrow["scope"] == "read"
    assert (await refreshed(guest, narrow["refresh_token"])).json()["scope"] == "read sell"


@pytest.mark.parametrize("end", ["here", "everywhere", "expired"])
async def test_no_token_outlives_its_session(
    closed_app: Application, database_url: str, guest: httpx2.AsyncClient, end: str
) -> None:
    await make_account(closed_app, "ada")
    tokens = await granted(guest)
    async with with_token(closed_app, tokens) as client:
        if end == "expired":
            async with await psycopg.AsyncConnection.connect(database_url) as connection:
                await connection.execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
        else:
            path = "/v1/sessions/current" if end == "here" else "/v1/sessions"
            assert (await client.delete(path)).status_code == 200
    assert (await until_refused(closed_app, tokens)).status_code == 401
    answer = await refreshed(guest, tokens["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("token", ["hfr_" + "a" * 43, "hfr_", "x", "é", "a" * 5_000])
async def test_an_unknown_refresh_token_is_no_grant(guest: httpx2.AsyncClient, token: str) -> None:
    answer = await refreshed(guest, token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_many_guesses_of_a_password_have_to_wait(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    await make_account(closed_app, "ada")
    wrong = BY_PASSWORD | {"password": "difference engine"}
    statuses = [(await ask(guest, **wrong)).status_code for _ in range(12)]
    assert statuses[:10] == [400] * 10
    assert 429 in statuses


async def test_a_server_without_the_password_grant(database_url: str, closed_app: Application) -> None:
    """`HOLDFAST_PASSWORD_GRANT=false`: no password is compared or counted, and keys still get tokens."""
    await make_account(closed_app, "ada")
    async with (
        running_app(database_url, open=False, password_grant=False) as app,
        client_of(app, peer="203.0.113.9") as client,
    ):
        for password in (PASSWORD, "not the password"):
            answer = await ask(client, **(BY_PASSWORD | {"password": password}))
            assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
            assert "password" not in answer.json()["error_description"]
        answer = await ask(client, grant_type="client_credentials")
        assert answer.json()["error"] == "invalid_client"
        assert (await refreshed(client, "hfr_" + "x" * 43)).json()["error"] == "invalid_grant"
