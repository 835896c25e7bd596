"""Scenes of `/v1`: people who sign in, and the staff of an organisation."""

from __future__ import annotations

from typing import Any

import psycopg
import pyotp

from golden.walking import Walk
from holdfast.access.setup_token import setup_token
from support.authenticator import Authenticator
from support.http_app import SECRET_KEY, access_of
from support.people import ORIGIN, PASSWORD, token_for

__all__ = ["accounts"]

ADA, GRACE, EVE = (f"{name}@example.org" for name in ("ada", "grace", "eve"))
OTHER = "difference engine"


def cookies_of(walk: Walk) -> dict[str, str]:
    """Return the headers of the browser that the last answer gave a cookie."""
    return {"Cookie": walk.answer.header("set-cookie").partition(";")[0], "Origin": ORIGIN}


async def accounts(walk: Walk) -> None:
    """Every success of the routes for people, and the refusals that only they have."""
    await access_of(walk.deployment.app).users.create(
        name="Ada Byron", phone_number="", email=ADA, password=PASSWORD
    )
    await _sessions(walk)
    await _links(walk)
    await _staff(walk)


async def _sessions(walk: Walk) -> None:
    right = {"email": ADA, "password": PASSWORD}
    await walk("sign_in", "credentials_required", by="guest", json={**right, "password": OTHER})
    foreign = {"Origin": "https://evil.example"}
    await walk("sign_in", "forbidden", by="guest", json=right, headers=foreign)
    await walk("sign_in", "invalid_input", by="guest", json={"email": "ada", "password": ""})
    await walk("sign_in", 201, by="guest", json=right)
    browser = cookies_of(walk)
    await walk("get_me", 200, by="guest", headers=browser)
    await walk("get_me", 200, note="a key")
    await walk("get_me", "credentials_required", by="guest")
    await walk("change_me", 200, by="guest", headers=browser, json={"name": "Ada King"})
    await walk("change_me", "invalid_input", by="guest", headers=browser, json={"password": OTHER})
    await walk("change_me", 200, by="guest", headers=browser, json={"language": "en"}, note="a language")
    await walk("change_me", "credentials_required", by="guest", json={"name": "Ada King"})
    await walk("sign_out", "forbidden", by="guest", headers={"Cookie": browser["Cookie"]})
    await walk("sign_out", "credentials_required", by="guest")
    await walk("sign_out", 200, by="guest", headers=browser)
    await walk(
        "sign_out", "credentials_required", by="guest", headers=browser, note="a session that has ended"
    )
    await walk("sign_in", 201, by="guest", json=right, note="again")
    await walk("sign_out_everywhere", 200, by="guest", headers=cookies_of(walk))


async def _links(walk: Walk) -> None:
    app = walk.deployment.app
    person = {"name": "Grace Hopper", "email": GRACE, "password": PASSWORD}
    await walk("sign_up", 202, by="guest", json=person)
    await walk("sign_up", "invalid_input", by="guest", json={**person, "password": "password1234"})
    token = {"token": await token_for(app, GRACE)}
    await walk("confirm_account", 201, by="guest", json=token)
    browser = cookies_of(walk)
    await walk("confirm_account", "link_not_valid", by="guest", json=token)
    new = {"email": EVE, "present_password": PASSWORD}
    await walk("change_me", 200, by="guest", headers=browser, json=new, note="an address")
    await walk("confirm_address", 200, by="guest", json={"token": await token_for(app, EVE)})
    await walk("request_password_reset", 202, by="guest", json={"email": ADA})
    reset = {"token": await token_for(app, ADA), "password": PASSWORD}
    await walk("reset_password", 200, by="guest", json=reset)
    await walk("reset_password", "link_not_valid", by="guest", json=reset)
    await access_of(app).recovery.request_link(ADA)
    link = {"token": await token_for(app, ADA)}
    await walk("use_sign_in_link", "link_not_valid", by="guest", json=link, note="another browser")
    await walk("request_sign_in_link", 202, by="guest", json={"email": ADA})
    browser = cookies_of(walk)
    link = {"token": await token_for(app, ADA)}
    await walk("use_sign_in_link", 201, by="guest", json=link, headers=browser)


