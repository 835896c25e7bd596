"""The overview: numbers of the moment, and buttons that do what their routes do, for those who may.

The kind of fault: a number that is not the API's, a button that the server then refuses, and a route that a person
without the right can call by hand.
"""

from __future__ import annotations

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_sales import SEATS, confirm, make_event, place
from web.organise.staff import ROLES, at_work, filled_in, send, send_page
from web.visitor import Page, press, visit

VERBS = ("publish", "stop", "resume", "cancel")


async def test_the_numbers_are_those_of_the_api(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, seat_map=SEATS, areas=[{"name": "lawn", "capacity": 20}])
    at = f"/organise/events/{event['number']}"
    await confirm(client, await place(client, event, {"quantity": 3, "area": "lawn"}))
    await place(client, event, {"quantity": 2, "area": "lawn"})
    await client.post(f"/v1/events/{event['number']}/blocks", json={"seats": ["A-1-1"]})
    text = (await visit(client, at)).text
    for says in (
        "Sold 3 of 30",
        "Held 2 in 1 hold",
        "Free 24",
        "Blocked 1",
        "lawn 3 2 15 0",
        "stalls 0 0 9 1",
    ):
        assert says in text
    assert "1 hold is open. 0 end within a minute." in text
    assert "under 1 min 1" in text


async def test_sales_pause_and_go_on(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    at = f"/organise/events/{event['number']}"
    assert "Sales are paused." in (await send_page(client, at, "/stop")).text
    assert (await client.get(f"/v1/events/{event['number']}")).json()["sales_stopped"] is True
    assert "Sales go on." in (await send_page(client, at, "/resume")).text
    assert (await client.get(f"/v1/events/{event['number']}")).json()["sales_stopped"] is False


async def test_an_event_is_cancelled_after_a_question(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    await confirm(client, await place(client, event, {"quantity": 3}))
    at = f"/organise/events/{event['number']}"
    overview = await visit(client, at)
    assert not [form for form in overview.forms if form.action.endswith("/cancel")]
    asked = await visit(client, f"{at}/cancel")
    assert "3 places are sold." in asked.text
    done = await send_page(client, f"{at}/cancel", "/cancel")
    assert "The event is cancelled." in done.text
    assert [form.action for form in done.forms] == []


async def test_a_repeated_press_is_one(client: httpx2.AsyncClient) -> None:
    """A page that was left open must not pause again what somebody has resumed meanwhile."""
    event = await make_event(client)
    at = f"/organise/events/{event['number']}"
    old = await visit(client, at)
    await press(client, at, old.form("/stop"))
    await send_page(client, at, "/resume")
    assert (await press(client, at, old.form("/stop"))).status_code == 200
    assert (await client.get(f"/v1/events/{event['number']}")).json()["sales_stopped"] is False


async def test_a_refusal_is_a_sentence_on_the_page(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    at = f"/organise/events/{event['number']}"
    old = await visit(client, at)
    await client.post(f"/v1/events/{event['number']}/cancel")
    refused = await press(client, at, old.form("/stop"))
    assert refused.status_code == 410
    assert "This event was cancelled." in Page(refused.text).text


@pytest.mark.parametrize("role", ROLES)
async def test_a_button_is_shown_to_those_whose_press_counts(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    event = await make_event(client)
    at = f"/organise/events/{event['number']}"
    may = role in ("owner", "manager")
    key = filled_in(await visit(client, at), "/stop", "form_key")
    async with at_work(app, database_url, role) as browser:
        page = await visit(browser, at)
        assert bool([form for form in page.forms if form.action.endswith("/stop")]) is may
        assert (await browser.get(f"{at}/cancel")).status_code == (200 if may else 403)
        for verb in VERBS:
            answer = await browser.post(f"{at}/{verb}", data={"form_key": key})
            assert answer.status_code == (303 if may else 403), verb


async def test_another_organisation_finds_no_such_event(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    event = await make_event(client)
    async with at_work(app, database_url, "owner", organisation=2) as browser:
        missing = await browser.get("/organise/events/999")
        for path in ("", "/cancel"):
            answer = await browser.get(f"/organise/events/{event['number']}{path}")
            assert (answer.status_code, Page(answer.text).headline) == (404, Page(missing.text).headline)
        answer = await browser.post(
            f"/organise/events/{event['number']}/stop",
            data={"form_key": "00000000-0000-4000-8000-000000000001"},
        )
        assert answer.status_code == 404
        assert (await browser.get(f"/organise/events/new?like={event['number']}")).status_code == 404
    assert (await client.get(f"/v1/events/{event['number']}")).json()["sales_stopped"] is False


async def test_every_form_of_a_foreign_page_is_refused(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, status="draft")
    form = {"form_key": "00000000-0000-4000-8000-000000000001"}
    for verb in VERBS:
        answer = await client.post(
            f"/organise/events/{event['number']}/{verb}", data=form, headers={"sec-fetch-site": "cross-site"}
        )
        assert answer.status_code == 403, verb
    assert (await client.get(f"/v1/events/{event['number']}")).json()["status"] == "draft"


async def test_a_limited_member_reads_its_own_event_only(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    event, other = await make_event(client), await make_event(client)
    async with at_work(app, database_url, "manager", events=[event["number"]]) as browser:
        assert (await browser.get(f"/organise/events/{event['number']}")).status_code == 200
        assert (await browser.get(f"/organise/events/{other['number']}")).status_code == 404
        assert (await send(browser, f"/organise/events/{event['number']}", "/stop")).status_code == 200
