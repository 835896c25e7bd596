"""Venues: a seat map is kept once and reused, a version never changes, and an event keeps its own."""

from __future__ import annotations

import httpx2
import pytest

from holdfast.http.application import Application
from web.organise.staff import ROLES, at_work
from web.visitor import Page, press, visit

SMALL = '{"sections": [{"name": "A", "rows": 2, "seats_per_row": 3}]}'
LARGE = '{"sections": [{"name": "A", "rows": 4, "seats_per_row": 3}]}'


async def ask(client: httpx2.AsyncClient, at: str, ending: str, name: str, plan: str) -> httpx2.Response:
    return await press(client, at, (await visit(client, at)).form(ending), ("plan", plan), name=name)


async def new_event(client: httpx2.AsyncClient, at: str, act: str = "publish") -> httpx2.Response:
    """Send the form of a new event that begins with the map at this path."""
    seat_map = at.rpartition("/")[2]
    new = f"/organise/events/new?map={seat_map}"
    form = (await visit(client, new)).form("/events/new")
    return await press(client, new, form, ("act", act), name="Play", stored=seat_map)


def number_of(made: httpx2.Response) -> str:
    return made.url.path.rpartition("/")[2]


async def keep(client: httpx2.AsyncClient, name: str = "Great hall", plan: str = SMALL) -> str:
    """Keep a seat map. Return the path of its page."""
    made = await ask(client, "/organise/venues", "/venues", name, plan)
    assert "The seat map is kept." in Page(made.text).text
    return made.url.path


async def test_a_map_is_kept_and_an_event_begins_with_it(client: httpx2.AsyncClient) -> None:
    at = await keep(client)
    assert "Great hall" in (await visit(client, "/organise/venues")).text
    assert "6 places" in Page((await new_event(client, at, "preview")).text).text
    number = number_of(await new_event(client, at))
    assert (await client.get(f"/v1/events/{number}")).json()["capacity"] == 6


async def test_a_version_never_changes_and_events_keep_theirs(client: httpx2.AsyncClient) -> None:
    at = await keep(client)
    first = number_of(await new_event(client, at))
    newer = Page((await ask(client, at, "/versions", "Great hall, larger", LARGE)).text)
    assert "Version 2, the newest." in newer.text
    assert "12 places" in newer.text
    old = await visit(client, f"{at}?version=1")
    assert "Version 1, an older one." in old.text
    assert "6 places" in old.text
    second = number_of(await new_event(client, at))
    capacities = [(await client.get(f"/v1/events/{each}")).json()["capacity"] for each in (first, second)]
    assert capacities == [6, 12]


@pytest.mark.parametrize(
    ("name", "plan", "says"),
    [
        ("", SMALL, "Write a name."),
        ("Hall", "", "Paste a plan"),
        ("Hall", "{", "The plan is not JSON"),
        ("Hall", "A-1-1\nA-1-1", "The plan cannot be used"),
    ],
)
async def test_what_cannot_be_kept_is_said_and_stays_typed(
    client: httpx2.AsyncClient, name: str, plan: str, says: str
) -> None:
    refused = await ask(client, "/organise/venues", "/venues", name, plan)
    page = Page(refused.text)
    assert (refused.status_code, says in page.text) == (422, True), page.text
    assert (await client.get("/v1/seat-maps")).json()["items"] == []


@pytest.mark.parametrize("role", ROLES)
async def test_only_managers_keep_maps(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    at = await keep(client)
    may = role in ("owner", "manager")
    form = {"form_key": "00000000-0000-4000-8000-000000000001", "name": "Other", "plan": LARGE}
    async with at_work(app, database_url, role) as browser:
        assert bool((await visit(browser, "/organise/venues")).forms) is may
        for path in ("/organise/venues", f"{at}/versions"):
            assert (await browser.post(path, data=form)).status_code == (303 if may else 403)


async def test_the_map_of_another_organisation_is_not_found(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    at = await keep(client)
    async with at_work(app, database_url, "owner", organisation=2) as browser:
        assert (await browser.get(at)).status_code == 404
        assert "Great hall" not in (await visit(browser, "/organise/venues")).text
