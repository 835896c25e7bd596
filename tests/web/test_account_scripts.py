"""Account scripts: a passkey is added on the page, signs in on the page, and is removed without a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.browser import CHROMIUM, chromium
from support.threaded_server import threaded_server
from web.account_visits import PASSWORD, fill, make_account_of, sign_in_at, submit

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.mark.timeout(300)
def test_a_passkey_is_added_and_signs_in(database_url: str, tmp_path: Path) -> None:
    with threaded_server(database_url) as server, chromium(tmp_path / "profile") as browser:
        url = server.replace("127.0.0.1", "localhost")
        make_account_of(server)
        browser.add_authenticator()
        sign_in_at(browser, url, "form[action$=address]")
        browser.open(f"{url}/account/security")
        fill(browser, passkey_name="Phone", password_for_passkey="something else")
        browser.run("document.querySelector('#new-passkey').requestSubmit()")
        browser.wait_for("!document.querySelector('#no-passkey').hidden")
        assert (
            browser.run("document.querySelector('#no-passkey').textContent") == "This is not your password."
        )
        fill(browser, password_for_passkey=PASSWORD)
        submit(browser, "#new-passkey", "form[action*=passkeys]")
        assert browser.run("document.querySelector('.banner-title').textContent") == "Done"
        assert "Phone" in browser.run("document.querySelector('.account-row').textContent")

        submit(browser, "form[action$=sign-out]", "#passkey")
        browser.run("document.querySelector('#passkey').click()")
        browser.wait_for("location.pathname === '/account' && document.readyState === 'complete'")
        browser.open(f"{url}/account/security")
        submit(browser, "form[action$=remove]", "#new-passkey")
        assert not browser.run("document.querySelector('form[action$=remove]')")
        submit(browser, "form[action$=sign-out]", "#passkey")
        browser.run("document.querySelector('#passkey').click()")
        browser.wait_for("document.querySelector('.banner-warn') !== null")
        assert browser.errors == [] or all("401" in error for error in browser.errors)


def test_a_password_is_shown_on_request_and_hidden_when_it_is_sent(database_url: str, tmp_path: Path) -> None:
    with threaded_server(database_url) as url, chromium(tmp_path / "profile") as browser:
        for path in ("account/sign-in", "account/sign-up", "password"):
            browser.open(f"{url}/{path}#token")
            button = "document.querySelector('#password ~ .affix-end button')"
            kind = "document.querySelector('#password').type"
            assert browser.run(kind) == "password"
            browser.run(f"{button}.click()")
            assert browser.run(f"[{kind}, {button}.getAttribute('aria-pressed')]") == ["text", "true"]
            browser.run(f"{button}.click()")
            assert browser.run(kind) == "password"
            browser.run(f"{button}.click()")
            browser.run(
                "document.querySelector('form').dispatchEvent(new Event('submit', {cancelable: true}))"
            )
            assert browser.run(kind) == "password"
