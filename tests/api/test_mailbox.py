"""The mailbox: mail with its secret links, which only open mode shows."""

from __future__ import annotations

from typing import Any

import httpx2

from holdfast.delivery.mail.letter import Letter, Link
from holdfast.http.application import Application
from support.delivering import run_due, runner_of
from support.http_app import KeyedClient, delivery_of


async def post(app: Application, count: int = 1) -> list[str]:
    """Post letters and keep them. Return the tokens of their links."""
    delivery = delivery_of(app)
    link = Link(label="Accept", path="/invitation", secret=True)
    tokens = []
    for at in range(count):
        letter = Letter(to=f"{at}@example.org", subject="Join us", paragraphs=["Hello."], link=link)
        job = await delivery.mailer.post(letter, cause=f"invitation:{at}")
        tokens.append(delivery.mailer.token_of(job.id))
    await run_due(runner_of(delivery))
    return tokens


async def test_open_mode_reads_the_mail_page_by_page(app: Application, client: httpx2.AsyncClient) -> None:
    tokens = await post(app, 5)
    found: list[dict[str, Any]] = []
    query = {"limit": "2"}
    while True:
        page = (await client.get("/v1/mailbox", params=query)).json()
        found += page["items"]
        if page["next"] is None:
            break
        query = {"limit": "2", "cursor": page["next"]}
    assert [mail["to"] for mail in found] == [f"{at}@example.org" for at in reversed(range(5))]
    for mail, token in zip(reversed(found), tokens, strict=True):
        assert f"/invitation#{token}" in mail["text"]
        assert mail["status"] == "done"
        assert mail["last_answer"].startswith("Kept")


async def test_no_key_and_no_guest_reads_the_mail(
    app: Application, keyed_client: KeyedClient, guest: httpx2.AsyncClient
) -> None:
    """A link signs its bearer in, and a key belongs to a program."""
    (token,) = await post(app)
    staff = await keyed_client("organise", "read", "sell")
    for caller, status in ((staff, 403), (guest, 401)):
        answer = await caller.get("/v1/mailbox")
        assert answer.status_code == status
        assert token not in answer.text