async def _staff(walk: Walk) -> None:
    owner = {"name": "Olga", "email": "olga@example.org", "password": PASSWORD}
    wrong = {**owner, "token": "hfu_" + "x" * 43}
    await walk("set_up", "link_not_valid", by="guest", json=wrong)
    with psycopg.connect(walk.deployment.database_url) as connection:
        (epoch,) = connection.execute("SELECT epoch::text FROM schema_generation").fetchone() or ("",)
    token = setup_token(SECRET_KEY.encode(), epoch)
    own = (await walk("set_up", 201, by="guest", json={**owner, "token": token}))["account"]["id"]
    browser = cookies_of(walk)
    await walk("set_up", "link_not_valid", by="guest", json={**owner, "token": token}, note="again")
    await _second_factor(walk, browser)
    await _passkeys(walk, browser)
    sessions = (await walk("list_sessions", 200, by="guest", headers=browser))["items"]
    other = next(one["id"] for one in sessions if not one["current"])
    await walk("end_session", 204, other, by="guest", headers=browser)
    await walk("end_session", "session_not_found", other, by="guest", headers=browser)
    await walk(
        "change_organisation", 200, 1, by="guest", headers=browser, json={"requires_second_factor": True}
    )
    await walk("change_organisation", "forbidden", 1, json={"requires_second_factor": True})
    await walk(
        "change_organisation",
        200,
        1,
        by="guest",
        headers=browser,
        json={"requires_second_factor": False},
        note="no longer",
    )
    await walk("list_organisations", 200)
    await walk("get_organisation", 200, 1)
    await walk("get_organisation", "organisation_not_found", 2)
    await _keys(walk, browser)
    await walk("list_members", 200, 1, by="guest", headers=browser)
    await walk("list_members", "forbidden", 1)
    invitation = {"email": ADA, "role": "box_office"}
    await walk("invite_member", 202, 1, by="guest", headers=browser, json=invitation)
    await walk("invite_member", "organisation_not_found", 2, by="guest", headers=browser, json=invitation)
    accepted = {"token": await token_for(walk.deployment.app, ADA), "password": PASSWORD}
    member = (await walk("accept_invitation", 201, by="guest", json=accepted))["account"]["id"]
    await walk("accept_invitation", "link_not_valid", by="guest", json=accepted)
    await walk("change_member", 200, 1, member, by="guest", headers=browser, json={"role": "door"})
    await walk("change_member", "member_not_found", 1, 99, by="guest", headers=browser, json={"role": "door"})
    await walk("remove_member", 204, 1, member, by="guest", headers=browser)
    await walk("remove_member", "last_owner", 1, own, by="guest", headers=browser)


async def _keys(walk: Walk, browser: dict[str, str]) -> None:
    async def ask(operation: str, outcome: int | str, *parameters: str, note: str = "", **given: Any) -> Any:
        return await walk(operation, outcome, *parameters, by="guest", headers=browser, note=note, **given)

    body = {"name": "The shop", "scopes": ["sell"]}
    made = await ask("create_key", 201, json=body)
    await ask("create_key", "invalid_input", json={**body, "scopes": []})
    past = {**body, "expires_at": "1999-01-01T20:00:00Z"}
    await ask("create_key", "invalid_input", json=past, note="an end in the past")
    retried = {**browser, "Idempotency-Key": "the-key-of-an-api-key"}
    await walk("create_key", 201, by="guest", headers=retried, json=body, note="under a key")
    other = {**body, "name": "Other"}
    await walk("create_key", "idempotency_key_reused", by="guest", headers=retried, json=other)
    await walk("create_key", "forbidden", json=body)
    await walk("list_keys", "forbidden")
    for operation in ("get_key", "rotate_key", "revoke_key"):
        await walk(operation, "forbidden", "k3v9x0q2m7ab")
    await ask("list_keys", 200)
    await ask("get_key", 200, made["id"])
    await ask("get_key", "key_not_found", "k3v9x0q2m7ab")
    await ask("rotate_key", 200, made["id"], json={"overlap_seconds": 3_600})
    await ask("rotate_key", "invalid_input", made["id"], json={"overlap_seconds": -1})
    await ask("rotate_key", "key_not_found", "k3v9x0q2m7ab")
    await ask("revoke_key", 200, made["id"])
    await ask("revoke_key", "key_not_found", "k3v9x0q2m7ab")
    await ask("rotate_key", "key_ended", made["id"])


async def _second_factor(walk: Walk, browser: dict[str, str]) -> None:
    async def ask(operation: str, outcome: int | str, *, note: str = "", **body: str) -> Any:
        return await walk(operation, outcome, by="guest", headers=browser, json=body, note=note)

    await ask("confirm_second_factor", "second_factor_state", second_factor="123456")
    enrolled = await ask("enrol_second_factor", 200, password=PASSWORD)
    code = pyotp.TOTP(enrolled["secret"]).now()
    codes = (await ask("confirm_second_factor", 200, second_factor=code))["recovery_codes"]
    await ask("enrol_second_factor", "second_factor_state", password=PASSWORD)
    await walk("get_second_factor", 200, by="guest", headers=browser)
    right = {"email": "olga@example.org", "password": PASSWORD}
    await walk("sign_in", "second_factor_required", by="guest", json=right)
    codes = (await ask("renew_recovery_codes", 200, second_factor=codes[0]))["recovery_codes"]
    await ask("remove_second_factor", "second_factor_required", second_factor="aaaa")
    await ask("remove_second_factor", 200, second_factor=codes[0])


async def _passkeys(walk: Walk, browser: dict[str, str]) -> None:
    device = Authenticator(credential_id=b"a phone's passkey of 32 letters.")

    async def ask(operation: str, outcome: int | str, *parameters: str, **body: object) -> Any:
        given = {"json": body} if body else {}
        return await walk(operation, outcome, *parameters, by="guest", headers=browser, **given)

    await ask("begin_passkey", "credentials_required", password=OTHER)
    made = device.create(await ask("begin_passkey", 200, password=PASSWORD))
    own = await ask("add_passkey", 201, name="Phone", credential=made)
    await ask("add_passkey", "invalid_input", name="Phone", credential=made)
    await ask("list_passkeys", 200)
    await ask("rename_passkey", 200, own["id"], name="Old phone")
    options = await walk("begin_passkey_sign_in", 200, by="guest")
    use = {"credential": device.get(options)}
    asked = cookies_of(walk)
    await walk("sign_in_with_passkey", "credentials_required", by="guest", json=use, note="another browser")
    await walk("sign_in_with_passkey", 201, by="guest", headers=asked, json=use)
    await ask("remove_passkey", 204, own["id"])
    await ask("remove_passkey", "passkey_not_found", own["id"])
