"""Mail: each letter reaches its reader at least once, whatever the mail server does, and no secret is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from holdfast.delivery.delivery import Delivery
from holdfast.delivery.jobs import NewJob
from holdfast.delivery.mail.letter import Letter, Link
from holdfast.delivery.mail.mailer import MailSettings
from holdfast.delivery.mail.smtp import SmtpServer, parse_smtp_url
from support.delivering import a_delivery, pass_time, run_due, runner_of, status_of
from support.house_of import fetch
from support.mail_server import GREYLISTED, Inbox, mail_server

SENDER = "Box office <tickets@example.org>"


def a_letter(to: str = "ada@example.org", subject: str = "Your booking", **more: object) -> Letter:
    return Letter(to=to, subject=subject, paragraphs=["It is confirmed."], **more)  # type: ignore[arg-type]  # any member


def settings_of(port: int) -> MailSettings:
    server = SmtpServer(host="127.0.0.1", port=port, tls="none")
    return MailSettings(server=server, sender=SENDER, base_url="https://tickets.example")


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with mail_server(Inbox()) as opened:
        yield opened


@pytest.fixture
async def delivery(database_url: str, inbox: Inbox) -> AsyncIterator[Delivery]:
    async with a_delivery(database_url, mail=settings_of(inbox.port)) as opened:
        yield opened


async def post(delivery: Delivery, letter: Letter | None = None, cause: str = "a cause") -> NewJob:
    return await delivery.mailer.post(letter or a_letter(), cause=cause)


async def test_a_letter_arrives_as_text_and_html(delivery: Delivery, inbox: Inbox) -> None:
    facts = (("Reference", "02VW-BM8G"), ("Seats", "A-1-1 & A-1-2"))
    link = Link(label="Show the booking", path="/bookings/1")
    job = await post(delivery, a_letter(facts=facts, link=link, closing="You booked at example.org."))
    assert await run_due(runner_of(delivery)) == 1
    (mail,) = inbox.mails
    assert inbox.recipients == ["ada@example.org"]
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, "ada@example.org", "Your booking")
    assert mail["Message-ID"] == f"<{job.id}@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.tzinfo is not None
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    for part in (
        "It is confirmed.",
        "Reference: 02VW-BM8G",
        "https://tickets.example/bookings/1",
        "A-1-1 & A-1-2",
    ):
        assert part in text.get_content()
    page = html.get_content()
    for part in (
        'href="https://tickets.example/bookings/1"',
        "A-1-1 &amp; A-1-2",
        "You booked at example.org.",
    ):
        assert part in page
    assert '<p style="margin: 0 0 16px' in page, "mail readers drop style sheets"


async def test_hostile_texts_stay_texts(delivery: Delivery, inbox: Inbox) -> None:
    """A header, a tag and a template in what people type."""
    hostile = "<script>alert(1)</script>{{ 7 * 7 }}"
    letter = Letter(
        to="ada@example.org",
        subject=f"Hello\r\nBcc: eve@example.org {hostile}",
        paragraphs=[hostile],
        facts=[("Event", hostile)],
    )
    await post(delivery, letter)
    await run_due(runner_of(delivery))
    (mail,) = inbox.mails
    assert inbox.recipients == ["ada@example.org"]
    assert mail["Bcc"] is None
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "{{ 7 * 7 }}" in html.get_content()


@pytest.mark.parametrize(
    "to",
    [
        "", "nobody", "a@b@c", "ada@example.org, eve@example.org", "ada@example.org\r\nBcc: eve@example.org",
        "Ada <ada@example.org>", "@example.org", "ada@", "a" * 10_000,
    ],
)  # fmt: skip
async def test_what_is_not_one_address_is_parked(
    delivery: Delivery, inbox: Inbox, database_url: str, to: str
) -> None:
    job = await post(delivery, a_letter(to=to))
    await run_due(runner_of(delivery))
    assert status_of(database_url, job.id) == ("parked", 1, "This is not one mail address.")
    assert inbox.mails == []


async def test_greylisting_delays_a_mail(delivery: Delivery, inbox: Inbox, database_url: str) -> None:
    inbox.at_recipient = [GREYLISTED, GREYLISTED]
    job = await post(delivery)
    runner = runner_of(delivery)
    await run_due(runner)
    assert status_of(database_url, job.id) == ("due", 1, GREYLISTED)
    pass_time(database_url, "6 seconds")
    await run_due(runner)
    pass_time(database_url, "6 minutes")
    await run_due(runner)
    assert status_of(database_url, job.id)[:2] == ("done", 3)
    assert len(inbox.mails) == 1
    assert [attempt.code for attempt in await delivery.jobs.list_attempts(job.id)] == [451, 451, 250]


@pytest.mark.parametrize("stage", ["recipient", "data"])
async def test_a_refusal_for_good_parks_a_mail(
    delivery: Delivery, inbox: Inbox, database_url: str, stage: str
) -> None:
    """And it delays no mail to others."""
    refusal = "550 5.1.1 No such user"
    (inbox.at_recipient if stage == "recipient" else inbox.at_data).append(refusal)
    refused = await post(delivery)
    runner = runner_of(delivery, at_once=1)
    await run_due(runner)
    assert status_of(database_url, refused.id) == ("parked", 1, refusal)
    assert await post(delivery, a_letter("eve@example.org"))
    await run_due(runner)
    assert inbox.recipients == ["eve@example.org"]


async def test_a_cut_after_the_data_sends_the_same_mail_again(
    delivery: Delivery, inbox: Inbox, database_url: str
) -> None:
    """The server may have taken the first copy, and it had. Both copies are one message to a mail reader."""
    inbox.cuts = 1
    job = await post(delivery)
    runner = runner_of(delivery)
    await run_due(runner)
    assert status_of(database_url, job.id)[:2] == ("due", 1)
    pass_time(database_url, "6 seconds")
    await run_due(runner)
    assert status_of(database_url, job.id)[:2] == ("done", 2)
    assert [mail["Message-ID"] for mail in inbox.mails] == [f"<{job.id}@example.org>"] * 2
    assert inbox.mails[0]["Date"] == inbox.mails[1]["Date"]


async def test_a_server_that_is_away_for_an_hour_loses_no_mail(database_url: str) -> None:
    inbox = Inbox()
    async with mail_server(inbox):
        pass  # its port is closed from now on
    async with a_delivery(database_url, mail=settings_of(inbox.port)) as delivery:
        jobs = [await post(delivery, a_letter(f"buyer{at}@example.org")) for at in range(5)]
        runner = runner_of(delivery)
        for minutes in (0, 1, 6, 33):
            pass_time(database_url, f"{minutes} minutes")
            await run_due(runner)
        assert {status_of(database_url, job.id)[0] for job in jobs} == {"due"}
        async with mail_server(inbox):
            pass_time(database_url, "2 hours 30 minutes")
            assert await run_due(runner) == 5
    assert len(inbox.mails) == 5
    assert {status_of(database_url, job.id)[0] for job in jobs} == {"done"}


async def test_one_cause_sends_one_mail_to_each_person(delivery: Delivery, inbox: Inbox) -> None:
    await post(delivery, cause="invitation:1")
    await post(delivery, cause="invitation:1")
    await post(delivery, cause="invitation:2")
    await post(delivery, a_letter("eve@example.org"), cause="invitation:1")
    await run_due(runner_of(delivery))
    assert sorted(inbox.recipients) == ["ada@example.org", "ada@example.org", "eve@example.org"]


async def test_a_secret_link_is_in_the_mail_and_nowhere_in_the_database(
    delivery: Delivery, inbox: Inbox, database_url: str
) -> None:
    link = Link(label="Accept", path="/invitation", secret=True)
    job = await post(delivery, a_letter(link=link))
    await run_due(runner_of(delivery))
    token = delivery.mailer.token_of(job.id)
    assert len(token) == 43
    assert delivery.mailer.token_hash(job.id) == sha256(token.encode()).digest()
    text = inbox.mails[0].get_body(("plain",))
    assert text is not None
    assert f"https://tickets.example/invitation#{token}" in text.get_content()
    for table in ("jobs", "job_attempts"):
        assert token not in str(fetch(database_url, f"SELECT * FROM {table}"))
    other = await post(delivery, cause="another")
    assert delivery.mailer.token_of(other.id) != token


async def test_without_a_mail_server_mail_is_kept_and_can_be_read(database_url: str) -> None:
    async with a_delivery(database_url) as delivery:
        job = await post(delivery, a_letter(link=Link(label="Accept", path="/invitation", secret=True)))
        await run_due(runner_of(delivery))
        assert status_of(database_url, job.id)[:2] == ("done", 1)
        (mail,) = await delivery.mailer.list_mail(limit=10)
        assert (mail.to, mail.status) == ("ada@example.org", "done")
        assert f"/invitation#{delivery.mailer.token_of(job.id)}" in mail.text


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtp://mail.example", ("mail.example", 587, "starttls", None, None)),
        ("smtps://mail.example", ("mail.example", 465, "direct", None, None)),
        ("smtp://127.0.0.1:1025", ("127.0.0.1", 1025, "none", None, None)),
        ("smtp://[::1]:25/", ("::1", 25, "none", None, None)),
        ("smtp://mailpit:1025?tls=off", ("mailpit", 1025, "none", None, None)),
        ("smtp://a%40b:p%2Fw@mail.example:2525", ("mail.example", 2525, "starttls", "a@b", "p/w")),
    ],
)
def test_an_address_of_a_mail_server_says_how_to_encrypt(url: str, found: tuple[object, ...]) -> None:
    server = parse_smtp_url(url)
    assert (server.host, server.port, server.tls, server.user, server.password) == found


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://h/path",
        "smtp://h?tls=maybe",
        "smtps://h?tls=off",
    ],
)
def test_another_address_of_a_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be smtp|may end in"):
        parse_smtp_url(url)


async def test_a_server_that_must_encrypt_and_cannot_gets_no_password(
    inbox: Inbox, database_url: str
) -> None:
    server = SmtpServer(host="127.0.0.1", port=inbox.port, tls="starttls", user="u", password="never sent")
    async with a_delivery(database_url, mail=MailSettings(server=server, sender=SENDER)) as delivery:
        job = await post(delivery)
        await run_due(runner_of(delivery))
    status, _, answer = status_of(database_url, job.id)
    assert status == "due"
    assert "STARTTLS" in str(answer)
    assert inbox.mails == []
