"""The language that an account keeps: its pages and its mails are in it, on every machine.

The kind: a person who chose a language and gets another one. The ways to a person are pages, letters that the person
asks for, letters that somebody else causes, and letters of bookings.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from holdfast.http.application import Application
from support.delivering import run_due, runner_of
from support.http_app import client_of, delivery_of, running_app
from support.http_sales import make_event, place
from support.people import PASSWORD, browser_of, make_account, signed_in
from web.visitor import Page, press, visit

ADA = "ada@example.org"


@pytest.fixture
async def mailing(database_url: str) -> AsyncIterator[Application]:
    async with running_app(database_url, booking_mail=True) as layer:
        yield layer


async def languages_of_mails(layer: Application) -> list[str]:
    """Do every job, and return the languages of the mails, oldest first."""
    await run_due(runner_of(delivery_of(layer)))
    found = await delivery_of(layer).mailer.list_mail(limit=200)
    return [
        "de" if "ß" in one.text or "Ihr" in one.text or "Sie" in one.text else "en" for one in reversed(found)
    ]


async def keep_german(browser: httpx2.AsyncClient) -> None:
    answer = await browser.patch("/v1/me", json={"language": "de"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["account"]["language"] == "de"


async def test_an_account_keeps_a_language_until_it_is_taken_away(mailing: Application) -> None:
    await make_account(mailing, "ada")
    async with signed_in(mailing, "ada") as browser:
        assert (await browser.get("/v1/me")).json()["account"]["language"] is None
        await keep_german(browser)
        renamed = await browser.patch("/v1/me", json={"name": "Ada King"})
        assert renamed.json()["account"]["language"] == "de"
        cleared = await browser.patch("/v1/me", json={"language": None})
        assert cleared.json()["account"]["language"] is None
        refused = await browser.patch("/v1/me", json={"language": "tlh"})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/language")


async def test_its_pages_are_in_it_in_every_browser(mailing: Application) -> None:
    await make_account(mailing, "ada")
    async with signed_in(mailing, "ada") as browser:
        await keep_german(browser)
    async with signed_in(mailing, "ada") as other:
        page = await other.get("/account", headers={"accept-language": "en"})
        assert '<html lang="de">' in page.text
        assert '<html lang="de">' in (await other.get("/find")).text, "pages that ask nobody who they are"
        assert '<html lang="en">' in (await other.get("/account?lang=en")).text, "a choice of now counts more"


async def test_the_page_of_the_account_sets_it(mailing: Application) -> None:
    await make_account(mailing, "ada")
    async with signed_in(mailing, "ada") as browser:
        page = await visit(browser, "/account")
        kept = await press(browser, "/account", page.form("account/language"), language="de")
        assert kept.status_code == 200
        assert '<html lang="de">' in kept.text
        assert "Ihre Sprache ist gespeichert." in Page(kept.text).text
        form = Page(kept.text).form("account/language")
        freed = await press(browser, "/account", form, language="")
        assert '<html lang="en">' in freed.text


async def test_letters_that_a_stranger_asks_for_are_in_it(mailing: Application) -> None:
    await make_account(mailing, "ada")
    async with signed_in(mailing, "ada") as browser:
        await keep_german(browser)
    async with browser_of(mailing) as stranger:
        english = {"accept-language": "en"}
        for path in ("/v1/password-resets", "/v1/sign-in-links"):
            answer = await stranger.post(path, json={"email": ADA}, headers=english)
            assert answer.status_code == 202, answer.text
        body = {"name": "Ada", "email": ADA, "password": "analytical engine of 1837"}
        assert (await stranger.post("/v1/accounts", json=body, headers=english)).status_code == 202
    assert await languages_of_mails(mailing) == ["de", "de", "de"]


async def test_the_mail_of_a_booking_is_in_it(mailing: Application) -> None:
    await make_account(mailing, "ada")
    async with client_of(mailing) as staff:
        event = await make_event(staff)
    async with signed_in(mailing, "ada") as browser:
        await keep_german(browser)
        hold = await place(browser, event)
        booked = await browser.post("/v1/bookings", json={"hold": hold["id"]})
        assert booked.status_code == 201, booked.text
    assert await languages_of_mails(mailing) == ["de"]


async def test_a_change_of_the_password_is_reported_in_it(mailing: Application) -> None:
    await make_account(mailing, "ada")
    async with signed_in(mailing, "ada") as browser:
        await keep_german(browser)
        body = {"password": "four different words here", "present_password": PASSWORD}
        assert (await browser.patch("/v1/me", json=body)).status_code == 200
    assert await languages_of_mails(mailing) == ["de"]
