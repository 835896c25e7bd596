"""Sessions through HTTP with a cookie jar: signing in, what a session may do, and how it ends.

The kinds are "a session that still works", and "a request that the person did not want". Lifetimes, sign-out, sign-out
everywhere, the end of a membership and another organisation are members of the first; a page of another origin, a
missing origin and the sign-in by another page are members of the second.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from http.cookies import SimpleCookie
from time import perf_counter
from typing import Any

import httpx2
import psycopg
import pytest

from holdfast.http.application import Application
from support.http_app import client_of, running_app
from support.http_sales import make_event
from support.people import (
    PASSWORD,
    after_a_second,
    after_the_wait,
    browser_of,
    make_account,
    make_member,
    signed_in,
)

RIGHT = {"email": "ada@example.org", "password": PASSWORD}
WRONG = {**RIGHT, "password": "difference engine"}


async def run(url: str, statement: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(statement)
        return [] if cursor.description is None else await cursor.fetchall()


class TestSignIn:
    async def test_a_buyer_signs_in_and_out(self, closed_app: Application, database_url: str):
        account = await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            assert (await browser.get("/v1/me")).status_code == 401
            made = await browser.post("/v1/sessions", json=RIGHT)
            assert made.status_code == 201
            me = (await browser.get("/v1/me")).json()
            assert me == made.json()
            assert me["account"]["id"] == account
            assert me["current"] is None
            assert me["permissions"] == ["public"]
            token = browser.cookies["holdfast"]
            ((stored, idle, days),) = await run(
                database_url,
                "SELECT token_hash, idle_seconds, extract(day FROM expires_at - created_at) FROM sessions",
            )
            assert stored == sha256(token.encode()).digest()
            assert (idle, days) == (7 * 86_400, 30)
            assert (await browser.delete("/v1/sessions/current")).status_code == 200
            assert "holdfast" not in browser.cookies
            assert (await browser.get("/v1/me", headers={"Cookie": f"holdfast={token}"})).status_code == 401

    async def test_a_member_acts_with_its_role_for_twelve_hours(
        self, closed_app: Application, database_url: str
    ):
        await make_member(closed_app, database_url, "ada", "manager")
        async with signed_in(closed_app, "ada") as browser:
            me = (await browser.get("/v1/me")).json()
            assert (me["current"]["number"], me["current"]["role"]) == (1, "manager")
            assert "events:write" in me["permissions"]
            event = await make_event(browser, status="draft")
            assert (await browser.get(f"/v1/events/{event['number']}")).json()["status"] == "draft"
            assert (await browser.get("/v1/mailbox")).status_code == 403
            ((idle, hours),) = await run(
                database_url,
                "SELECT idle_seconds, extract(hour FROM expires_at - created_at) FROM sessions",
            )
            assert (idle, hours) == (3_600, 12)
            entries = await run(database_url, "SELECT principal, action FROM audit_entries ORDER BY id")
            assert entries[0] == (f"account:{me['account']['id']}", "session.opened")

    async def test_unknown_address_and_wrong_password_are_alike(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            answers = []
            for body in (WRONG, {**RIGHT, "email": "nobody@example.org"}):
                started = perf_counter()
                answer = await browser.post("/v1/sessions", json=body)
                seconds = perf_counter() - started
                answers.append((answer.status_code, {**answer.json(), "instance": ""}))
                assert seconds > 0.005, "a password was hashed for a known and for an unknown address"
                assert "set-cookie" not in answer.headers
            assert answers[0] == answers[1]
            assert answers[0][0] == 401

    async def test_the_address_may_be_spelt_otherwise(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            answer = await browser.post("/v1/sessions", json={**RIGHT, "email": "ADA@Example.org"})
            assert answer.status_code == 201

    async def test_each_sign_in_has_a_new_cookie_and_an_old_one_is_not_taken_over(
        self, closed_app: Application
    ):
        await make_account(closed_app, "ada")
        planted = "hfs_" + "A" * 43
        async with browser_of(closed_app) as browser:
            answer = await browser.post("/v1/sessions", json=RIGHT, headers={"Cookie": f"holdfast={planted}"})
            first = browser.cookies["holdfast"]
            assert answer.status_code == 201
            assert first != planted
            await browser.post("/v1/sessions", json=RIGHT)
            assert browser.cookies["holdfast"] != first

    async def test_a_member_of_two_organisations_chooses(self, closed_app: Application, database_url: str):
        account = await make_member(closed_app, database_url, "ada", "reports")
        await run(
            database_url,
            "INSERT INTO organisations VALUES (2, 'other', 'Other', now());"
            f" INSERT INTO memberships VALUES (2, {account}, 'owner', NULL, now())",
        )
        async with browser_of(closed_app) as browser:
            answer = await browser.post("/v1/sessions", json={**RIGHT, "organisation": 2})
            assert answer.json()["current"]["role"] == "owner"
            assert len(answer.json()["memberships"]) == 2
            refused = await browser.post("/v1/sessions", json={**RIGHT, "organisation": 3})
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/organisation")
            assert (await browser.post("/v1/sessions", json=RIGHT)).json()["current"]["number"] == 1

    async def test_failures_slow_down_and_never_lock_out(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with browser_of(closed_app) as browser:
            answers = await asyncio.gather(*(browser.post("/v1/sessions", json=WRONG) for _ in range(20)))
            statuses = [one.status_code for one in answers]
            assert statuses.count(401) == 10
            assert statuses.count(429) == 10
            wait = max(int(one.headers["retry-after"]) for one in answers if one.status_code == 429)
            assert (await browser.post("/v1/sessions", json=RIGHT)).status_code == 429
            after_the_wait(closed_app, seconds=wait)
            assert (await browser.post("/v1/sessions", json=RIGHT)).status_code == 201


class TestTheEnd:
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE sessions SET expires_at = now() - interval '1 second'",
            "UPDATE sessions SET last_used_at = now() - make_interval(secs => idle_seconds + 1)",
            "DELETE FROM sessions",
            "DELETE FROM memberships",
        ],
    )
    async def test_a_session_ends_within_a_second_in_every_process(
        self, closed_app: Application, database_url: str, change: str
    ):
        await make_member(closed_app, database_url, "ada", "manager")
        async with (
            signed_in(closed_app, "ada") as browser,
            running_app(database_url, open=False) as other,
        ):
            token = browser.cookies["holdfast"]
            async with client_of(other, cookie=f"holdfast={token}", origin="http://localhost") as there:
                for client in (browser, there):
                    assert (await client.get("/v1/webhooks")).status_code == 200
                await run(database_url, change)
                for app in (closed_app, other):
                    after_a_second(app)
                for client in (browser, there):
                    answer = await client.get("/v1/webhooks")
                    assert (answer.status_code, answer.json()["code"]) == (401, "credentials_required")
                    assert "holdfast=; Max-Age=0" in answer.headers["set-cookie"]

    async def test_a_changed_role_counts_within_a_second(self, closed_app: Application, database_url: str):
        await make_member(closed_app, database_url, "ada", "manager")
        async with signed_in(closed_app, "ada") as browser:
            assert (await browser.get("/v1/webhooks")).status_code == 200
            await run(database_url, "UPDATE memberships SET role = 'door'")
            after_a_second(closed_app)
            assert (await browser.get("/v1/webhooks")).status_code == 403
            await run(database_url, "UPDATE memberships SET role = 'of a later version'")
            after_a_second(closed_app)
            assert (await browser.get("/v1/webhooks")).status_code == 403

    async def test_signing_out_everywhere_ends_the_others(self, closed_app: Application):
        await make_account(closed_app, "ada")
        await make_account(closed_app, "grace")
        async with (
            signed_in(closed_app, "ada") as here,
            signed_in(closed_app, "ada") as there,
            signed_in(closed_app, "grace") as stranger,
        ):
            assert (await here.delete("/v1/sessions")).status_code == 200
            after_a_second(closed_app)
            assert (await there.get("/v1/me")).status_code == 401
            assert (await stranger.get("/v1/me")).status_code == 200

    async def test_a_use_counts_once_a_minute(self, closed_app: Application, database_url: str):
        await make_account(closed_app, "ada")
        async with signed_in(closed_app, "ada") as browser:
            await run(database_url, "UPDATE sessions SET last_used_at = now() - interval '2 minutes'")
            for _ in range(3):
                await browser.get("/v1/me")
            ((first,),) = await run(
                database_url, "SELECT last_used_at > now() - interval '9 seconds' FROM sessions"
            )
            assert first
            await run(database_url, "UPDATE sessions SET last_used_at = now() - interval '2 minutes'")
            await browser.get("/v1/me")
            ((again,),) = await run(
                database_url, "SELECT last_used_at > now() - interval '9 seconds' FROM sessions"
            )
            assert not again

    async def test_an_ended_session_reads_what_is_public_and_sells_nothing(
        self, closed_app: Application, database_url: str
    ):
        """A retry of what a buyer sent must not become a guest's."""
        await make_account(closed_app, "ada")
        async with signed_in(closed_app, "ada") as browser:
            cookie = f"holdfast={browser.cookies['holdfast']}"
            await run(database_url, "DELETE FROM sessions")
            after_a_second(closed_app)
            assert (await browser.get("/v1/events")).status_code == 200
            answer = await browser.post("/v1/holds", json={}, headers={"Cookie": cookie})
            assert (answer.status_code, answer.json()["detail"]) == (
                401,
                "The session has ended: sign in again.",
            )


