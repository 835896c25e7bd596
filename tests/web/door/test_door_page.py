"""The door page without scripts: a typed code is recorded once, and the page says in one word what to do."""

from __future__ import annotations

import httpx2
import pytest

from holdfast.door.decide import ScanVerdict, Why
from holdfast.http.application import Application
from holdfast.web import door_page
from support.http_sales import Json, confirm, make_event, place, token_of
from web.organise.staff import at_work
from web.visitor import Page, press, visit


async def sold(client: httpx2.AsyncClient) -> tuple[int, Json, str]:
    """Sell a ticket of a new event. Return the event's number, the hold and the code."""
    event = await make_event(client)
    hold = await place(client, event)
    booking = await confirm(client, hold)
    answer = await client.get(f"/v1/bookings/{booking['id']}/tickets", headers=token_of(hold))
    return event["number"], hold, answer.json()["items"][0]["code"]


async def scan(client: httpx2.AsyncClient, number: int, code: str, **typed: str) -> Page:
    page = await visit(client, f"/door/{number}")
    answer = await press(
        client, f"/door/{number}", page.form(f"door/{number}"), code=code, **{"direction": "in"} | typed
    )
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


async def test_a_ticket_is_let_in_and_then_is_already_in(client: httpx2.AsyncClient) -> None:
    number, _, code = await sold(client)
    assert f"/door/{number}" in (await client.get("/door")).text
    first = await scan(client, number, code, gate="Door A")
    assert "Let in" in first.text
    assert "1 scan let in" in first.text
    again = await scan(client, number, code)
    assert "Already in" in again.text
    assert "through Door A." in again.text
    assert "Gone out" in (await scan(client, number, code, direction="out")).text
    stop = await scan(client, number, "4006381333931")
    assert "Stop" in stop.text
    assert "This is no ticket of ours." in stop.text


async def test_a_repeated_press_is_one_scan(client: httpx2.AsyncClient) -> None:
    """The answer was lost, and the browser sends the form again: the person is still let in."""
    number, _, code = await sold(client)
    form = (await visit(client, f"/door/{number}")).form(f"door/{number}")
    for _ in range(2):
        answer = await press(client, f"/door/{number}", form, code=code, direction="in")
        assert "Let in" in answer.text
    log = (await client.get(f"/v1/events/{number}/check-ins")).json()["items"]
    assert [one["verdict"] for one in log] == ["admitted"]


async def test_the_page_keeps_the_gate_and_the_list(client: httpx2.AsyncClient) -> None:
    number, _, code = await sold(client)
    lists = [{"name": "VIP", "categories": ["box"]}]
    await client.patch(f"/v1/events/{number}/door", json={"lists": lists})
    form = (await visit(client, f"/door/{number}")).form(f"door/{number}")
    answer = await press(
        client, f"/door/{number}", form, code=code, direction="out", gate="Door A", list="VIP"
    )
    assert "This ticket did not come in here." in Page(answer.text).text
    for kept in ('value="Door A"', 'value="VIP" selected', 'value="out" selected'):
        assert kept in answer.text


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("box_office", 200), ("door", 200), ("reports", 403)]
)
async def test_who_may_check_in_sees_the_page(
    closed_app: Application, client: httpx2.AsyncClient, database_url: str, role: str, status: int
) -> None:
    number, _, code = await sold(client)
    async with at_work(closed_app, database_url, role) as browser:
        for path in ("/door", f"/door/{number}"):
            assert (await browser.get(path)).status_code == status
        if status == 200:
            assert "Let in" in (await scan(browser, number, code)).text


async def test_another_organisation_has_no_such_door(
    closed_app: Application, client: httpx2.AsyncClient, guest: httpx2.AsyncClient, database_url: str
) -> None:
    number, _, _ = await sold(client)
    async with at_work(closed_app, database_url, "door", events=[]) as browser:
        assert (await browser.get(f"/door/{number}")).status_code == 404
        assert f"/door/{number}" not in (await browser.get("/door")).text
    assert (await guest.get(f"/door/{number}")).status_code == 401


def test_every_verdict_has_its_word_and_every_reason_its_sentence() -> None:
    stops = {ScanVerdict.NOT_ON_LIST, ScanVerdict.VOID, ScanVerdict.WRONG_EVENT, ScanVerdict.UNKNOWN}
    assert set(ScanVerdict) - door_page._WORDS.keys() == stops
    assert set(Why) - door_page._SAYS.keys() == {Why.ALREADY_IN}
