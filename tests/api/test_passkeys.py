"""Passkeys over HTTP: adding one, signing in with it, and everything that is not quite one.

The kinds are "a passkey that somebody else has made, or used", and "a person who is locked out". Members of the first:
a challenge that is another's, was used or has ended; another page, another host, another key; a device that nobody
touched or unlocked; a copy, whose count stands still; a page of another origin. I found them in sections 7.1, 7.2 and
13 of Web Authentication. Members of the second: the last factor that work requires, and somebody else's removal.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import cbor2
import httpx2
import pytest

from api.test_second_factors import Clock, clock, enrol, try_to_sign_in
from api.test_sessions import run
from holdfast.access.passkey_proofs import CHALLENGE_SECONDS
from holdfast.http.application import Application
from support.authenticator import ABSENT, EDDSA, UNVERIFIED, Authenticator
from support.http_app import access_of, running_app
from support.people import PASSWORD, browser_of, make_account, make_member, signed_in, token_for
from support.tokens import password_token, with_token

__all__ = ["clock"]

Json = dict[str, Any]


@pytest.fixture
async def ada(closed_app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    await make_account(closed_app, "ada")
    async with signed_in(closed_app, "ada") as browser:
        yield browser


async def begin(browser: httpx2.AsyncClient) -> Json:
    answer = await browser.post("/v1/me/passkey-options", json={"password": PASSWORD})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def add(browser: httpx2.AsyncClient, device: Authenticator, name: str = "Phone") -> Json:
    answer = await browser.post(
        "/v1/me/passkeys", json={"name": name, "credential": device.create(await begin(browser))}
    )
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def challenge_for(browser: httpx2.AsyncClient) -> Json:
    answer = await browser.post("/v1/sessions/passkey/options")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def sign_in(app: Application, device: Authenticator, **more: Any) -> httpx2.Response:
    async with browser_of(app) as browser:
        credential = device.get(await challenge_for(browser))
        return await browser.post("/v1/sessions/passkey", json={"credential": credential, **more})


@pytest.mark.parametrize(
    "device", [Authenticator(), Authenticator(algorithm=EDDSA), Authenticator(counts=False)]
)
async def test_a_passkey_signs_in_without_a_password(
    closed_app: Application, ada: httpx2.AsyncClient, device: Authenticator
) -> None:
    made = await add(ada, device)
    assert (made["name"], made["last_used_at"]) == ("Phone", None)
    for _ in range(2):
        async with browser_of(closed_app) as browser:
            credential = device.get(await challenge_for(browser))
            answer = await browser.post("/v1/sessions/passkey", json={"credential": credential})
            assert answer.status_code == 201
            assert (await browser.get("/v1/me")).json()["account"]["email"] == "ada@example.org"
    (listed,) = (await ada.get("/v1/me/passkeys")).json()["items"]
    assert listed["id"] == made["id"]
    assert listed["last_used_at"] is not None
    renamed = await ada.patch(f"/v1/me/passkeys/{made['id']}", json={"name": "Old phone"})
    assert renamed.json()["name"] == "Old phone"
    assert (await ada.delete(f"/v1/me/passkeys/{made['id']}")).status_code == 204
    assert (await ada.get("/v1/me/passkeys")).json()["items"] == []
    assert (await sign_in(closed_app, device)).status_code == 401


async def test_it_counts_as_a_second_factor(closed_app: Application, database_url: str) -> None:
    device = Authenticator()
    await make_member(closed_app, database_url, "ada", "owner")
    async with signed_in(closed_app, "ada") as ada:
        await add(ada, device)
        changed = await ada.patch("/v1/organisations/1", json={"requires_second_factor": True})
        assert changed.status_code == 200, "the session is proved by the passkey that it has made"
    assert (await try_to_sign_in(closed_app)).json()["current"] is None
    answer = await sign_in(closed_app, device, organisation=1)
    assert answer.json()["current"]["role"] == "owner"
    assert (await sign_in(closed_app, device, organisation=2)).status_code == 422


async def test_an_app_is_not_asked_for(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    device = Authenticator()
    await add(ada, device)
    await enrol(ada, clock)
    assert (await try_to_sign_in(closed_app)).status_code == 401
    assert (await sign_in(closed_app, device)).status_code == 201


Spoil = Callable[[Authenticator, Json], Json]
OTHER_CHALLENGE = "A" * 75
NEW: dict[str, Spoil] = {
    "another challenge": lambda device, options: device.create(options, challenge=OTHER_CHALLENGE),
    "no challenge": lambda device, options: device.create(options, challenge=""),
    "a challenge that is no text": lambda device, options: device.create(options, challenge=7),
    "another page": lambda device, options: device.create(options, origin="http://shop.example"),
    "another port": lambda device, options: device.create(options, origin="http://localhost:8080"),
    "another host": lambda device, options: device.create(options, rp="shop.example"),
    "a device that nobody unlocked": lambda device, options: device.create(options, flags=UNVERIFIED),
    "a device that nobody touched": lambda device, options: device.create(options, flags=ABSENT),
    "the use of a passkey": lambda device, options: device.create(options, kind="webauthn.get"),
    "another algorithm": lambda device, options: device.create(options, algorithm=-47),
    "no object": lambda device, options: device.create(options, attestation=b"\xff\x00"),
    "an empty object": lambda device, options: device.create(options, attestation=cbor2.dumps({})),
    "an unknown statement": lambda device, options: device.create(
        options, attestation=cbor2.dumps({"fmt": "mine", "attStmt": {}, "authData": bytes(37)})
    ),
    "another id": lambda device, options: device.create(options) | {"id": "AAAA", "rawId": "AAAA"},
    "two ids": lambda device, options: device.create(options) | {"id": "AAAA"},
}


@pytest.mark.parametrize("how", NEW)
async def test_what_is_not_quite_a_new_passkey_is_refused(
    closed_app: Application, ada: httpx2.AsyncClient, how: str
) -> None:
    credential = NEW[how](Authenticator(), await begin(ada))
    refused = await ada.post("/v1/me/passkeys", json={"name": "Phone", "credential": credential})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/credential")
    assert (await ada.get("/v1/me/passkeys")).json()["items"] == []


async def test_a_challenge_is_of_one_session_one_time_and_five_minutes(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    device, options = Authenticator(), await begin(ada)
    body = {"name": "Phone", "credential": device.create(options)}
    async with signed_in(closed_app, "ada") as elsewhere:
        assert (await elsewhere.post("/v1/me/passkeys", json=body)).status_code == 422
    answers = await asyncio.gather(*(ada.post("/v1/me/passkeys", json=body) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [201, 422, 422]
    second = {"name": "Stick", "credential": Authenticator().create(options)}
    assert (await ada.post("/v1/me/passkeys", json=second)).status_code == 422, "the challenge was used"
    challenges = access_of(closed_app).passkeys._challenges
    challenges._clock = clock
    late = {"name": "Stick", "credential": Authenticator().create(await begin(ada))}
    clock.now += CHALLENGE_SECONDS
    assert (await ada.post("/v1/me/passkeys", json=late)).status_code == 422


USED: dict[str, Spoil] = {
    "another challenge": lambda device, options: device.get(options, challenge=OTHER_CHALLENGE),
    "another page": lambda device, options: device.get(options, origin="http://shop.example"),
    "another host": lambda device, options: device.get(options, rp="shop.example"),
    "a device that nobody unlocked": lambda device, options: device.get(options, flags=UNVERIFIED),
    "a device that nobody touched": lambda device, options: device.get(options, flags=ABSENT),
    "a new passkey": lambda device, options: device.get(options, kind="webauthn.create"),
    "a copy": lambda device, options: device.get(options, count=device.count),
    "an older copy": lambda device, options: device.get(options, count=0),
    "another account": lambda device, options: device.get(options, handle=b"somebody else"),
    "another key": lambda device, options: device.get(options, signer=_other_device()),
    "no signature": lambda device, options: _with_response(device.get(options), signature="AAAA"),
    "no data": lambda device, options: _with_response(device.get(options), authenticatorData="AAAA"),
    "no client data": lambda device, options: _with_response(device.get(options), clientDataJSON="AAAA"),
    "an unknown passkey": lambda device, options: _other_device().get(options),
}


def _other_device() -> Authenticator:
    device = Authenticator()
    device.create({"rp": {"id": "localhost"}, "user": {"id": "AAAA"}, "challenge": "AAAA"})
    return device


def _with_response(credential: Json, **changed: str) -> Json:
    return credential | {"response": credential["response"] | changed}


@pytest.mark.parametrize("how", USED)
async def test_what_is_not_quite_the_passkey_signs_nobody_in(
    closed_app: Application, ada: httpx2.AsyncClient, how: str
) -> None:
    """Every cause has the same answer. Afterwards the passkey works, with the same challenge."""
    device = Authenticator()
    await add(ada, device)
    assert (await sign_in(closed_app, device)).status_code == 201
    async with browser_of(closed_app) as browser:
        options = await challenge_for(browser)
        refused = await browser.post("/v1/sessions/passkey", json={"credential": USED[how](device, options)})
        assert (refused.status_code, refused.json()["code"]) == (401, "credentials_required")
        assert refused.json()["detail"].startswith("The passkey is not valid here")
        assert "holdfast" not in browser.cookies
        device.count = 7
        right = await browser.post("/v1/sessions/passkey", json={"credential": device.get(options)})
        assert right.status_code == 201


async def test_a_sign_in_is_of_one_browser_one_time_and_five_minutes(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    device = Authenticator(counts=False)
    await add(ada, device)
    async with browser_of(closed_app) as browser, browser_of(closed_app) as other:
        credential = device.get(await challenge_for(browser))
        body = {"credential": credential}
        assert (await other.post("/v1/sessions/passkey", json=body)).status_code == 401
        await challenge_for(other)
        assert (await other.post("/v1/sessions/passkey", json=body)).status_code == 401
        answers = await asyncio.gather(*(browser.post("/v1/sessions/passkey", json=body) for _ in range(3)))
        assert sorted(one.status_code for one in answers) == [201, 401, 401]
        access_of(closed_app).passkeys._challenges._clock = clock
        late = device.get(await challenge_for(browser))
        clock.now += CHALLENGE_SECONDS
        assert (await browser.post("/v1/sessions/passkey", json={"credential": late})).status_code == 401


async def test_a_challenge_to_add_does_not_sign_in(closed_app: Application, ada: httpx2.AsyncClient) -> None:
    device = Authenticator()
    await add(ada, device)
    async with browser_of(closed_app) as browser:
        await challenge_for(browser)
        options = await begin(ada)
        credential = device.get({"challenge": options["challenge"], "rpId": "localhost"})
        answer = await browser.post("/v1/sessions/passkey", json={"credential": credential})
        assert answer.status_code == 401


async def test_the_options_say_nothing_of_anybody(closed_app: Application, ada: httpx2.AsyncClient) -> None:
    async with browser_of(closed_app) as browser:
        before = await challenge_for(browser)
        await add(ada, Authenticator())
        after = await challenge_for(browser)
    assert before | {"challenge": ""} == after | {"challenge": ""}
    assert before["challenge"] != after["challenge"]
    options = await begin(ada)
    assert "ada" not in options["user"]["id"]
    assert len(options["excludeCredentials"]) == 1


async def test_only_its_owner_sees_and_changes_a_passkey(
    closed_app: Application, ada: httpx2.AsyncClient, guest: httpx2.AsyncClient
) -> None:
    made = await add(ada, Authenticator())
    path = f"/v1/me/passkeys/{made['id']}"
    await make_account(closed_app, "eve")
    token = await password_token(closed_app, "ada")
    async with signed_in(closed_app, "eve") as eve, with_token(closed_app, token) as program:
        absent = await eve.delete("/v1/me/passkeys/6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e10")
        for answer in (absent, await eve.delete(path), await eve.patch(path, json={"name": "Mine"})):
            assert (answer.status_code, answer.json()["code"]) == (404, "passkey_not_found")
        assert (await eve.get("/v1/me/passkeys")).json()["items"] == []
        for caller in (guest, program):
            assert (await caller.get("/v1/me/passkeys")).status_code == 401
            assert (await caller.delete(path)).status_code == 401
            options = await caller.post("/v1/me/passkey-options", json={"password": PASSWORD})
            assert options.status_code == 401
    assert (await ada.get("/v1/me/passkeys")).json()["items"] == [made]


async def test_a_new_passkey_needs_the_password(ada: httpx2.AsyncClient) -> None:
    answer = await ada.post("/v1/me/passkey-options", json={"password": "difference engine"})
    assert answer.status_code == 401


async def test_a_passkey_belongs_to_one_account(closed_app: Application, ada: httpx2.AsyncClient) -> None:
    device = Authenticator()
    await add(ada, device)
    await make_account(closed_app, "eve")
    async with signed_in(closed_app, "eve") as eve:
        body = {"name": "Mine", "credential": device.create(await begin(eve))}
        assert (await eve.post("/v1/me/passkeys", json=body)).status_code == 422


async def test_the_last_factor_that_work_requires_stays(
    closed_app: Application, database_url: str, clock: Clock
) -> None:
    """Nobody locks themselves out of their work by accident, neither with the app nor with a passkey."""
    await make_member(closed_app, database_url, "ada", "owner")
    async with signed_in(closed_app, "ada") as ada:
        made = [await add(ada, Authenticator(), name) for name in ("Phone", "Stick")]
        phone_path, stick_path = (f"/v1/me/passkeys/{one['id']}" for one in made)
        await ada.patch("/v1/organisations/1", json={"requires_second_factor": True})
        assert (await ada.delete(phone_path)).status_code == 204
        refused = await ada.delete(stick_path)
        assert (refused.status_code, refused.json()["code"]) == (409, "second_factor_state")
        app, _ = await enrol(ada, clock)
        answers = await asyncio.gather(
            ada.delete(stick_path),
            ada.post("/v1/me/second-factor/remove", json={"second_factor": app.next_code()}),
        )
        statuses = [one.status_code for one in answers]
        assert statuses in ([204, 409], [409, 200]), "of two removals at once, one is refused"


async def test_an_account_has_twenty_passkeys(ada: httpx2.AsyncClient) -> None:
    for _ in range(20):
        await add(ada, Authenticator())
    refused = await ada.post("/v1/me/passkey-options", json={"password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (409, "second_factor_state")


async def test_what_is_done_with_passkeys_is_audited(
    closed_app: Application, ada: httpx2.AsyncClient, database_url: str
) -> None:
    made = await add(ada, Authenticator())
    await ada.delete(f"/v1/me/passkeys/{made['id']}")
    entries = await run(
        database_url, "SELECT action, principal, detail->>'name' FROM audit_entries ORDER BY id"
    )
    me = (await ada.get("/v1/me")).json()["principal"]
    assert entries == [("passkey.added", me, "Phone"), ("passkey.removed", me, "Phone")]


async def test_no_other_page_signs_a_person_in(closed_app: Application) -> None:
    async with browser_of(closed_app) as browser:
        for path in ("/v1/sessions/passkey/options", "/v1/sessions/passkey"):
            body = {"credential": _other_device().get({"challenge": "AAAA", "rpId": "localhost"})}
            given = {} if path.endswith("options") else {"json": body}
            answer = await browser.post(path, headers={"origin": "https://shop.example"}, **given)
            assert answer.status_code == 403


async def test_passkeys_belong_to_the_public_address(database_url: str) -> None:
    """Behind a proxy, a browser has another host and scheme than the server sees."""
    async with running_app(database_url, open=False, public_url="https://tickets.example") as app:
        await make_account(app, "ada")
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app, client=("127.0.0.1", 1)),
            base_url="https://tickets.example",
            headers={"origin": "https://tickets.example"},
        ) as browser:
            right = {"email": "ada@example.org", "password": PASSWORD}
            assert (await browser.post("/v1/sessions", json=right)).status_code == 201
            device = Authenticator(origin="https://tickets.example")
            await add(browser, device)
            options = await challenge_for(browser)
            assert options["rpId"] == "tickets.example"
            answer = await browser.post("/v1/sessions/passkey", json={"credential": device.get(options)})
            assert answer.status_code == 201


async def test_a_reset_passes_no_second_factor(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    """Who reads a mailbox gets a new password, and still needs the app. The passkey works as before."""
    device = Authenticator()
    await add(ada, device)
    await enrol(ada, clock)
    async with browser_of(closed_app) as browser:
        await browser.post("/v1/password-resets", json={"email": "ada@example.org"})
        reset = {"token": await token_for(closed_app, "ada@example.org"), "password": PASSWORD}
        assert (await browser.post("/v1/password-resets/confirm", json=reset)).status_code == 200
    assert (await try_to_sign_in(closed_app)).status_code == 401
    assert (await sign_in(closed_app, device)).status_code == 201


@pytest.mark.parametrize("host", ["[1.2.3.4]", "[::::]", "[v1.x]:80", "localhost:99999", ""])
async def test_a_strange_host_causes_no_unexpected_error(closed_app: Application, host: str) -> None:
    async with browser_of(closed_app) as browser:
        answer = await browser.post("/v1/sessions/passkey/options", headers={"host": host, "origin": ""})
        assert answer.status_code < 500
