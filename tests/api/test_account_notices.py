"""Notices: each change of an account sends its owner a mail, also if the owner has not made it.

The kind is a change of how an account signs in. We looked for every statement that writes a password, an address, an
app, a recovery code or a passkey (`access/sql`). A refused change sends none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pyotp
import pytest

from holdfast.access.audit import OPERATOR
from holdfast.http.application import Application
from support.authenticator import Authenticator
from support.http_app import access_of, delivery_of
from support.people import PASSWORD, mails_to, make_account, signed_in, token_for

ADA = "ada@example.org"
CHANGED = "Your account has changed"
NEXT = "four different words here"


@pytest.fixture
async def ada(closed_app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    await make_account(closed_app, "ada")
    async with signed_in(closed_app, "ada") as browser:
        yield browser


async def newest(app: Application) -> str:
    """Return the first sentence of the newest notice, and fail if there is none."""
    for mail in await delivery_of(app).mailer.list_mail(limit=200):
        if mail.to == ADA:
            assert mail.subject == CHANGED
            return mail.text
    raise AssertionError("no mail was sent")


async def test_an_app_and_its_codes(closed_app: Application, ada: httpx2.AsyncClient) -> None:
    secret = (await ada.post("/v1/me/second-factor", json={"password": PASSWORD})).json()["secret"]
    assert await mails_to(closed_app, ADA) == [], "an app that is not confirmed changes nothing"
    code = {"second_factor": pyotp.TOTP(secret).now()}
    codes = (await ada.post("/v1/me/second-factor/confirm", json=code)).json()["recovery_codes"]
    assert "An authenticator app was added." in await newest(closed_app)
    renewed = await ada.post("/v1/me/second-factor/recovery-codes", json={"second_factor": codes[0]})
    assert "The recovery codes were replaced." in await newest(closed_app)
    assert (await ada.post("/v1/me/second-factor/remove", json={"second_factor": "aaaa"})).status_code == 401
    assert len(await mails_to(closed_app, ADA)) == 2
    own = {"second_factor": renewed.json()["recovery_codes"][0]}
    assert (await ada.post("/v1/me/second-factor/remove", json=own)).status_code == 200
    assert "The authenticator app was removed." in await newest(closed_app)


async def test_a_passkey(closed_app: Application, ada: httpx2.AsyncClient) -> None:
    options = (await ada.post("/v1/me/passkey-options", json={"password": PASSWORD})).json()
    made = {"name": "Old {phone}", "credential": Authenticator().create(options)}
    added = await ada.post("/v1/me/passkeys", json=made)
    assert added.status_code == 201, added.text
    assert "A passkey was added: Old {phone}." in await newest(closed_app)
    await ada.delete(f"/v1/me/passkeys/{added.json()['id']}")
    assert "A passkey was removed: Old {phone}." in await newest(closed_app)
    await access_of(closed_app).factor_resets.reset(ADA, by=OPERATOR)
    assert "An operator has removed" in await newest(closed_app)


async def test_a_password(closed_app: Application, ada: httpx2.AsyncClient) -> None:
    refused = await ada.patch("/v1/me", json={"password": NEXT, "present_password": "difference engine"})
    assert refused.status_code == 401
    assert await mails_to(closed_app, ADA) == []
    changed = await ada.patch("/v1/me", json={"password": NEXT, "present_password": PASSWORD})
    assert changed.status_code == 200, changed.text
    assert "The password was changed." in await newest(closed_app)
    await ada.post("/v1/password-resets", json={"email": ADA})
    reset = {"token": await token_for(closed_app, ADA), "password": PASSWORD}
    assert (await ada.post("/v1/password-resets/confirm", json=reset)).status_code == 200
    assert await mails_to(closed_app, ADA) == [CHANGED, "Reset your password", CHANGED]
