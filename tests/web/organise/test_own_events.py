"""The organiser's list: who sees which events, and what the first screen of a new organiser is.

The kind of fault: a page that shows what its route in `/v1` refuses, and a button that its reader may not press.
"""

from __future__ import annotations

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_sales import confirm, make_event, place
from support.people import make_account, signed_in
from web.organise.staff import ROLES, at_work
from web.visitor import Page, visit


async def test_a_guest_is_asked_to_sign_in(guest: httpx2.AsyncClient) -> None:
    answer = await guest.get("/organise")
    assert answer.status_code == 401
    assert "./account/sign-in" in Page(answer.text).links


async def test_a_buyer_does_not_get_in(closed_app: Application) -> None:
    await make_account(closed_app, "ada")
    async with signed_in(closed_app, "ada") as buyer:
        assert (await buyer.get("/organise")).status_code == 403


async def test_a_new_organiser_begins_with_an_event(client: httpx2.AsyncClient) -> None:
    page = await visit(client, "/organise")
    assert page.headline == "Make your first event"
    assert "./organise/events/new" in page.links


async def test_the_list_says_what_is_sold_held_and_free(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, name="Concert", capacity=10)
    await make_event(client, name="Later", status="draft")
    await confirm(client, await place(client, event, {"quantity": 3}))
    await place(client, event, {"quantity": 2})
    page = await visit(client, "/organise")
    assert "Concert Without a date On sale 3 2 5" in page.text
    assert "Later Without a date Draft 0 0 10" in page.text
    assert "Later" not in (await visit(client, "/organise?q=concert")).text
    assert "Nothing fits" in (await visit(client, "/organise?q=zzz")).text


@pytest.mark.parametrize("role", ROLES)
async def test_every_role_sees_the_events_and_managers_make_one(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    await make_event(client, name="Concert", status="draft")
    async with at_work(app, database_url, role) as browser:
        page = await visit(browser, "/organise")
    assert "Concert" in page.text
    assert ("./organise/events/new" in page.links) == (role in ("owner", "manager"))


async def test_a_member_of_one_event_sees_no_other(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    seen = await make_event(client, name="Concert")
    await make_event(client, name="Secret")
    async with at_work(app, database_url, "door", events=[seen["number"]]) as browser:
        text = (await visit(browser, "/organise")).text
    assert "Concert" in text
    assert "Secret" not in text


async def test_events_of_another_organisation_are_not_listed(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    await make_event(client, name="Concert")
    async with at_work(app, database_url, "owner", organisation=2) as browser:
        assert "Concert" not in (await visit(browser, "/organise")).text


async def test_older_events_are_a_press_away(client: httpx2.AsyncClient) -> None:
    for number in range(51):
        await make_event(client, name=f"Night {number}")
    first = await visit(client, "/organise")
    assert "Night 0 " not in first.text
    (older,) = (link for link in first.links if "before=" in link)
    assert "Night 0 " in (await visit(client, f"/{older}")).text
