"""Accounts: sign-up, resets, changes of address and links that sign in, from the request to the mail and back.

The kind is "a link that works when it should not". Its members are the second use, another purpose, the end of its
time, another browser, and a change of the password or the address in between. The second kind is "an answer that says
who has an account": every route that takes an address is asked about a known and an unknown one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from api.test_sessions import run
from holdfast.http.application import Application
from support.people import (
    PASSWORD,
    after_a_second,
    browser_of,
    mails_to,
    make_account,
    make_member,
    signed_in,
    token_for,
)

ADA = "ada@example.org"
PERSON = {"name": "Ada", "email": ADA, "password": PASSWORD}
OTHER = "difference engine"
NO_TOKEN = "x" * 43


def outcome(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


INVALID = (410, "link_not_valid")


class TestSignUp:
    async def test_a_buyer_signs_up_by_a_link(self, closed_app: Application, database_url: str):
        async with browser_of(closed_app) as browser:
            assert (await browser.post("/v1/accounts", json=PERSON)).json() == {"status": "sent"}
            assert await run(database_url, "SELECT FROM accounts") == []
            token = await token_for(closed_app, ADA)
            made = await browser.post("/v1/accounts/confirm", json={"token": token})
            assert made.status_code == 201
            me = (await browser.get("/v1/me")).json()
            assert (me["account"]["email"], me["permissions"]) == (ADA, ["public"])
            assert outcome(await browser.post("/v1/accounts/confirm", json={"token": token})) == INVALID
            right = {"email": ADA, "password": PASSWORD}
            assert (await browser.post("/v1/sessions", json=right)).status_code == 201

    async def test_a_known_address_gets_a_note_and_the_same_answer(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            known = await browser.post("/v1/accounts", json=PERSON)
            other = await browser.post("/v1/accounts", json={**PERSON, "email": "grace@example.org"})
            assert (known.status_code, known.content) == (other.status_code, other.content)
            assert await mails_to(closed_app, ADA) == ["You have an account"]
            assert await mails_to(closed_app, "grace@example.org") == ["Confirm your address"]

    async def test_a_guessable_password_is_refused(self, closed_app: Application):
        async with browser_of(closed_app) as browser:
            answer = await browser.post("/v1/accounts", json={**PERSON, "password": "ada@example.org"})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/password")

    async def test_two_links_make_one_account(self, closed_app: Application, database_url: str):
        async with browser_of(closed_app) as browser:
            tokens = []
            for _ in range(2):
                await browser.post("/v1/accounts", json=PERSON)
                tokens.append(await token_for(closed_app, ADA))
            answers = await asyncio.gather(
                *(browser.post("/v1/accounts/confirm", json={"token": token}) for token in tokens)
            )
            assert sorted(one.status_code for one in answers) == [201, 409]
            assert len(await run(database_url, "SELECT FROM accounts")) == 1


class TestReset:
    async def test_a_reset_ends_every_session_and_every_link(
        self, closed_app: Application, database_url: str
    ):
        await make_member(closed_app, database_url, "ada", "manager")
        async with signed_in(closed_app, "ada") as session, browser_of(closed_app) as browser:
            await browser.post("/v1/sign-in-links", json={"email": ADA})
            link = await token_for(closed_app, ADA)
            for _ in range(2):
                await browser.post("/v1/password-resets", json={"email": ADA})
            token = await token_for(closed_app, ADA)
            refused = await browser.post(
                "/v1/password-resets/confirm", json={"token": token, "password": "password1234"}
            )
            assert outcome(refused) == (422, "invalid_input")
            done = await browser.post("/v1/password-resets/confirm", json={"token": token, "password": OTHER})
            assert done.json() == {"status": "changed"}
            assert await run(database_url, "SELECT FROM one_time_tokens") == []
            assert outcome(await browser.post("/v1/sign-in-links/use", json={"token": link})) == INVALID
            after_a_second(closed_app)
            assert (await session.get("/v1/webhooks")).status_code == 401
            for password, status in ((PASSWORD, 401), (OTHER, 201)):
                answer = await browser.post("/v1/sessions", json={"email": ADA, "password": password})
                assert answer.status_code == status

    @pytest.mark.parametrize("path", ["/v1/password-resets", "/v1/sign-in-links"])
    async def test_an_unknown_address_is_answered_alike_and_gets_no_mail(
        self, closed_app: Application, database_url: str, statements: list[str], path: str
    ):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            found, work = [], []
            for address in (ADA, "nobody@example.org"):
                for _ in range(2):  # the first request of a process may learn something
                    statements.clear()
                    answer = await browser.post(path, json={"email": address})
                    seen = list(statements)
                found.append((answer.status_code, {**answer.json(), "code": ""}))
                work.append(seen)
            assert found[0] == found[1]
            assert found[0][0] == 202
            assert work[0] == work[1]
            assert await mails_to(closed_app, "nobody@example.org") == []
            assert len(await mails_to(closed_app, ADA)) == 2
            tokens = await run(database_url, "SELECT count(*) FROM one_time_tokens")
            assert tokens == [(4,)]

    async def test_nobody_fills_another_persons_mailbox(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            answers = [await browser.post("/v1/password-resets", json={"email": ADA}) for _ in range(11)]
            assert [one.status_code for one in answers] == [202] * 10 + [429]
            assert "retry-after" in answers[-1].headers


class TestLinks:
    PATHS = (
        ("/v1/accounts/confirm", {}),
        ("/v1/address-changes/confirm", {}),
        ("/v1/password-resets/confirm", {"password": OTHER}),
        ("/v1/sign-in-links/use", {"code": "000000"}),
        ("/v1/invitations/accept", {"name": "Eve", "password": OTHER}),
    )

    @pytest.mark.parametrize(("path", "more"), PATHS)
    async def test_a_link_of_another_purpose_does_not_work(
        self, closed_app: Application, path: str, more: dict[str, str]
    ):
        """Each mail's token is tried at every route but its own."""
        await make_account(closed_app, "ada")
        async with signed_in(closed_app, "ada") as browser:
            sent = {
                "/v1/accounts/confirm": (
                    "/v1/accounts",
                    {**PERSON, "email": "new@example.org"},
                    "new@example.org",
                ),
                "/v1/password-resets/confirm": ("/v1/password-resets", {"email": ADA}, ADA),
                "/v1/sign-in-links/use": ("/v1/sign-in-links", {"email": ADA}, ADA),
            }
            for own, (asked, body, address) in sent.items():
                await browser.post(asked, json=body)
                token = await token_for(closed_app, address)
                if own != path:
                    assert outcome(await browser.post(path, json={"token": token, **more})) == INVALID
            for token in ("", NO_TOKEN, "' OR 1=1 --", "\u00e9"):
                answer = await browser.post(path, json={"token": token, **more})
                assert outcome(answer) in (INVALID, (422, "invalid_input"))

    async def test_a_link_ends_with_its_time(self, closed_app: Application, database_url: str):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            await browser.post("/v1/sign-in-links", json={"email": ADA})
            await browser.post("/v1/password-resets", json={"email": ADA})
            minutes = await run(
                database_url,
                "SELECT purpose, extract(epoch FROM expires_at - created_at)::int / 60 FROM one_time_tokens",
            )
            assert dict(minutes) == {"sign_in_link": 15, "password_reset": 24 * 60}
            token = await token_for(closed_app, ADA)
            await run(database_url, "UPDATE one_time_tokens SET expires_at = now()")
            body = {"token": token, "password": OTHER}
            assert outcome(await browser.post("/v1/password-resets/confirm", json=body)) == INVALID

    async def test_of_two_uses_at_once_one_succeeds(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            await browser.post("/v1/sign-in-links", json={"email": ADA})
            body = {"token": await token_for(closed_app, ADA)}
            answers = await asyncio.gather(
                *(browser.post("/v1/sign-in-links/use", json=body) for _ in range(8))
            )
            assert sorted(one.status_code for one in answers) == [201] + [410] * 7

    async def test_no_token_is_in_the_database(self, closed_app: Application, database_url: str):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            asked = await browser.post("/v1/sign-in-links", json={"email": ADA})
            token = await token_for(closed_app, ADA)
            secrets = [token, asked.json()["code"], browser.cookies["holdfast-link"]]
        stored = await run(
            database_url, "SELECT t::text FROM one_time_tokens t UNION ALL SELECT j::text FROM jobs j"
        )
        for secret in secrets:
            assert not [row for (row,) in stored if f'"{secret}"' in row or f",{secret}," in row], secret
        assert not [row for (row,) in stored if token in row]


class TestSignInLink:
    async def test_the_browser_that_asked_signs_in(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            await browser.post("/v1/sign-in-links", json={"email": ADA})
            body = {"token": await token_for(closed_app, ADA)}
            assert (await browser.post("/v1/sign-in-links/use", json=body)).status_code == 201
            assert (await browser.get("/v1/me")).json()["account"]["email"] == ADA
            assert outcome(await browser.post("/v1/sign-in-links/use", json=body)) == INVALID

    async def test_another_browser_needs_the_code(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as first, browser_of(closed_app) as second:
            code = (await first.post("/v1/sign-in-links", json={"email": ADA})).json()["code"]
            token = await token_for(closed_app, ADA)
            wrong = f"{(int(code) + 1) % 10**6:06}"
            for body in ({"token": token}, {"token": token, "code": wrong}):
                answer = await second.post("/v1/sign-in-links/use", json=body)
                assert outcome(answer) == INVALID
                assert "another browser" in answer.json()["detail"] or "code" in answer.json()["detail"]
            made = await second.post("/v1/sign-in-links/use", json={"token": token, "code": code})
            assert made.status_code == 201

    async def test_codes_cannot_be_tried_without_end(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as first, browser_of(closed_app) as second:
            code = int((await first.post("/v1/sign-in-links", json={"email": ADA})).json()["code"])
            token = await token_for(closed_app, ADA)
            statuses = []
            for step in range(1, 13):
                body = {"token": token, "code": f"{(code + step) % 10**6:06}"}
                statuses.append((await second.post("/v1/sign-in-links/use", json=body)).status_code)
            assert statuses[:10] == [410] * 10
            assert 429 in statuses[10:]

    async def test_a_member_signs_in_as_a_buyer(self, closed_app: Application, database_url: str):
        """A mailbox alone opens no organisation."""
        await make_member(closed_app, database_url, "ada", "owner")
        async with browser_of(closed_app) as browser:
            await browser.post("/v1/sign-in-links", json={"email": ADA})
            body = {"token": await token_for(closed_app, ADA)}
            me = (await browser.post("/v1/sign-in-links/use", json=body)).json()
            assert (me["current"], me["permissions"]) == (None, ["public"])
            assert (await browser.get("/v1/webhooks")).status_code == 403


class TestMe:
    async def test_a_name_changes(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with signed_in(closed_app, "ada") as browser:
            answer = await browser.patch("/v1/me", json={"name": "Ada King"})
            assert answer.json()["account"]["name"] == "Ada King"

    async def test_a_new_address_is_confirmed_and_the_old_one_is_notified(self, closed_app: Application):
        await make_account(closed_app, "ada")
        new = "king@example.org"
        async with signed_in(closed_app, "ada") as browser:
            await browser.post("/v1/password-resets", json={"email": ADA})
            reset = await token_for(closed_app, ADA)
            body: dict[str, Any] = {"email": new, "present_password": PASSWORD}
            assert (await browser.patch("/v1/me", json=body)).json()["account"]["email"] == ADA
            token = await token_for(closed_app, new)
            done = await browser.post("/v1/address-changes/confirm", json={"token": token})
            assert done.status_code == 200
            assert (await browser.get("/v1/me")).json()["account"]["email"] == new
            assert (await mails_to(closed_app, ADA))[0] == "Your address has changed"
            body = {"token": reset, "password": OTHER}
            assert outcome(await browser.post("/v1/password-resets/confirm", json=body)) == INVALID
            assert (
                outcome(await browser.post("/v1/address-changes/confirm", json={"token": token})) == INVALID
            )

    async def test_an_address_that_another_account_has_gets_no_mail(self, closed_app: Application):
        await make_account(closed_app, "ada")
        await make_account(closed_app, "grace")
        async with signed_in(closed_app, "ada") as browser:
            body = {"email": "Grace@example.org", "present_password": PASSWORD}
            assert (await browser.patch("/v1/me", json=body)).status_code == 200
            assert await mails_to(closed_app, "Grace@example.org") == []

    @pytest.mark.parametrize("body", [{"email": "eve@example.org"}, {"password": OTHER}])
    async def test_a_change_needs_the_present_password(self, closed_app: Application, body: dict[str, str]):
        await make_account(closed_app, "ada")
        async with signed_in(closed_app, "ada") as browser:
            missing = await browser.patch("/v1/me", json=body)
            assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/present_password")
            wrong = await browser.patch("/v1/me", json={**body, "present_password": OTHER + "!"})
            assert outcome(wrong) == (401, "credentials_required")
            assert await mails_to(closed_app, "eve@example.org") == []

    async def test_a_new_password_ends_the_other_sessions(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with signed_in(closed_app, "ada") as here, signed_in(closed_app, "ada") as there:
            before = here.cookies["holdfast"]
            body = {"password": OTHER, "present_password": PASSWORD}
            assert (await here.patch("/v1/me", json=body)).status_code == 200
            assert here.cookies["holdfast"] != before
            after_a_second(closed_app)
            assert (await here.get("/v1/me")).status_code == 200
            assert (await there.get("/v1/me")).status_code == 401

    async def test_a_key_and_a_guest_have_nothing_to_change(
        self, guest: httpx2.AsyncClient, keyed_client: Any
    ):
        for client in (guest, await keyed_client("organise")):
            assert (await client.patch("/v1/me", json={"name": "Eve"})).status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/accounts", PERSON),
        ("/v1/password-resets", {"email": ADA}),
        ("/v1/sign-in-links", {"email": ADA}),
        *((path, {"token": NO_TOKEN, **more}) for path, more in TestLinks.PATHS),
        ("/v1/setup", {**PERSON, "token": NO_TOKEN}),
    ],
)
async def test_a_page_of_another_origin_is_refused(closed_app: Application, path: str, body: dict[str, str]):
    async with browser_of(closed_app) as browser:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert outcome(await browser.post(path, json=body, headers=headers)) == (403, "forbidden")
    assert await mails_to(closed_app, ADA) == []
