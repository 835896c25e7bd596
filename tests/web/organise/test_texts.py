"""Texts of the organiser's pages: each comes from a catalogue, and so has its German.

The pseudo-language puts each text of ours in brackets. What people and programs wrote stands in `<bdi>` or `<code>`.
"""

from __future__ import annotations

import re

import httpx2
import pytest

from holdfast.access.permissions import Scope
from support.http_sales import confirm, make_event, place
from web.test_languages import Texts, pseudo
from web.visitor import press, visit

__all__ = ["pseudo"]

HALL = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 5, "category": "7"}]}
OF_OTHERS = re.compile(
    r"<bdi>[^<]*</bdi>|<code[^>]*>[^<]*</code>|value=\"[^\"]*\"|<textarea[^>]*>[^<]*</textarea>"
)


async def pages_of_the_office(client: httpx2.AsyncClient) -> dict[str, str]:
    """Return each page, and what it says of a refusal and of a success."""
    found: dict[str, str] = {}

    async def see(path: str) -> None:
        answer = await client.get(f"/organise{path}")
        assert answer.status_code == 200, path
        found[path] = answer.text

    async def do(path: str, ending: str, *more: tuple[str, str], **typed: str) -> None:
        page = await visit(client, f"/organise{path}")
        found[f"{path} {ending} {more}"] = (
            await press(client, f"/organise{path}", page.form(ending), *more, **typed)
        ).text

    await see("")
    event = await make_event(client, name="123", seat_map=HALL, areas=[{"name": "5", "capacity": 9}])
    number = event["number"]
    await make_event(client, name="4", status="draft", max_per_hold=2)
    hold = await place(client, event, {"seats": ["A-1-1"]}, buyer={"name": "1", "email": "1@1.11"})
    booking = (await confirm(client, hold))["id"]
    await place(client, event, {"area": "5", "quantity": 2})
    for path in ("", "?q=9", "/events/new", f"/events/new?like={number}", f"/events/{number}"):
        await see(path)
    for act in ("publish", "preview", "more"):
        await do("/events/new", "events/new", ("act", act), kind="rows")
    await do("/events/new", "events/new", ("act", "publish"), ("plan", "A1\nA1"), kind="plan", name="1")
    weekly = {"repeat": "week", "repeat_count": "20", "starts_at": "2031-03-28T19:30"}
    await do("/events/new", "events/new", ("act", "preview"), **weekly)
    await do("/events/new", "events/new", ("act", "publish"), repeat="day")
    await see("/venues")
    await do("/venues", "/venues", ("plan", ""), name="1")
    await do("/venues", "/venues", ("plan", "1-1"), name="")
    await do("/venues", "/venues", ("plan", "1-1\n1-2"), name="1")
    kept = (await client.get("/v1/seat-maps")).json()["items"][0]["id"]
    await do(f"/venues/{kept}", "/versions", ("plan", "1-1\n1-2\n1-3"), name="1")
    for path in (f"/venues/{kept}?version=1", f"/events/new?map={kept}", f"/events/{number}?span=day"):
        await see(path)
    await see(f"/events/{number}?span=month")
    for path in ("change", "cancel", "seats", "bookings", "bookings?q=9"):
        await see(f"/events/{number}/{path}")
    await do(f"/events/{number}/change", "/change", name="")
    await do(f"/events/{number}/change", "/change", name="6")
    await do(f"/events/{number}/seats", "/rows", section="A", rows="1")
    await do(f"/events/{number}/seats", "/rows", section="A", rows="77")
    await do(f"/events/{number}/seats", "/rows", section="A", rows="2")
    await do(f"/events/{number}/seats", "/lift")
    await do(f"/events/{number}/seats", "/area", quantity="x")
    await do(f"/events/{number}/messages", "/messages", ("act", "preview"))
    words = ("text", "1"), ("act", "preview")
    await do(f"/events/{number}/messages", "/messages", *words, subject="1")
    await client.post(f"/v1/events/{number}/messages", json={"subject": "1", "paragraphs": ["1"]})
    await do(f"/events/{number}/messages", "/messages", *words, subject="1")
    await see(f"/events/{number}/messages?done=send")
    await see(f"/bookings/{booking}")
    await do(f"/events/{number}/counter", "/counter", what="x")
    await do(f"/events/{number}/counter", "/counter", what="2", name="1")
    await see(f"/events/{number}/counter?nothing=1")
    await do(f"/bookings/{booking}/places", "/exchange")
    await do(f"/bookings/{booking}/places", "/exchange", best="7")
    await do(f"/bookings/{booking}/places", "/exchange", ("seats", "A-1-1"), new_seats="A-1-2")
    for ending in ("/mail", "/reissue", "/cancel"):
        await do(f"/bookings/{booking}", ending)
    await do(f"/events/{number}", "/stop")
    await do(f"/events/{number}", "/resume")
    await do(f"/events/{number}/cancel", "/cancel")
    for path in ("team", "webhooks", "audit", "mailbox"):
        await see(f"/{path}")
    await do("/team", "/invite", ("role", "door"), email="1")
    await do("/team", "/invite", ("role", "door"), email="1@1.11")
    await do("/webhooks", "/webhooks", url="")
    await do("/webhooks", "/webhooks", url="https://93.184.216.34/9")
    (webhook,) = (await client.get("/v1/webhooks")).json()["items"]
    for ending in ("/test", "/pause", "/enable", "/delete"):
        await do(f"/webhooks/{webhook['id']}", ending)
    await see("/keys")
    await do("/keys", "/keys", name="1")
    await do("/keys", "/keys", ("scopes", "read"), name="1", last_day="x")
    await do("/keys", "/keys", ("scopes", "read"), name="1", last_day="2001-05-04")
    await do("/keys", "/keys", *(("scopes", scope) for scope in Scope), name="1", last_day="2031-05-04")
    return found


@pytest.mark.usefixtures("pseudo")
async def test_every_text_of_the_organiser_comes_from_a_catalogue(client: httpx2.AsyncClient) -> None:
    found = {
        name: Texts(OF_OTHERS.sub("", page)).outside
        for name, page in (await pages_of_the_office(client)).items()
    }
    assert {name: outside for name, outside in found.items() if outside} == {}