class TestPages:
    """A browser sends the cookie for pages that the person did not mean, so a change needs its origin."""

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Origin": "http://localhost"}, 200),
            ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 200),
            ({"Sec-Fetch-Site": "same-origin"}, 200),
            ({}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "https://localhost"}, 403),
            ({"Origin": "http://localhost:9000"}, 403),
            ({"Origin": "http://localhost.evil.example"}, 403),
            ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "none"}, 403),
        ],
    )
    async def test_a_change_needs_a_page_of_this_server(
        self, closed_app: Application, headers: dict[str, str], status: int
    ):
        await make_account(closed_app, "ada")
        async with signed_in(closed_app, "ada") as browser:
            token = browser.cookies["holdfast"]
        async with client_of(closed_app, cookie=f"holdfast={token}") as client:
            assert (await client.delete("/v1/sessions/current", headers=headers)).status_code == status
            left = await client.get("/v1/me")
            assert left.status_code == (401 if status == 200 else 200)

    async def test_another_page_signs_nobody_in(self, closed_app: Application):
        await make_account(closed_app, "ada")
        async with client_of(closed_app) as client:
            for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                answer = await client.post("/v1/sessions", json=RIGHT, headers=headers)
                assert answer.status_code == 403
                assert "set-cookie" not in answer.headers
            assert (await client.post("/v1/sessions", json=RIGHT)).status_code == 201

    async def test_the_public_address_is_an_own_page(self, database_url: str):
        async with running_app(database_url, open=False, public_url="https://shop.example/tickets") as app:
            await make_account(app, "ada")
            async with client_of(app) as client:
                made = await client.post("/v1/sessions", json=RIGHT)
                cookie = made.headers["set-cookie"].partition(";")[0]
                answer = await client.delete(
                    "/v1/sessions/current", headers={"Cookie": cookie, "Origin": "https://shop.example"}
                )
                assert answer.status_code == 200


