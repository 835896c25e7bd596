"""Mailed: no page says only that a mail is on its way if the server sends none.

Class of bug: a person waits for a mail that nobody sends. We looked for every text with "is on its way" in `web`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

import holdfast.web
from support.http_app import client_of, running_app
from web.visitor import Page, press, visit

KEPT = "This server sends no mail yet. Its operator reads it with `holdfast mailbox`."
FORMS = {
    "/account/sign-up": ("/account/sign-up", {"name": "Ada", "password": "lantern walnut glacier pedal"}),
    "/account/forgot": ("/account/forgot", {}),
    "/account/sign-in": ("/account/sign-in", {}),
    "/find": ("/find", {"reference": "ABCD2345"}),
}


async def text_after(client: httpx2.AsyncClient, at: str) -> str:
    target, given = FORMS[at]
    form = (await visit(client, at)).form(target)
    if at == "/account/sign-in":  # a second button of the form asks for a link
        form = replace(form, action="/account/sign-in/link")
    return Page((await press(client, at, form, email="ada@example.org", **given)).text).text


@pytest.mark.parametrize("at", FORMS)
async def test_a_server_without_a_mail_server_says_so(client: httpx2.AsyncClient, at: str) -> None:
    text = await text_after(client, at)
    assert "is on its way" in text
    assert KEPT in text


@pytest.mark.parametrize("at", FORMS)
async def test_a_server_with_one_says_nothing_of_it(database_url: str, at: str) -> None:
    async with (
        running_app(database_url, smtp_url="smtp://127.0.0.1:9", mail_from="Box <box@example.org>") as app,
        client_of(app) as client,
    ):
        text = await text_after(client, at)
    assert "is on its way" in text
    assert KEPT not in text


def test_only_these_modules_promise_a_mail() -> None:
    """A new promise belongs into `mailed`, or into the `mails` of an organiser's page."""
    folder = Path(holdfast.web.__file__).parent
    found = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if re.search(r"(mail|link|invitation)[^\"]* on its way", path.read_text(), re.IGNORECASE)
    }
    users = {str(path.relative_to(folder)) for path in folder.rglob("*.py") if "mailed(" in path.read_text()}
    users |= {str(path.relative_to(folder)) for path in folder.rglob("*.py") if "mails=(" in path.read_text()}
    assert found <= users | {"mailed.py"}
    assert len(found) >= 6
