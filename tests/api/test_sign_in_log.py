"""The log of sign-ins: each attempt and its outcome, without a secret and without an address (ASVS 16.3.1).

The kind is a request that proves who somebody is. Every route that counts attempts logs them, because both are one
function; a test holds that no route counts without it.
"""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest
from structlog.testing import capture_logs

import holdfast
from holdfast.api.attempts import account_mark
from holdfast.http.application import Application
from support.people import PASSWORD, browser_of, make_account, token_for

ADA = "ada@example.org"
WRONG = "difference engine"


async def by_cookie(browser: httpx2.AsyncClient, password: str) -> int:
    return (await browser.post("/v1/sessions", json={"email": ADA, "password": password})).status_code


async def by_token(browser: httpx2.AsyncClient, password: str) -> int:
    form = {"grant_type": "password", "username": ADA.upper(), "password": password}
    return (await browser.post("/v1/token", data=form)).status_code


@pytest.mark.parametrize(
    ("ask", "refused", "opened", "code"),
    [(by_cookie, 401, 201, "credentials_required"), (by_token, 400, 200, "token_refused")],
    ids=["cookie", "token"],
)
async def test_each_attempt_is_logged_with_its_outcome(
    closed_app: Application, ask: object, refused: int, opened: int, code: str
):
    account = await make_account(closed_app, "ada")
    async with browser_of(closed_app) as browser:
        with capture_logs() as logged:
            assert await ask(browser, WRONG) == refused  # type: ignore[operator]  # one of the functions above
            assert await ask(browser, PASSWORD) == opened  # type: ignore[operator]  # as above
    attempts = [line for line in logged if line["event"] == "attempt"]
    assert [(line["kind"], line["outcome"], line["account"]) for line in attempts] == [
        ("sign-in", code, account_mark(ADA)),
        ("sign-in", "right", account_mark(ADA)),
    ]
    (session,) = (line for line in logged if line["event"] == "session_opened")
    assert (session["account"], session["second_factor"]) == (account, False)
    assert session["request_id"] == attempts[1]["request_id"] != attempts[0]["request_id"]
    text = str(logged)
    assert not [secret for secret in (PASSWORD, WRONG, ADA) if secret in text]


async def test_a_throttled_attempt_is_logged(closed_app: Application):
    async with browser_of(closed_app) as browser:
        with capture_logs() as logged:
            while await by_cookie(browser, WRONG) != 429:
                assert len(logged) < 40
    assert [line["outcome"] for line in logged if line["event"] == "attempt"][-1] == "rate_limited"


async def test_a_link_is_logged_without_its_token(closed_app: Application):
    await make_account(closed_app, "ada")
    async with browser_of(closed_app) as browser:
        with capture_logs() as logged:
            await browser.post("/v1/password-resets", json={"email": ADA})
            token = await token_for(closed_app, ADA)
            for _ in range(2):
                await browser.post("/v1/password-resets/confirm", json={"token": token, "password": PASSWORD})
    outcomes = [(line["kind"], line["outcome"]) for line in logged if line["event"] == "attempt"]
    assert outcomes == [("confirmation", "right"), ("confirmation", "link_not_valid")]
    assert token not in str(logged)


def test_no_route_compares_a_secret_without_the_log():
    """Plain counts are for requests that prove nothing: a sign-up, and a mail with a link."""
    found = {
        kind
        for path in (Path(holdfast.__file__).parent / "api").rglob("*.py")
        for kind in re.findall(r'await count_attempt\(request, ("[a-z-]+"|_[A-Z]+)', path.read_text())
    }
    assert found == {'"sign-up"', '"reset"', '"link"', "_ATTEMPT"}
