"""Account pages: every flow of an account in a browser without scripts, and what each refuses.

The kind of fault: a flow that the API has and a person cannot walk, a page that says more of an address than the API
does, and a form of another site. We went through the routes of `/v1` for accounts, sessions and `/v1/me`; each one
that a person needs has a form here. A passkey needs a script (`test_account_scripts.py`).
"""

from __future__ import annotations

import re

import httpx2
import pyotp
import pytest

from holdfast.access.password_proofs import PROOF_SECONDS, PasswordProofs
from holdfast.errors import CredentialsRequired
from holdfast.http.application import Application
from support.delivering import run_due, runner_of
from support.http_app import access_of, delivery_of
from support.people import (
    PASSWORD,
    after_a_second,
    browser_of,
    mails_to,
    make_account,
    make_member,
    token_for,
)
from web.visitor import Page, press, visit

ADA = "ada@example.org"
NEW_PASSWORD = "four different words here"
SECRET = re.compile(r"<code lang=\"zxx\" translate=\"no\">([A-Z2-7 ]+)</code>")
CODE = re.compile(r"<li><code>([a-z2-7-]+)</code>")


async def sign_in(browser: httpx2.AsyncClient, password: str = PASSWORD, email: str = ADA) -> httpx2.Response:
    page = await visit(browser, "/account/sign-in")
    return await press(
        browser, "/account/sign-in", page.form("account/sign-in"), email=email, password=password
    )


async def send(browser: httpx2.AsyncClient, at: str, ending: str, **typed: str) -> httpx2.Response:
    """Fill in the form of a page whose address ends so, and press its button."""
    return await press(browser, at, (await visit(browser, at)).form(ending), **typed)


async def test_a_person_signs_in_and_out(closed_app: Application) -> None:
    await make_account(closed_app, "ada")
    async with browser_of(closed_app) as browser:
        away = await browser.get("/account", follow_redirects=True)
        assert away.url.path == "/account/sign-in"
        account = await sign_in(browser)
        assert account.url.path == "/account"
        assert (account.status_code, Page(account.text).headline) == (200, "Ada")
        left = await press(browser, "/account", Page(account.text).form("sign-out"))
        assert left.url.path == "/account/sign-in"
        assert (await browser.get("/v1/me")).status_code == 401


@pytest.mark.parametrize("email", [ADA, "nobody@example.org"])
async def test_a_wrong_password_and_an_unknown_address_get_the_same_page(
    closed_app: Application, email: str
) -> None:
    await make_account(closed_app, "ada")
    async with browser_of(closed_app) as browser:
        refused = await sign_in(browser, "something else", email)
    page = Page(refused.text)
    assert refused.status_code == 401
    assert "That did not match" in page.text
    assert ("email", email) in page.form("account/sign-in").fields
    assert "something else" not in refused.text
    assert "set-cookie" not in refused.headers


async def test_what_is_missing_is_named_at_its_field(closed_app: Application) -> None:
    async with browser_of(closed_app) as browser:
        for email, password, says in (
            ("nowhere", PASSWORD, "Write an address like name@example.org."),
            (ADA, "", "Write your password."),
        ):
            refused = await sign_in(browser, password, email)
            assert refused.status_code == 422
            assert says in Page(refused.text).text


async def test_many_guesses_are_refused_in_words(closed_app: Application) -> None:
    async with browser_of(closed_app) as browser:
        for _ in range(11):
            refused = await sign_in(browser, "something else")
    assert refused.status_code == 429
    assert "Wait a minute, then try again." in Page(refused.text).text


async def test_a_link_signs_in_without_a_password(closed_app: Application) -> None:
    """The page is the same for an address that has no account, but for its code."""
    await make_account(closed_app, "ada")
    async with browser_of(closed_app) as browser:
        pages = []
        for email in (ADA, "nobody@example.org"):
            form = (await visit(browser, "/account/sign-in")).form("account/sign-in")
            form.action += "/link"
            sent = await press(browser, "/account/sign-in", form, email=email)
            assert sent.status_code == 200
            pages.append(re.sub(r"\d{3} \d{3}", "", sent.text).replace(email, ""))
        assert pages[0] == pages[1]
        assert "Look into your mailbox" in pages[0]
        await run_due(runner_of(delivery_of(closed_app)))
        assert await mails_to(closed_app, "nobody@example.org") == []


