"""The page that writes to everybody who has booked: nothing leaves before it was shown."""

from __future__ import annotations

from typing import Any

import httpx2

from api.test_messages import listed, sold, work
from holdfast.http.application import Application
from support.people import mails_to
from web.organise.staff import filled_in
from web.visitor import Page, press, visit

TEXT = "Please come\r\nat seven.\r\n\r\nBring a coat."


async def act(client: httpx2.AsyncClient, event: dict[str, Any], act: str, **typed: str) -> Page:
    at = f"/organise/events/{event['number']}/messages"
    form = (await visit(client, at)).form("/messages")
    return Page((await press(client, at, form, ("act", act), **typed)).text)


async def test_a_message_is_shown_and_then_sent(app: Application, client: httpx2.AsyncClient) -> None:
    event, _ = await sold(client, "ada@example.org", None)
    page = await act(client, event, "preview", subject="Doors open earlier")
    assert "Nothing is sent" in page.text
    at = f"/organise/events/{event['number']}/messages"
    form = (await visit(client, at)).form("/messages")
    shown = Page((await press(client, at, form, ("act", "preview"), ("text", TEXT), subject="Doors")).text)
    assert "Send to 1 person" in shown.text
    assert "Please come at seven." in shown.text
    assert "1 booking has no address" in shown.text
    sent = Page(
        (
            await press(client, at, shown.form("/messages"), ("act", "send"), ("text", TEXT), subject="Doors")
        ).text
    )
    assert "The message is on its way." in sent.text
    await work(app)
    assert await mails_to(app, "ada@example.org") == ["Doors"]
    assert (await listed(client, event))[0]["paragraphs"] == ["Please come at seven.", "Bring a coat."]


async def test_words_that_nobody_saw_are_shown_first(app: Application, client: httpx2.AsyncClient) -> None:
    event, _ = await sold(client, "ada@example.org")
    at = f"/organise/events/{event['number']}/messages"
    form = (await visit(client, at)).form("/messages")
    shown = Page((await press(client, at, form, ("act", "preview"), ("text", "One."), subject="One")).text)
    assert filled_in(shown, "/messages", "seen") != ""
    other = Page(
        (
            await press(client, at, shown.form("/messages"), ("act", "send"), ("text", "Two."), subject="Two")
        ).text
    )
    assert "Two." in other.text
    assert await listed(client, event) == []
