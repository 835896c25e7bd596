"""Own sessions: an account sees where it is signed in, and ends one of its sessions.

The kind is "a session that its owner cannot find or end". Its members are a session of a browser, of a program, and of
another browser; and nobody's and another account's, which are answered alike.
"""

from __future__ import annotations

from uuid import uuid4

import httpx2
import pytest

from api.test_sessions import run
from holdfast.http.application import Application
from support.people import after_a_second, make_account, make_member, signed_in
from support.tokens import password_token, with_token


async def listed(client: httpx2.AsyncClient) -> list[dict[str, object]]:
    answer = await client.get("/v1/me/sessions")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_an_account_sees_its_sessions_and_ends_another_one(closed_app: Application, database_url: str):
    await make_member(closed_app, database_url, "ada", "manager")
    token = await password_token(closed_app, "ada")
    async with (
        signed_in(closed_app, "ada") as laptop,
        signed_in(closed_app, "ada") as phone,
        with_token(closed_app, token) as program,
    ):
        found = await listed(laptop)
        assert [(one["current"], one["program"], one["organisation"]) for one in found] == [
            (False, False, 1),
            (True, False, 1),
            (False, True, 1),
        ]
        for one, client in ((found[0], phone), (found[2], program)):
            assert (await client.get("/v1/me")).status_code == 200
            ended = await laptop.delete(f"/v1/me/sessions/{one['id']}")
            assert (ended.status_code, "set-cookie" in ended.headers) == (204, False)
            after_a_second(closed_app)
            assert (await client.get("/v1/me")).status_code == 401
        assert [one["id"] for one in await listed(laptop)] == [found[1]["id"]]


async def test_a_session_that_ends_itself_leaves_the_browser(closed_app: Application):
    await make_account(closed_app, "ada")
    async with signed_in(closed_app, "ada") as browser:
        (own,) = await listed(browser)
        ended = await browser.delete(f"/v1/me/sessions/{own['id']}")
        assert (ended.status_code, ended.headers["clear-site-data"]) == (204, '"storage"')
        assert not browser.cookies
        assert (await browser.get("/v1/me")).status_code == 401


@pytest.mark.parametrize("path", ["/v1/sessions/current", "/v1/sessions"])
async def test_a_sign_out_clears_the_browser(closed_app: Application, path: str):
    await make_account(closed_app, "ada")
    async with signed_in(closed_app, "ada") as browser:
        answer = await browser.delete(path)
        assert (answer.status_code, answer.headers["clear-site-data"]) == (200, '"storage"')


async def test_a_session_of_another_account_is_answered_like_none(closed_app: Application, database_url: str):
    await make_account(closed_app, "ada")
    await make_account(closed_app, "eve")
    async with signed_in(closed_app, "ada") as ada, signed_in(closed_app, "eve") as eve:
        (own,) = await listed(ada)
        answers = [await eve.delete(f"/v1/me/sessions/{id}") for id in (own["id"], uuid4(), "none")]
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
            (404, "session_not_found")
        }
        after_a_second(closed_app)
        assert len(await listed(ada)) == len(await listed(eve)) == 1
    await run(database_url, "UPDATE sessions SET last_used_at = now() - interval '8 days'")
    async with signed_in(closed_app, "ada") as again:
        assert len(await listed(again)) == 1, "a session without a use has ended"


async def test_a_guest_a_key_and_a_narrowed_token_have_no_list(
    closed_app: Application, guest: httpx2.AsyncClient
):
    await make_account(closed_app, "ada")
    assert (await guest.get("/v1/me/sessions")).status_code == 401
    async with with_token(closed_app, await password_token(closed_app, "ada", scope="read")) as narrowed:
        for method, path in (("GET", "/v1/me/sessions"), ("DELETE", f"/v1/me/sessions/{uuid4()}")):
            refused = await narrowed.request(method, path)
            assert refused.status_code == 403
            assert 'scope="account"' in refused.headers["www-authenticate"]