async def test_a_new_account_is_made_by_a_link(closed_app: Application) -> None:
    async with browser_of(closed_app) as browser:
        typed = {"name": "Ada", "email": ADA}
        weak = await send(browser, "/account/sign-up", "sign-up", **typed, password="password1234")
        assert weak.status_code == 422
        assert "Choose 12 characters of your own" in Page(weak.text).text
        assert ("name", "Ada") in Page(weak.text).form("sign-up").fields
        sent = await send(browser, "/account/sign-up", "sign-up", **typed, password=NEW_PASSWORD)
        assert "It makes your account." in Page(sent.text).text
        await run_due(runner_of(delivery_of(closed_app)))
        token = await token_for(closed_app, ADA)
        assert (await browser.post("/v1/accounts/confirm", json={"token": token})).status_code == 201
        await browser.delete("/v1/sessions/current")
        assert (await sign_in(browser, NEW_PASSWORD)).url.path == "/account"


async def test_a_forgotten_password_gets_a_link_and_no_hint(closed_app: Application) -> None:
    await make_account(closed_app, "ada")
    async with browser_of(closed_app) as browser:
        known = await send(browser, "/account/forgot", "forgot", email=ADA)
        unknown = await send(browser, "/account/forgot", "forgot", email="nobody@example.org")
    assert known.text.replace(ADA, "") == unknown.text.replace("nobody@example.org", "")
    await run_due(runner_of(delivery_of(closed_app)))
    assert len(await mails_to(closed_app, ADA)) == 1


async def test_name_address_and_password_are_changed(closed_app: Application) -> None:
    await make_account(closed_app, "ada")
    async with browser_of(closed_app) as browser, browser_of(closed_app) as other:
        await sign_in(browser)
        await sign_in(other)
        renamed = await send(browser, "/account", "account/name", name="Ada King")
        assert Page(renamed.text).headline == "Ada King"
        wrong = {"email": "king@example.org", "present_password": "something else"}
        refused = await send(browser, "/account", "account/address", **wrong)
        assert refused.status_code == 401
        assert "This is not your present password." in Page(refused.text).text
        sent = await send(browser, "/account", "account/address", **wrong | {"present_password": PASSWORD})
        assert "This server sends no mail yet." in Page(sent.text).text
        given = {"present_password": PASSWORD, "password": NEW_PASSWORD}
        changed = await send(browser, "/account", "account/password", **given)
        assert "Your password is changed" in Page(changed.text).text
        assert (await browser.get("/v1/me")).status_code == 200
        after_a_second(closed_app)
        gone = await other.get("/account", follow_redirects=True)
        assert gone.url.path == "/account/sign-in"


async def test_an_app_is_used_from_then_on_and_removed(closed_app: Application) -> None:
    """Each code counts once, so the next sign-in takes a recovery code."""
    await make_account(closed_app, "ada")
    async with browser_of(closed_app) as browser:
        await sign_in(browser)
        at = "/account/security"
        refused = await send(browser, at, "account/app", present_password="something else")
        assert "This is not your present password." in Page(refused.text).text
        begun = await send(browser, at, "account/app", present_password=PASSWORD)
        (secret,) = SECRET.findall(begun.text)
        assert 'role="img"' in begun.text
        form = Page(begun.text).form("app/confirm")
        wrong = await press(browser, at, form, second_factor="12 34 56 78")
        assert wrong.status_code == 401
        code = pyotp.TOTP(secret.replace(" ", "")).now()
        made = await press(browser, at, form, second_factor=f"{code[:3]} {code[3:]}")
        codes = CODE.findall(made.text)
        assert len(codes) == 10
        assert "10 recovery codes are left." in (await visit(browser, at)).text
    async with browser_of(closed_app) as browser:
        second = await sign_in(browser)
        assert second.url.path == "/account/sign-in/code"
        assert (await browser.get("/v1/me")).status_code == 401
        form = Page(second.text).form("sign-in/code")
        for given in ("", code, "000000"):
            refused = await press(browser, second.url.path, form, second_factor=given)
            assert refused.status_code == 401
            assert "This code is wrong, or it was used." in Page(refused.text).text
        account = await press(browser, second.url.path, form, second_factor=codes[0])
        assert account.url.path == "/account"
        removed = await send(browser, "/account/security", "app/codes", second_factor=codes[1])
        fresh = CODE.findall(removed.text)
        assert len(fresh) == 10
        form = (await visit(browser, "/account/security")).form("app/codes")
        form.action = form.action.replace("codes", "remove")
        gone = await press(browser, "/account/security", form, second_factor=fresh[0])
        assert "The app is removed." in Page(gone.text).text


