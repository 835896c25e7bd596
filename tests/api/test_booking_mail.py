"""Booking mail: each booking's buyer is mailed once when it is made and once when it ends.

The kind: every way in which a booking begins or ends, with a mail address or without one. Bookings begin by the
confirmation of a hold and, without an address, by the instant routes of the dialects. They end alone, or with their
event. The ways were found by `new_bookings`, `cancelled_bookings` and `EventStatus.CANCELLED` in `inventory/rules`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr

from holdfast.api import booking_mail
from holdfast.api.request import Request
from holdfast.delivery.mail.mailer import Mail
from holdfast.http.application import Application
from holdfast.inventory.rules.commands import STAFF
from holdfast.tickets.pdf import PdfMaker
from holdfast.tickets.tickets import Tickets
from support.delivering import run_due, runner_of
from support.house_of import fetch
from support.http_app import KeyedClient, client_of, delivery_of, running_app
from support.http_sales import SEATS, Json, ask_booking, confirm, make_event, place
from support.mail_server import Inbox, mail_server
from support.people import make_account, signed_in
from support.printed import pages_of
from support.wallet_files import wallet_settings

ADA: Json = {"name": "Ada Lovelace", "email": "ada@example.org"}
SHOWN: Json = {
    "name": "The Paper Lighthouse",
    "venue": "Saltmarsh Arena",
    "time_zone": "Europe/Berlin",
    "starts_at": "2026-12-12T18:30:00Z",
}
KEY = {"Idempotency-Key": "0a6ff4ed-2a5c-4c4b-94a7-0c2c7f2f6a61"}


@pytest.fixture
async def mailing(database_url: str) -> AsyncIterator[Application]:
    async with running_app(database_url, booking_mail=True) as layer:
        yield layer


@pytest.fixture
async def shop(mailing: Application) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(mailing) as one:
        yield one


async def mails_of(layer: Application) -> list[Mail]:
    """Do every job, and return the mails, oldest first."""
    await run_due(runner_of(delivery_of(layer)))
    return list(reversed(await delivery_of(layer).mailer.list_mail(limit=1_000)))


@asynccontextmanager
async def posting(
    database_url: str, *, mode: str = "true", **chosen: Any
) -> AsyncIterator[tuple[Application, httpx2.AsyncClient, Inbox]]:
    """Yield a server that mails bookings, a client of it, and the mailboxes that it mails to."""
    async with (
        mail_server(Inbox()) as inbox,
        running_app(
            database_url,
            booking_mail=mode,
            smtp_url=SecretStr(f"smtp://127.0.0.1:{inbox.port}"),
            mail_from="Box office <tickets@example.org>",
            **chosen,
        ) as layer,
        client_of(layer) as shop,
    ):
        yield layer, shop, inbox


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def tickets_of(layer: Application) -> Tickets:
    assert issubclass(layer.request_class, Request)
    return layer.request_class.tickets


async def book(client: httpx2.AsyncClient, event: Json, *lines: Json, **buyer: Any) -> Json:
    return await confirm(client, await place(client, event, *lines), buyer=buyer or ADA)


async def test_a_booking_and_its_end_are_mailed_with_what_was_booked(
    mailing: Application, shop: httpx2.AsyncClient
):
    event = await make_event(shop, **SHOWN, seat_map=SEATS)
    booking = await book(shop, event, {"seats": ["A-1-1", "A-1-2"]})
    assert (await shop.post(f"/v1/bookings/{booking['id']}/cancel")).status_code == 200
    confirmed, cancelled = await mails_of(mailing)
    assert (confirmed.to, confirmed.subject) == ("ada@example.org", "Your booking: The Paper Lighthouse")
    for line in (
        "Your booking is confirmed.",
        f"Reference: {booking['reference']}",
        "Event: The Paper Lighthouse",
        "Starts: Saturday 12 December 2026, 19:30",
        "Venue: Saltmarsh Arena",
        "Booked: Seats A-1-1, A-1-2",
        "Name: Ada Lovelace",
    ):
        assert line in confirmed.text.splitlines()
    assert cancelled.subject == "Your booking is cancelled: The Paper Lighthouse"
    assert f"Reference: {booking['reference']}" in cancelled.text


async def test_each_change_of_a_booking_is_mailed(mailing: Application, shop: httpx2.AsyncClient):
    event = await make_event(shop, **SHOWN, seat_map=SEATS)
    booking = await book(shop, event, {"seats": ["A-1-1", "A-1-2"]})
    url = f"/v1/bookings/{booking['id']}"
    seat = {"seats": ["A-1-1"]}
    for label, returned in (("A-2-1", "A-1-1"), ("A-2-2", "A-2-1")):
        body = {"lines": [{"seats": [label]}], "returns": [{"seats": [returned]}]}
        assert (await shop.post(f"{url}/exchange", json=body)).status_code == 200
    assert (await shop.post(f"{url}/cancel", json={"lines": [{"seats": ["A-1-2"]}]})).status_code == 200
    assert (await shop.post(f"{url}/exchange", json={"lines": [seat], "returns": [seat]})).status_code == 409
    _, *changed = await mails_of(mailing)
    assert {mail.subject for mail in changed} == {"Your booking has changed: The Paper Lighthouse"}
    booked = [line for mail in changed for line in mail.text.splitlines() if line.startswith("Booked: ")]
    assert booked == [
        "Booked: Seat A-1-2; Seat A-2-1",
        "Booked: Seat A-1-2; Seat A-2-2",
        "Booked: Seat A-2-2",
    ]


async def test_the_job_is_there_with_the_answer(shop: httpx2.AsyncClient, database_url: str):
    """It is of the booking's own transaction: no worker has run."""
    booking = await book(shop, await make_event(shop))
    found = fetch(database_url, "SELECT key, event_number FROM jobs")
    assert found == [(f"mail:booking-confirmed:{booking['id']}:ada@example.org", booking["event_number"])]


