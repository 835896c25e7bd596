"""Account visits: a person in Chromium goes through every page of an account, page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx2
import pyotp

from support.browser import Browser

__all__ = ["EMAIL", "account_pages", "fill", "make_account_of", "sign_in_at", "submit"]

EMAIL, PASSWORD = "1@1.11", "four different words here"


def make_account_of(url: str) -> None:
    """Make an account of a server in open mode, by the link in its mailbox. Its own words have no letters."""
    made = httpx2.post(f"{url}/v1/accounts", json={"name": "123", "email": EMAIL, "password": PASSWORD})
    assert made.status_code == 202, made.text
    (mail,) = httpx2.get(f"{url}/v1/mailbox").json()["items"]
    token = mail["text"].partition("#")[2].split()[0]
    assert httpx2.post(f"{url}/v1/accounts/confirm", json={"token": token}).status_code == 201


def fill(browser: Browser, **typed: str) -> None:
    """Type into the fields with these ids."""
    for id, text in typed.items():
        browser.run(f"document.querySelector('#{id.replace('_', '-')}').value = {json.dumps(text)}")


def submit(browser: Browser, selector: str, awaited: str) -> None:
    """Press the button of a form, and wait for a part of the next page."""
    browser.run("window.isLeft = true")
    browser.run(f"document.querySelector('{selector}').requestSubmit()")
    browser.wait_for(
        f"!window.isLeft && document.querySelector('{awaited}') !== null"
        " && document.readyState === 'complete'"
    )


def sign_in_at(browser: Browser, url: str, awaited: str) -> None:
    browser.open(f"{url}/account/sign-in")
    fill(browser, email=EMAIL, password=PASSWORD)
    submit(browser, "form[action$=sign-in]", awaited)


def account_pages(browser: Browser, url: str, lang: str) -> Iterator[str]:
    """Show one page after the other, and yield its name. The account has no app before and after."""
    for name in ("sign-in", "sign-up", "forgot"):
        browser.open(f"{url}/account/{name}?lang={lang}")
        yield name
        submit(browser, f"main form[action$={name}]", "[aria-invalid]")
        yield f"{name}, wrong"
    sign_in_at(browser, url, "form[action$=address]")
    yield "account"
    submit(browser, "form[action$=address]", "[aria-invalid]")
    yield "account, wrong"
    browser.open(f"{url}/account/security")
    yield "security"
    fill(browser, password_for_app=PASSWORD)
    submit(browser, "form[action$=app]", ".qr")
    secret = browser.run("document.querySelector('code').textContent.replaceAll(' ', '')")
    yield "app"
    browser.run(f"document.querySelector('[name=second_factor]').value = '{pyotp.TOTP(secret).now()}'")
    submit(browser, "form[action$=confirm]", ".codes")
    codes = browser.run("[...document.querySelectorAll('.codes code')].map((each) => each.textContent)")
    yield "recovery codes"
    browser.open(f"{url}/account/security")
    yield "security, app"
    submit(browser, "form[action$=sign-out]", "form[action$=sign-in]")
    sign_in_at(browser, url, "form[action$=code]")
    yield "code"
    submit(browser, "form[action$=code]", "[aria-invalid]")
    yield "code, wrong"
    browser.run("document.querySelector('details.more').open = true")
    fill(browser, recovery=codes[0])
    submit(browser, "details form", "form[action$=address]")
    browser.open(f"{url}/account/security")
    browser.run(f"document.querySelector('[name=second_factor]').value = '{codes[1]}'")
    browser.run(
        "{ const form = document.querySelector('form[action$=codes]');"
        " form.action = form.action.replace('codes', 'remove'); }"
    )
    submit(browser, "form[action$=remove]", "form[action$=app]")
    yield "security, done"
    submit(browser, "form[action$=sign-out]", "form[action$=sign-in]")
