"""What an organiser says of an event in its forms: a description and a poster, seen before they are saved.

The kind of fault: words or a picture that are lost on their way, that a change takes away unasked, and that a copy
leaves behind.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.http.application import Application
from support.delivering import run_due, runner_of
from support.http_app import delivery_of
from support.http_sales import make_event
from support.pictures import PICTURE, a_picture, text_of
from web.organise.test_new_event import AREAS, NEW, made
from web.visitor import Page, press, visit

TEXT = "## The band\n\nPlays *loud* <b>jazz</b>."


async def shown(client: httpx2.AsyncClient, number: object) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/events/{number}/presentation")).json()
    return found


async def change(
    client: httpx2.AsyncClient, number: object, *more: tuple[str, str], **typed: str
) -> httpx2.Response:
    at = f"/organise/events/{number}/change"
    return await press(client, at, (await visit(client, at)).form("/change"), *more, **typed)


async def test_a_new_event_has_what_was_written_and_chosen(client: httpx2.AsyncClient) -> None:
    page = await visit(client, NEW)
    answer = await press(
        client,
        NEW,
        page.form("events/new"),
        ("act", "publish"),
        ("description", TEXT.replace("\n", "\r\n")),
        name="Supper",
        poster=PICTURE,
        **AREAS,
    )
    found = await shown(client, answer.url.path.rpartition("/")[2])
    assert found["description"] == TEXT
    assert found["poster"] is not None


async def test_the_page_of_the_audit_says_who_changed_them(
    app: Application, client: httpx2.AsyncClient
) -> None:
    number = (await make_event(client))["number"]
    await change(client, number, ("description", TEXT), poster=PICTURE)
    await change(client, number, ("description", TEXT), ("drop_poster", "yes"))
    await run_due(runner_of(delivery_of(app)))
    page = (await visit(client, "/organise/audit")).text
    for action in ("description.changed", "poster.set", "poster.removed"):
        assert page.count(action) == 1, action
    assert page.count(f"event:{number}") == 3


async def test_an_event_without_them_writes_nothing(client: httpx2.AsyncClient) -> None:
    event = await made(client, name="Supper", **AREAS)
    assert (await shown(client, event["number"]))["changed_at"] is None


async def test_a_change_keeps_the_poster_until_it_is_dropped(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    number = event["number"]
    await change(client, number, ("description", TEXT), poster=PICTURE)
    before = await shown(client, number)
    assert (before["description"], before["poster"] is None) == (TEXT, False)
    page = await visit(client, f"/organise/events/{number}/change")
    assert "The band" in page.text, "the form shows it as the page does"
    await change(client, number, ("description", ""))
    after = await shown(client, number)
    assert (after["description"], after["poster"]) == ("", before["poster"])
    await change(client, number, ("drop_poster", "yes"))
    assert (await shown(client, number))["poster"] is None


async def test_another_poster_counts_more_than_its_removal(client: httpx2.AsyncClient) -> None:
    number = (await make_event(client))["number"]
    await change(client, number, poster=PICTURE)
    before = (await shown(client, number))["poster"]
    other = text_of(a_picture(colour=(200, 20, 20)))
    await change(client, number, ("drop_poster", "yes"), poster=other)
    after = (await shown(client, number))["poster"]
    assert after is not None
    assert after["path"] != before["path"]


async def test_a_copy_begins_with_both(client: httpx2.AsyncClient) -> None:
    number = (await make_event(client))["number"]
    await change(client, number, ("description", TEXT), poster=PICTURE)
    at = f"{NEW}?like={number}"
    page = await visit(client, at)
    assert "The band" in page.text
    answer = await press(
        client, at, page.form("events/new"), ("act", "draft"), ("description", TEXT), **AREAS
    )
    copy = answer.url.path.rpartition("/")[2]
    found, source = await shown(client, copy), await shown(client, number)
    assert found["description"] == TEXT
    assert found["poster"]["width"] == source["poster"]["width"]
    path = found["poster"]["path"]
    assert (await client.get(f"/{path}")).content == (
        await client.get(f"/{source['poster']['path']}")
    ).content


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("poster", text_of(b"<svg/>"), "Choose a PNG, JPEG or WebP picture"),
        ("poster", "%%%", "Choose a PNG, JPEG or WebP picture"),
        ("description", "a" * 10_001, "Write 10000 characters or fewer"),
        ("description", "a\u202eb", "without control characters"),
    ],
)
async def test_the_form_says_what_cannot_be_shown(
    client: httpx2.AsyncClient, field: str, value: str, says: str
) -> None:
    number = (await make_event(client))["number"]
    typed = {"poster": value} if field == "poster" else {}
    refused = await change(client, number, *(() if typed else ((field, value),)), **typed)
    assert refused.status_code == 422
    assert says in Page(refused.text).text
    assert (await shown(client, number))["changed_at"] is None


async def test_a_description_is_seen_before_it_is_saved(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/organise/description",
        content=str(httpx2.QueryParams({"description": TEXT + " <script>alert(1)</script>"})),
        headers={"content-type": "application/x-www-form-urlencoded", "origin": "http://localhost"},
    )
    assert answer.status_code == 200
    assert "<h3>The band</h3>" in answer.text
    assert "<script" not in answer.text
