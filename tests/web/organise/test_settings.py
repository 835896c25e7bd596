"""Settings: the team, webhooks, the audit and the mailbox, for those who may open them."""

from __future__ import annotations

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_sales import make_event
from web.organise.staff import ROLES, at_work, send, send_page
from web.visitor import Page, press, visit

KEY = {"form_key": "00000000-0000-4000-8000-000000000001"}
HOOK = "https://shop.example/holdfast"
PAGES = {
    "team": ("owner",),
    "keys": ("owner", "manager"),
    "webhooks": ("owner", "manager"),
    "audit": ("owner",),
    "mailbox": (),
}


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_opens_what_it_may(app: Application, database_url: str, role: str) -> None:
    async with at_work(app, database_url, role) as browser:
        links = str((await visit(browser, "/organise")).links)
        for page, roles in PAGES.items():
            assert (await browser.get(f"/organise/{page}")).status_code == (200 if role in roles else 403), (
                page
            )
        assert ("/team" in links or "/keys" in links) is (role in ("owner", "manager"))
        for path in ("team/invite", "team/1/role", "team/1/remove"):
            answer = await browser.post(f"/organise/{path}", data=KEY | {"role": "door"})
            assert answer.status_code == 403 or role == "owner", path


async def test_a_colleague_is_invited_changed_and_removed(app: Application, database_url: str) -> None:
    async with (
        at_work(app, database_url, "owner") as owner,
        at_work(app, database_url, "box_office", name="grace"),
    ):
        at = "/organise/team"
        form = (await visit(owner, at)).form("/invite")
        invited = await press(owner, at, form, ("role", "door"), email="dora@example.org")
        assert "The invitation is on its way." in Page(invited.text).text
        assert "This server sends no mail yet." in Page(invited.text).text
        refused = await press(owner, at, form, ("role", "door"), email="dora")
        assert (refused.status_code, "Nobody is invited" in refused.text) == (422, True)
        me = (await owner.get("/v1/me")).json()["account"]["id"]
        members = (await owner.get("/v1/organisations/1/members")).json()["items"]
        (grace,) = (each["account"] for each in members if each["account"] != me)
        changed = await owner.post(f"{at}/{grace}/role", data=KEY | {"role": "manager"})
        assert changed.status_code == 303
        assert "The role is changed." in (await visit(owner, f"{at}?done=change")).text
        roles = {
            each["account"]: each["role"]
            for each in (await owner.get("/v1/organisations/1/members")).json()["items"]
        }
        assert roles == {me: "owner", grace: "manager"}
        assert "no longer in the team" in (await send_page(owner, at, f"/{grace}/remove")).text
        last = await owner.post(f"{at}/{me}/remove", data=KEY)
        assert last.status_code == 409
        assert "Make another member its owner first." in last.text


async def test_a_webhook_is_made_tested_paused_and_deleted(client: httpx2.AsyncClient) -> None:
    at = "/organise/webhooks"
    form = (await visit(client, at)).form("/webhooks")
    made = Page((await press(client, at, form, url=HOOK, description="The shop")).text)
    (secret,) = (word for word in made.text.split() if word.startswith("whsec_"))
    (webhook,) = (await client.get("/v1/webhooks")).json()["items"]
    assert (webhook["url"], webhook["description"], webhook["kinds"]) == (HOOK, "The shop", [])
    at = f"/organise/webhooks/{webhook['id']}"
    assert secret not in (await visit(client, at)).text
    tested = await send_page(client, at, "/test")
    assert "webhook.test" in tested.text
    assert "A test is on its way." in tested.text
    assert "The notice is sent again." in (await send_page(client, at, "/retry")).text
    assert "Off" in (await send_page(client, at, "/pause")).text
    assert "On" in (await send_page(client, at, "/enable")).text
    renewed = Page((await send(client, at, "/rotate")).text)
    assert secret not in renewed.text
    assert "whsec_" in renewed.text
    assert "The webhook is deleted." in (await send_page(client, at, "/delete")).text
    assert (await client.get("/v1/webhooks")).json()["items"] == []


@pytest.mark.parametrize("url", ["", "ftp://x.example", "https://127.0.0.1/x", "nowhere"])
async def test_an_address_that_no_webhook_may_have_is_refused(client: httpx2.AsyncClient, url: str) -> None:
    at = "/organise/webhooks"
    refused = await press(client, at, (await visit(client, at)).form("/webhooks"), url=url)
    assert (refused.status_code, "Nothing is registered" in refused.text) == (422, True)
    assert (await client.get("/v1/webhooks")).json()["items"] == []


async def test_another_organisation_finds_no_webhook(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    made = (await client.post("/v1/webhooks", json={"url": HOOK})).json()
    async with at_work(app, database_url, "owner", organisation=2) as browser:
        assert (await browser.get(f"/organise/webhooks/{made['id']}")).status_code == 404
        for verb in ("test", "pause", "enable", "rotate", "delete"):
            answer = await browser.post(f"/organise/webhooks/{made['id']}/{verb}", data=KEY)
            assert answer.status_code == 404, verb


async def test_the_audit_says_who_did_what(app: Application, database_url: str) -> None:
    async with at_work(app, database_url, "owner") as owner:
        text = (await visit(owner, "/organise/audit")).text
    assert "session.opened" in text
    assert "account:" in text


async def test_the_mailbox_shows_mail_in_open_mode(client: httpx2.AsyncClient) -> None:
    assert "No mail yet." in (await visit(client, "/organise/mailbox")).text
    person = {"name": "Ada", "email": "ada@example.org", "password": "analytical engine"}
    await client.post("/v1/accounts", json=person)
    text = (await visit(client, "/organise/mailbox")).text
    assert "ada@example.org" in text


async def test_no_form_of_a_foreign_page_is_taken(client: httpx2.AsyncClient, app: Application) -> None:
    """Every form of the organiser's pages."""
    event = await make_event(client)
    paths = [one.path for one in app.endpoints if one.path.startswith("/organise") and one.method == "POST"]
    assert len(paths) > 15
    names = {"event": str(event["number"]), "member": "1", "ticket": "1", "key": "k3v9"}
    for path in paths:
        at = path
        for name in (
            "event",
            "booking",
            "block",
            "webhook",
            "delivery",
            "member",
            "ticket",
            "key",
            "seat_map",
        ):
            at = at.replace(f"{{{name}}}", names.get(name, str(event["id"])))
        answer = await client.post(
            at, data=KEY | {"blocks": str(event["id"])}, headers={"sec-fetch-site": "cross-site"}
        )
        assert answer.status_code == 403, path


async def test_a_closed_server_says_where_its_mail_is(app: Application, database_url: str) -> None:
    async with at_work(app, database_url, "owner") as owner:
        answer = await owner.get("/organise/mailbox")
    assert answer.status_code == 403
    text = Page(answer.text).text
    assert "On the server's machine, `holdfast mailbox` shows them." in text
    assert "another site" not in text
