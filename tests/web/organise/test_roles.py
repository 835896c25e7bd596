"""Roles and the organiser's pages: those who see a button may press it, and nobody else can call its route.

It goes over every route below `/organise`, so a page that comes later is tried, too.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.access.permissions import Role, of_role
from holdfast.http.application import Application
from holdfast.http.routes import Endpoint
from support.http_sales import SEATS, confirm, make_event, place
from web.organise.staff import ROLES, at_work
from web.visitor import Page

FORM = {"form_key": "00000000-0000-4000-8000-000000000001"}
ONLY_IN_OPEN_MODE = "/organise/mailbox"


def routes_of(app: Application) -> list[Endpoint]:
    found = [one for one in app.endpoints if one.path.startswith("/organise")]
    assert len(found) > 40
    return found


def pattern_of(app: Application, method: str, path: str) -> Endpoint:
    """Return the route of an address."""
    asked = path[path.index("organise") :].partition("?")[0].split("/")

    def fits(one: Endpoint) -> int:
        known = one.path.strip("/").split("/")
        if one.method != method or len(known) != len(asked):
            return -1
        pairs = list(zip(known, asked, strict=True))
        same = sum(name == part for name, part in pairs)
        return same if all(name == part or name.startswith("{") for name, part in pairs) else -1

    best = max(app.endpoints, key=fits)
    assert fits(best) >= 0, path
    return best


async def sold(client: httpx2.AsyncClient) -> dict[str, Any]:
    """Return what stands for each name in a path."""
    event = await make_event(client, seat_map=SEATS, areas=[{"name": "lawn", "capacity": 9}])
    buyer = {"name": "Ada Lovelace", "email": "ada@example.org"}
    hold = await place(client, event, {"seats": ["A-1-1", "A-1-2"]}, buyer=buyer)
    booking = (await confirm(client, hold))["id"]
    return {"event": event["number"], "booking": booking, "ticket": 1, "member": 1, "key": "k3v9x0q2m7ab"}


def filled(path: str, known: dict[str, Any]) -> str:
    for name in ("block", "webhook", "delivery", *known):
        path = path.replace(f"{{{name}}}", str(known.get(name, known["booking"])))
    return path


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_calls_what_it_may_and_nothing_else(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    known = await sold(client)
    before = (await client.get(f"/v1/events/{known['event']}/availability")).json()
    granted = of_role(Role(role))
    async with at_work(app, database_url, role) as browser:
        for route in routes_of(app):
            at = filled(route.path, known)
            if route.policy not in granted:
                answer = await browser.request(
                    route.method, at, data=FORM if route.method == "POST" else None
                )
                assert answer.status_code == 403, f"{route.method} {at}"
            elif route.method == "GET" and at != ONLY_IN_OPEN_MODE:
                assert (await browser.get(at)).status_code != 403, at
    after = (await client.get(f"/v1/events/{known['event']}/availability")).json()
    assert (after["version"], after["booked"]) == (before["version"], before["booked"])


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_sees_no_button_and_no_link_that_it_may_not_use(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    known, granted = await sold(client), of_role(Role(role))
    looked_at = set()
    async with at_work(app, database_url, role) as browser:
        for route in routes_of(app):
            answer = await browser.get(filled(route.path, known)) if route.method == "GET" else None
            if answer is None or answer.status_code != 200 or "html" not in answer.headers["content-type"]:
                continue
            page = Page(answer.text)
            looked_at.add(route.path)
            targets = [
                ("POST", form.action)
                for form in page.forms
                if form.action and "form_key" in dict(form.fields)
            ]
            targets += [("GET", link) for link in page.links if "organise" in link]
            for method, path in targets:
                needed = pattern_of(app, method, path).policy
                assert needed in granted, f"{role} sees {method} {path} on {route.path}"
    assert len(looked_at) >= 5