async def test_each_booking_is_mailed_once_however_often_it_is_confirmed(
    mailing: Application, shop: httpx2.AsyncClient
):
    event = await make_event(shop)
    hold = await place(shop, event)
    answers = await asyncio.gather(*(ask_booking(shop, hold, buyer=ADA) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200, 201}
    booking = answers[0].json()
    for _ in range(3):
        await shop.post(f"/v1/bookings/{booking['id']}/cancel")
    assert [mail.subject for mail in await mails_of(mailing)] == [
        "Your booking: Concert",
        "Your booking is cancelled: Concert",
    ]


async def test_bookings_of_many_events_at_once_are_all_mailed(mailing: Application, shop: httpx2.AsyncClient):
    """They share transactions."""
    holds = [await place(shop, await make_event(shop, name=f"Concert {n}")) for n in range(12)]
    await asyncio.gather(*(confirm(shop, hold, buyer=ADA) for hold in holds))
    subjects = {mail.subject for mail in await mails_of(mailing)}
    assert subjects == {f"Your booking: Concert {n}" for n in range(12)}


async def test_the_address_of_the_hold_is_enough(mailing: Application, shop: httpx2.AsyncClient):
    await confirm(shop, await place(shop, await make_event(shop), buyer=ADA))
    (mail,) = await mails_of(mailing)
    assert mail.to == "ada@example.org"


async def test_a_signed_in_buyer_is_mailed_at_the_address_of_the_account(
    mailing: Application, shop: httpx2.AsyncClient
):
    """Unless the booking has another one. The address is that of the time when the mail is made."""
    event = await make_event(shop)
    await make_account(mailing, "grace")
    async with signed_in(mailing, "grace") as grace:
        line = {"event": event["number"], "lines": [{"quantity": 1}]}
        booked = []
        for buyer in ({}, {"buyer": {"email": "other@example.org"}}, {}):
            hold = (await grace.post("/v1/holds", json=line)).json()
            made = await grace.post("/v1/bookings", json={"hold": hold["id"], **buyer})
            assert made.status_code == 201, made.text
            booked.append(made.json())
    await shop.post(f"/v1/bookings/{booked[0]['id']}/cancel")
    first = {(mail.to, mail.subject) for mail in await mails_of(mailing)}
    assert first == {
        ("grace@example.org", "Your booking: Concert"),
        ("grace@example.org", "Your booking is cancelled: Concert"),
        ("other@example.org", "Your booking: Concert"),
    }
    again = await shop.post(f"/v1/bookings/{booked[2]['id']}/mail")
    assert again.json()["to"] == "grace@example.org"
    await shop.post(f"/v1/events/{event['number']}/cancel")
    assert [mail.to for mail in await mails_of(mailing) if mail.subject == "Cancelled: Concert"].count(
        "grace@example.org"
    ) == 1


async def test_nobody_is_mailed_without_an_address_or_in_a_rehearsal(
    mailing: Application, shop: httpx2.AsyncClient
):
    nameless = await book(shop, await make_event(shop), name="Ada")
    await shop.post(f"/v1/bookings/{nameless['id']}/cancel")
    rehearsal = await book(shop, await make_event(shop, rehearsal=True))
    await shop.post(f"/v1/bookings/{rehearsal['id']}/cancel")
    assert await mails_of(mailing) == []


async def test_without_the_setting_nothing_is_written(client: httpx2.AsyncClient, database_url: str):
    booking = await book(client, await make_event(client))
    await client.post(f"/v1/bookings/{booking['id']}/cancel")
    await client.post(f"/v1/events/{booking['event_number']}/cancel")
    assert fetch(database_url, "SELECT kind FROM jobs") == []


async def test_a_refused_booking_mails_nobody(mailing: Application, shop: httpx2.AsyncClient):
    event = await make_event(shop)
    hold = await place(shop, event, buyer=ADA)
    await shop.post(f"/v1/events/{event['number']}/cancel")
    assert (await ask_booking(shop, hold, buyer=ADA)).status_code == 410
    assert await mails_of(mailing) == []


async def test_a_letter_that_fails_costs_no_sale(
    mailing: Application, shop: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug in a letter")

    monkeypatch.setattr(booking_mail, "letter_of", fail)
    booking = await book(shop, await make_event(shop))
    assert booking["status"] == "confirmed"
    assert await mails_of(mailing) == []


async def test_the_buyers_of_a_cancelled_event_are_mailed_page_by_page(
    mailing: Application, shop: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    """Each once, though a worker does every page again. Who had cancelled before gets no second mail."""
    monkeypatch.setattr(booking_mail, "_PAGE", 2)
    event = await make_event(shop)
    bookings = [await book(shop, event, email=f"{n}@example.org") for n in range(5)]
    await book(shop, event, name="Nobody")
    await shop.post(f"/v1/bookings/{bookings[0]['id']}/cancel")
    await mails_of(mailing)
    assert (await shop.post(f"/v1/events/{event['number']}/cancel")).status_code == 200
    jobs = delivery_of(mailing).jobs
    for _ in range(2):
        await mails_of(mailing)
        for job in await jobs.list_jobs(kind=booking_mail.ANNOUNCEMENT, limit=100):
            assert await jobs.retry(job.id)
    mails = [mail for mail in await mails_of(mailing) if mail.subject == "Cancelled: Concert"]
    assert sorted(mail.to for mail in mails) == [f"{n}@example.org" for n in range(1, 5)]
    assert all("does not take place" in mail.text for mail in mails)


async def test_staff_mail_a_booking_once_more(client: httpx2.AsyncClient, app: Application):
    """It needs no setting. The letter says how the booking is now."""
    booking = await book(client, await make_event(client))
    path = f"/v1/bookings/{booking['id']}/mail"
    for headers in ({}, KEY, KEY):
        answer = await client.post(path, headers=headers)
        assert (answer.status_code, answer.json()) == (
            202,
            {"to": "ada@example.org", "subject": "Your booking: Concert"},
        )
    assert [mail.subject for mail in await mails_of(app)] == ["Your booking: Concert"] * 2
    await client.post(f"/v1/events/{booking['event_number']}/cancel")
    assert (await client.post(path)).json()["subject"] == "Cancelled: Concert"
    await client.post(f"/v1/bookings/{booking['id']}/cancel")
    assert (await client.post(path)).json()["subject"] == "Your booking is cancelled: Concert"


async def test_who_may_mail_a_booking(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient, keyed_client: KeyedClient
):
    """Its buyer may not, and a foreign booking is no booking."""
    event = await make_event(client)
    hold = await place(client, event)
    booking = await confirm(client, hold, buyer=ADA)
    nameless = await confirm(client, await place(client, event))
    path = f"/v1/bookings/{booking['id']}/mail"
    token = {"Hold-Token": hold["hold_token"]}
    assert (await guest.post(path, headers=token)).status_code == 401
    assert (await (await keyed_client("sell")).post(path)).status_code == 403
    organiser = await keyed_client("organise")
    assert (await organiser.post(path)).status_code == 202
    stranger = await keyed_client("organise", organisation=2)
    missing = await organiser.post(f"/v1/bookings/{booking['id'][:-4]}0000/mail")
    for absent in (await stranger.post(path), missing):
        assert (absent.status_code, absent.json()["code"]) == (404, "booking_not_found")
    refused = await organiser.post(f"/v1/bookings/{nameless['id']}/mail")
    assert (refused.status_code, refused.json()["code"]) == (422, "buyer_required")
    assert refused.json()["detail"] == "The booking has no mail address."


async def test_the_mail_server_gets_each_letter_with_its_jobs_id(database_url: str):
    async with posting(database_url) as (layer, shop, inbox):
        booking = await book(shop, await make_event(shop, name="Zoë's night"))
        await run_due(runner_of(delivery_of(layer)))
        ((id,),) = fetch(database_url, "SELECT id FROM jobs")
        (mail,) = inbox.mails
        assert mail["Message-ID"] == f"<{id}@example.org>"
        assert mail["To"] == "ada@example.org"
        assert booking["reference"] in text_of(mail)


PUBLIC = "https://tickets.example/shop"


async def test_the_mail_has_the_tickets_and_opens_their_page(database_url: str):
    """In any browser, as often as the buyer wants. A mail of staff does, too; one of the end does not."""
    async with posting(database_url, public_url=PUBLIC) as (layer, shop, inbox):
        booking = await book(shop, await make_event(shop, seat_map=SEATS), {"seats": ["A-1-1", "A-1-2"]})
        await shop.post(f"/v1/bookings/{booking['id']}/mail")
        await run_due(runner_of(delivery_of(layer)))
        codes = [
            each.code for each in (await tickets_of(layer).read(UUID(booking["id"]), STAFF, limit=9)).tickets
        ]
        assert len(inbox.mails) == 2
        for mail in inbox.mails:
            (pdf,) = mail.iter_attachments()
            assert pdf.get_filename() == f"tickets-{booking['reference']}.pdf"
            assert [page.codes for page in pages_of(pdf.get_content())] == [[code] for code in codes]
            assert "Your tickets are attached." in text_of(mail)
            (secret,) = re.findall(rf"{PUBLIC}/my/open#(\S+)", text_of(mail))
            html = mail.get_body(("html",))
            assert html is not None
            assert f'href="{PUBLIC}/my/open#{secret}"' in html.get_content()
            async with client_of(layer, origin="http://localhost") as phone:
                opened = await phone.post("/my/open", data={"token": secret}, follow_redirects=True)
            assert opened.url.path == f"/my/bookings/{booking['id']}"
            assert "Ticket 1 of 2" in opened.text
        await shop.post(f"/v1/bookings/{booking['id']}/cancel")
        await run_due(runner_of(delivery_of(layer)))
        assert list(inbox.mails[2].iter_attachments()) == []
        assert PUBLIC not in text_of(inbox.mails[2])


@pytest.mark.parametrize("wallets", [True, False])
async def test_the_mail_says_that_its_page_adds_tickets_to_a_wallet(database_url: str, *, wallets: bool):
    async with posting(database_url, public_url=PUBLIC, **(wallet_settings() if wallets else {})) as given:
        layer, shop, inbox = given
        await book(shop, await make_event(shop))
        await run_due(runner_of(delivery_of(layer)))
        html = inbox.mails[0].get_body(("html",))
        assert html is not None
        for text in (text_of(inbox.mails[0]), html.get_content()):
            assert ("wallet of your phone" in text) is wallets


async def test_the_mail_links_each_ticket_of_a_server_with_wallets(database_url: str):
    """A ticket's page has its passes. A server without wallets has nothing more to offer there."""
    async with posting(database_url, public_url=PUBLIC, **wallet_settings()) as (layer, shop, inbox):
        await book(shop, await make_event(shop))
        await run_due(runner_of(delivery_of(layer)))
        tokens = re.findall(rf"{PUBLIC}/my/ticket#([\w-]+)", text_of(inbox.mails[0]))
        html = inbox.mails[0].get_body(("html",))
        assert html is not None
        assert len(tokens) == html.get_content().count("/my/ticket#") > 0
        for token in tokens:
            used = await shop.post("/v1/ticket-links/use", json={"token": token})
            assert used.status_code == 200, used.text
            assert used.json()["code"]


async def test_a_mail_with_links_alone_has_no_pdf_and_opens_the_tickets(database_url: str):
    """Staff who send it again attach none, either."""
    async with posting(database_url, public_url=PUBLIC, mode="link") as (layer, shop, inbox):
        booking = await book(shop, await make_event(shop))
        await shop.post(f"/v1/bookings/{booking['id']}/mail")
        await run_due(runner_of(delivery_of(layer)))
        assert len(inbox.mails) == 2
        for mail in inbox.mails:
            assert list(mail.iter_attachments()) == []
            assert "Your tickets are on the page of your booking." in text_of(mail)
            assert f"{PUBLIC}/my/open#{booking['id']}." in text_of(mail)


@pytest.mark.parametrize("program", [("false",), ("sleep", "600")], ids=["fails", "is late"])
async def test_a_mail_waits_for_no_pdf_and_says_where_the_tickets_are(
    database_url: str, program: tuple[str, ...]
):
    """The kind is "the PDF is not there when the mail must go": it fails, or it is late. The mail has no link either,
    because strangers do not know this server's address."""
    async with posting(database_url) as (layer, shop, inbox):
        tickets_of(layer).pdf_of_mail = PdfMaker(max_seconds=0.2, program=program)
        await book(shop, await make_event(shop))
        await run_due(runner_of(delivery_of(layer)))
        (mail,) = inbox.mails
        assert list(mail.iter_attachments()) == []
        assert "attached" not in text_of(mail)
        assert "You find it in the shop under “My booking”" in text_of(mail)
        assert "#" not in text_of(mail)
        assert fetch(database_url, "SELECT status, attempts FROM jobs") == [("done", 1)]


@pytest.mark.parametrize(("quantity", "ends"), [(101, False), (1, True)], ids=["too many", "void"])
async def test_tickets_that_no_pdf_can_have_are_not_attached(database_url: str, quantity: int, ends: bool):
    """More than one PDF prints, and those of a booking that ended before its mail left."""
    async with posting(database_url) as (layer, shop, inbox):
        booking = await book(
            shop, await make_event(shop, capacity=200, max_per_hold=200), {"quantity": quantity}
        )
        if ends:
            await shop.post(f"/v1/bookings/{booking['id']}/cancel")
        await run_due(runner_of(delivery_of(layer)))
        for mail in inbox.mails:
            assert list(mail.iter_attachments()) == []
        assert len(inbox.mails) == 1 + ends


async def test_a_booking_that_no_token_opens_has_no_link(database_url: str):
    """Such as one from before the server key changed, or from the command line."""
    async with posting(database_url, public_url=PUBLIC) as (layer, shop, inbox):
        booking = await book(shop, await make_event(shop))
        fetch(database_url, "UPDATE holds SET token_hash = NULL RETURNING id")
        await shop.post(f"/v1/bookings/{booking['id']}/mail")
        tickets_of(layer).pdf_of_mail = PdfMaker(program=("false",))
        await run_due(runner_of(delivery_of(layer)))
        (again,) = [mail for mail in inbox.mails if PUBLIC not in text_of(mail)]
        assert "The box office prints your tickets" in text_of(again)
        assert len(inbox.mails) == 2
