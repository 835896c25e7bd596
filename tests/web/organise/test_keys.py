"""API keys for the people who may make them: a secret is shown once, and a key gives no more than its maker may do."""

from __future__ import annotations

import httpx2

from holdfast.access.permissions import Role, Scope, of_role, of_scopes
from holdfast.http.application import Application
from support.http_app import client_of
from support.people import after_a_second
from web.organise.staff import at_work, filled_in, send, send_page
from web.visitor import Page, press, visit

AT = "/organise/keys"


def secret_of(page: Page) -> str:
    (secret,) = {word for word in page.text.split() if word.startswith("hfk_")}
    return secret


async def made(browser: httpx2.AsyncClient, *scopes: str, **typed: str) -> Page:
    form = (await visit(browser, AT)).form("/keys")
    ticks = [("scopes", scope) for scope in scopes]
    return Page((await press(browser, AT, form, *ticks, **{"name": "The shop", **typed})).text)


async def works(app: Application, secret: str) -> bool:
    async with client_of(app, peer="203.0.113.9", authorization=f"Bearer {secret}") as program:
        return bool((await program.get("/v1/bookings")).status_code == 200)


async def test_a_key_is_made_rotated_and_revoked(app: Application, database_url: str) -> None:
    async with at_work(app, database_url, "manager") as browser:
        secret = secret_of(await made(browser, "organise", "read"))
        (key,) = (await browser.get("/v1/keys")).json()["items"]
        assert (key["name"], key["scopes"], key["expires_at"]) == ("The shop", ["organise", "read"], None)
        at = f"{AT}/{key['id']}"
        assert "hfk_" not in (await visit(browser, at)).text
        assert await works(app, secret)
        renewed = secret_of(Page((await send(browser, at, "/rotate", overlap="3600")).text))
        assert renewed != secret
        after_a_second(app)
        assert await works(app, renewed)
        text = (await send_page(browser, at, "/revoke")).text
        assert "The key is revoked." in text
        assert (await browser.get("/v1/keys")).json()["items"][0]["revoked_at"] is not None
        form_key = {"form_key": "00000000-0000-4000-8000-000000000009"}
        refused = await browser.post(f"{at}/rotate", data=form_key)
        assert (refused.status_code, "The key is over" in refused.text) == (409, True)


async def test_two_presses_of_one_form_make_one_key(app: Application, database_url: str) -> None:
    async with at_work(app, database_url, "owner") as browser:
        form = (await visit(browser, AT)).form("/keys")
        pages = [await press(browser, AT, form, ("scopes", "sell"), name="Till") for _ in range(2)]
        assert len({secret_of(Page(page.text)) for page in pages}) == 1
        (key,) = (await browser.get("/v1/keys")).json()["items"]
        form = (await visit(browser, f"{AT}/{key['id']}")).form("/rotate")
        renewed = [await press(browser, f"{AT}/{key['id']}", form) for _ in range(2)]
        assert len({secret_of(Page(page.text)) for page in renewed}) == 1


async def test_a_key_that_nobody_can_mean_is_not_made(client: httpx2.AsyncClient) -> None:
    for typed, scopes, says in (
        ({"name": " "}, ["read"], "Write what it is for"),
        ({}, [], "tick what it may do"),
        ({}, ["everything"], "tick what it may do"),
        ({"last_day": "soon"}, ["read"], "Write the last day as"),
        ({"last_day": "9999-12-31"}, ["read"], "Write the last day as"),
        ({"last_day": "9999-05-04"}, ["read"], "Write the last day as"),
        ({"last_day": "2001-05-04"}, ["read"], "The last day is over."),
    ):
        page = await made(client, *scopes, **typed)
        assert "No key is made" in page.text
        assert says in page.text
        assert filled_in(page, "/keys", "name") == typed.get("name", "The shop").strip()
    assert (await client.get("/v1/keys")).json()["items"] == []


async def test_the_last_day_counts_as_a_whole(app: Application, database_url: str) -> None:
    async with at_work(app, database_url, "owner") as browser:
        await made(browser, "read", last_day="2031-05-04")
        (key,) = (await browser.get("/v1/keys")).json()["items"]
        assert key["expires_at"] == "2031-05-05T00:00:00Z"


async def test_open_mode_says_that_the_first_key_ends_it(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    assert "The first key ends open mode." in (await visit(client, AT)).text
    async with at_work(app, database_url, "owner") as browser:
        assert "open mode" not in (await visit(browser, AT)).text


async def test_another_organisation_finds_no_key(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    made_key = (await client.post("/v1/keys", json={"name": "Till", "scopes": ["sell"]})).json()
    form_key = {"form_key": "00000000-0000-4000-8000-000000000009"}
    async with at_work(app, database_url, "owner", organisation=2) as browser:
        assert (await browser.get(f"{AT}/{made_key['id']}")).status_code == 404
        for verb in ("rotate", "revoke"):
            answer = await browser.post(f"{AT}/{made_key['id']}/{verb}", data=form_key)
            assert answer.status_code == 404, verb
    assert await works(app, made_key["key"]) is False  # it may only sell
    async with client_of(app, peer="203.0.113.9", authorization=f"Bearer {made_key['key']}") as program:
        assert (await program.get("/v1/events")).status_code == 200


def test_a_manager_may_give_every_scope() -> None:
    """So the page offers each of them to each person who sees it."""
    assert of_scopes(frozenset(Scope)) <= of_role(Role.MANAGER)
