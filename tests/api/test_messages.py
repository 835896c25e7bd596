"""Messages to everybody who has booked: a preview first, and one mail for each reader and message.

The kind of fault: a person who gets a message twice, or for a booking that is cancelled; words that leave before
anybody has seen them; and a message without its entry in the audit.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.api import event_messages
from holdfast.http.application import Application
from holdfast.workers.job_runner import JobRunner
from support.http_app import delivery_of
from support.http_sales import confirm, make_event, place
from support.people import mails_to, make_account, make_member, signed_in

Json = dict[str, Any]
WORDS = {"subject": "Doors open earlier", "paragraphs": ["Please come at seven.", "Bring a coat."]}


async def sold(client: httpx2.AsyncClient, *emails: str | None, **given: Any) -> tuple[Json, list[Json]]:
    event = await make_event(client, capacity=100, **given)
    made = []
    for email in emails:
        hold = await place(client, event, buyer={"email": email} if email else None)
        made.append(await confirm(client, hold))
    return event, made


async def send(client: httpx2.AsyncClient, event: Json, words: Json = WORDS) -> Json:
    answer = await client.post(f"/v1/events/{event['number']}/messages", json=words)
    assert answer.status_code == 202, answer.text
    sent: Json = answer.json()
    return sent


async def work(app: Application) -> None:
    """Do all jobs that are due."""
    runner = JobRunner(delivery_of(app))
    while await runner.run_once():
        await runner.drain()


async def listed(client: httpx2.AsyncClient, event: Json) -> list[Json]:
    found: list[Json] = (await client.get(f"/v1/events/{event['number']}/messages")).json()["items"]
    return found


async def test_each_reader_gets_a_message_once(app: Application, client: httpx2.AsyncClient) -> None:
    event, bookings = await sold(
        client, "ada@example.org", "ADA@example.org", "grace@example.org", "zoe@example.org", None
    )
    await client.post(f"/v1/bookings/{bookings[3]['id']}/cancel")
    for _ in range(3):
        await send(client, event)
        await work(app)
    counted = [len(await mails_to(app, f"{name}@example.org")) for name in ("grace", "zoe")]
    assert counted == [1, 0]
    ada = await mails_to(app, "ada@example.org") + await mails_to(app, "ADA@example.org")
    assert ada == ["Doors open earlier"]
    (message,) = await listed(client, event)
    assert (message["sent"], message["waiting"], message["parked"]) == (2, 0, 0)
    assert message["is_complete"]


async def test_other_words_are_another_message(app: Application, client: httpx2.AsyncClient) -> None:
    event, _ = await sold(client, "ada@example.org")
    await send(client, event)
    await send(client, event, {"subject": "And now?", "paragraphs": ["Nothing."]})
    await work(app)
    assert sorted(await mails_to(app, "ada@example.org")) == ["And now?", "Doors open earlier"]
    assert [message["subject"] for message in await listed(client, event)] == [
        "And now?",
        "Doors open earlier",
    ]


async def test_a_preview_says_who_reads_what_and_sends_nothing(
    app: Application, client: httpx2.AsyncClient
) -> None:
    event, _ = await sold(client, "ada@example.org", "ADA@example.org", "grace@example.org", None)
    at = f"/v1/events/{event['number']}/messages/preview"
    preview = (await client.post(at, json=WORDS)).json()
    assert (preview["people"], preview["without_address"], preview["sent_before"]) == (2, 1, False)
    assert "Please come at seven." in preview["text"]
    assert "Concert" in preview["text"]
    await work(app)
    assert await mails_to(app, "ada@example.org") == []
    await send(client, event)
    assert (await client.post(at, json=WORDS)).json()["sent_before"]


async def test_a_mail_without_a_real_address_is_parked(app: Application, client: httpx2.AsyncClient) -> None:
    event, _ = await sold(client, "ada@-", "grace@example.org")
    await send(client, event)
    await work(app)
    (message,) = await listed(client, event)
    assert (message["sent"] + message["parked"], message["waiting"]) == (2, 0)


async def test_many_bookings_are_written_page_by_page(
    app: Application, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_messages, "_PAGE", 2)
    event, _ = await sold(client, *(f"reader{number}@example.org" for number in range(5)))
    await send(client, event)
    await work(app)
    assert [len(await mails_to(app, f"reader{number}@example.org")) for number in range(5)] == [1] * 5
    (message,) = await listed(client, event)
    assert (message["sent"], message["is_complete"]) == (5, True)


async def test_a_buyer_with_an_account_gets_it_there(app: Application, client: httpx2.AsyncClient) -> None:
    event, _ = await sold(client)
    await make_account(app, "ada")
    async with signed_in(app, "ada") as ada:
        hold = await place(ada, event)
        await confirm(ada, hold)
    await send(client, event)
    await work(app)
    assert "Doors open earlier" in await mails_to(app, "ada@example.org")


async def test_nobody_is_written_to_about_a_rehearsal(app: Application, client: httpx2.AsyncClient) -> None:
    event, _ = await sold(client, "ada@example.org", rehearsal=True)
    await send(client, event)
    await work(app)
    assert await mails_to(app, "ada@example.org") == []


async def test_the_audit_says_who_sent_it_once(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    event, _ = await sold(client, "ada@example.org")
    await make_member(app, database_url, "olga", "owner")
    async with signed_in(app, "olga") as olga:
        for _ in range(2):
            await send(olga, event)
            await work(app)
        entries = (await olga.get("/v1/audit?action=message.sent")).json()["items"]
    assert [(entry["object"], entry["detail"]["subject"]) for entry in entries] == [
        (f"event:{event['number']}", "Doors open earlier")
    ]
    assert entries[0]["principal"].startswith("account:")


@pytest.mark.parametrize("role", ["box_office", "door", "reports"])
async def test_only_who_changes_events_writes(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    event, _ = await sold(client, "ada@example.org")
    await make_member(app, database_url, "otto", role)
    async with signed_in(app, "otto") as otto:
        for path in ("", "/preview"):
            answer = await otto.post(f"/v1/events/{event['number']}/messages{path}", json=WORDS)
            assert answer.status_code == 403
        assert (await otto.get(f"/v1/events/{event['number']}/messages")).status_code == 403