async def test_the_second_step_needs_the_first_one(closed_app: Application) -> None:
    account = await make_account(closed_app, "ada")
    async with browser_of(closed_app) as browser:
        typed = "second_factor=123456"
        kind = {"content-type": "application/x-www-form-urlencoded", "origin": "http://localhost"}
        for proof in (None, "hfl_" + "A" * 43, "x"):
            cookies = {} if proof is None else {"cookie": f"holdfast-proof={proof}"}
            answer = await browser.post("/account/sign-in/code", content=typed, headers=kind | cookies)
            assert (answer.status_code, answer.headers["location"]) == (303, "../../account/sign-in"), proof
    now = 1_800_000_000.0
    proofs = PasswordProofs(b"a key", clock=lambda: now)
    proof = proofs.issue(account)
    assert proofs.check(proof) == account
    for other in (PasswordProofs(b"another key", clock=lambda: now), access_of(closed_app).password_proofs):
        with pytest.raises(CredentialsRequired):
            other.check(proof)
    now += PROOF_SECONDS
    with pytest.raises(CredentialsRequired):
        proofs.check(proof)


async def test_a_member_sees_the_work_and_ends_other_sessions(
    closed_app: Application, database_url: str
) -> None:
    await make_member(closed_app, database_url, "ada", "box_office")
    async with browser_of(closed_app) as browser, browser_of(closed_app) as other:
        page = Page((await sign_in(browser)).text)
        assert "Box office" in page.text
        assert "Main" in page.text
        await sign_in(other)
        security = await visit(browser, "/account/security")
        (end,) = [form for form in security.forms if form.action.endswith("/end")]
        ended = await press(browser, "/account/security", end)
        assert "That session has ended." in Page(ended.text).text
        again = await press(browser, "/account/security", end)
        assert again.status_code == 404
        assert "That session is over" in Page(again.text).text
        everywhere = await send(browser, "/account/security", "sign-out-everywhere")
        assert everywhere.url.path == "/account/sign-in"


async def test_a_form_of_another_site_changes_nothing(closed_app: Application) -> None:
    """Every form of these pages, with the session's cookie and from a foreign page."""
    account = await make_account(closed_app, "ada")
    pages = [one for one in closed_app.endpoints if one.path.startswith("/account") and one.method == "POST"]
    assert len(pages) > 12
    async with browser_of(closed_app) as browser:
        await sign_in(browser)
        for one in pages:
            path = re.sub(r"\{\w+\}", "3f1c2a60-5b0e-4d0a-9a35-8f4d3c2b1a00", one.path)
            kind = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site"}
            answer = await browser.post(path, content=f"name=x&email={ADA}", headers=kind)
            assert answer.status_code == 403, one.path
        assert (await browser.get("/v1/me")).json()["account"]["id"] == account


async def test_who_is_not_signed_in_signs_in_first(closed_app: Application) -> None:
    """Each page and form of an account, with no cookie."""
    async with browser_of(closed_app) as browser:
        for one in closed_app.endpoints:
            is_open = one.path.startswith(("/account/sign-in", "/account/sign-up", "/account/forgot"))
            if not one.path.startswith("/account") or is_open:
                continue
            path = re.sub(r"\{\w+\}", "3f1c2a60-5b0e-4d0a-9a35-8f4d3c2b1a00", one.path)
            kind = {"content-type": "application/x-www-form-urlencoded", "origin": "http://localhost"}
            answer = await browser.request(one.method, path, headers=kind)
            assert answer.status_code == 303, one.path
            assert answer.headers["location"].endswith("account/sign-in")