class TestCookie:
    @pytest.mark.parametrize(
        ("peer", "host", "public_url", "is_plain"),
        [
            ("127.0.0.1", "localhost", None, True),
            ("::1", "[::1]", None, True),
            ("127.0.0.1", "tickets.example", None, False),
            ("203.0.113.7", "localhost", None, False),
            ("127.0.0.1", "localhost", "https://tickets.example", False),
        ],
    )
    async def test_only_a_browser_on_this_machine_gets_a_plain_one(
        self, database_url: str, peer: str, host: str, public_url: str | None, is_plain: bool
    ):
        async with running_app(database_url, open=False, public_url=public_url) as app:
            await make_account(app, "ada")
            async with client_of(app, peer=peer) as client:
                made = await client.post("/v1/sessions", json=RIGHT, headers={"Host": host})
                (name,) = cookie = SimpleCookie(made.headers["set-cookie"])
                assert name == ("holdfast" if is_plain else "__Host-holdfast")
                given = cookie[name]
                assert (given["path"], given["samesite"], given["domain"]) == ("/", "Lax", "")
                assert given["httponly"]
                assert bool(given["secure"]) is not is_plain
                assert given["max-age"] == str(30 * 86_400)
                for sent, status in ((name, 200), ("holdfast" if not is_plain else "__Host-holdfast", 401)):
                    headers = {"Host": host, "Cookie": f"a=b; {sent}={given.value}; c=d"}
                    assert (await client.get("/v1/me", headers=headers)).status_code == status

    @pytest.mark.parametrize(
        "cookie",
        [
            "holdfast=",
            "holdfast=hfs_short",
            "xholdfast={}",
            "holdfast={}x",
            "holdfast",
            "=;;,",
            "holdfast={}\u00e9",
        ],
    )
    async def test_other_cookies_are_those_of_a_guest(self, closed_app: Application, cookie: str):
        await make_account(closed_app, "ada")
        async with signed_in(closed_app, "ada") as browser:
            sent = cookie.format(browser.cookies["holdfast"]).encode("latin-1")
        async with client_of(closed_app) as client:
            assert (await client.get("/v1/me", headers={b"Cookie": sent})).status_code == 401
            assert (await client.get("/v1/events", headers={b"Cookie": sent})).status_code == 200

    async def test_a_request_without_a_session_asks_no_database_for_one(
        self, closed_app: Application, guest: httpx2.AsyncClient, statements: list[str]
    ):
        for _ in range(2):
            await guest.get("/v1/events")
        statements.clear()
        await guest.get("/v1/events", headers={"Cookie": "theme=dark"})
        assert not [one for one in statements if "session" in one]

    async def test_a_key_counts_before_a_cookie(self, closed_app: Application, keyed_client: Any):
        await make_account(closed_app, "ada")
        async with signed_in(closed_app, "ada") as browser:
            cookie = f"holdfast={browser.cookies['holdfast']}"
        seller = await keyed_client("organise")
        assert (await seller.get("/v1/bookings", headers={"Cookie": cookie})).status_code == 200
