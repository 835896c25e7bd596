"""Languages of mail: each person reads mail in the language of the request that made it, or of the booking.

The kind: a text of a letter that no translator can reach, and a letter to whom the language was lost on the way.
`letters.__all__` and `About` are all letters but that of a booking link, which is here too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from holdfast.access import letters
from holdfast.access.factor_resets import _RESET
from holdfast.access.passkeys import _ADDED, _REMOVED
from holdfast.access.permissions import Role
from holdfast.access.second_factors import _APP_ADDED, _APP_REMOVED, _CODES_REPLACED
from holdfast.delivery.mail.letter import Letter
from holdfast.delivery.mail.mailer import Mail
from holdfast.http.application import Application
from holdfast.inventory.rules.metadata import MAIL_LANGUAGE, MAX_KEYS
from holdfast.languages import ENGLISH, LANGUAGES, speaking
from support.delivering import run_due, runner_of
from support.http_app import client_of, delivery_of, engine_of, running_app
from support.http_sales import SEATS, Json, make_event, place
from support.people import browser_of, make_account, signed_in, token_for
from support.selling import new_event
from web.visitor import press, visit

GERMAN = {"Accept-Language": "de-AT, en;q=0.5"}
ADA: Json = {"name": "Ada Lovelace", "email": "ada@example.org"}


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
    return list(reversed(await delivery_of(layer).mailer.list_mail(limit=200)))


async def book(
    shop: httpx2.AsyncClient, headers: Json, *, metadata: Json | None = None, **event: Any
) -> Json:
    hold = await place(shop, await make_event(shop, **event))
    body = {"hold": hold["id"], "hold_token": hold["hold_token"], "buyer": ADA, "metadata": metadata or {}}
    answer = await shop.post("/v1/bookings", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def test_a_booking_is_mailed_in_the_language_of_its_buyer_until_its_end(
    mailing: Application, shop: httpx2.AsyncClient
) -> None:
    """Staff who cancel it may speak another one."""
    shown = {"venue": "Arena", "time_zone": "Europe/Berlin", "starts_at": "2026-12-12T18:30:00Z"}
    hold = await place(shop, await make_event(shop, **shown, seat_map=SEATS), {"seats": ["A-1-1", "A-1-2"]})
    body = {"hold": hold["id"], "hold_token": hold["hold_token"], "buyer": ADA}
    booking = (await shop.post("/v1/bookings", json=body, headers=GERMAN)).json()
    await shop.post(f"/v1/bookings/{booking['id']}/cancel", headers={"Accept-Language": "en"})
    again = await shop.post(f"/v1/bookings/{booking['id']}/mail", headers={"Accept-Language": "en"})
    assert again.json()["subject"] == "Ihre Buchung ist storniert: Concert"
    confirmed, cancelled, _ = await mails_of(mailing)
    assert confirmed.subject == "Ihre Buchung: Concert"
    for line in (
        "Ihre Buchung ist bestätigt.",
        f"Buchungsnummer: {booking['reference']}",
        "Veranstaltung: Concert",
        "Beginn: Samstag, 12. Dezember 2026, 19:30",
        "Ort: Arena",
        "Gebucht: Plätze A-1-1, A-1-2",
    ):
        assert line in confirmed.text.splitlines()
    assert '<html lang="de">' in confirmed.html
    assert cancelled.subject == "Ihre Buchung ist storniert: Concert"


async def test_the_buyers_of_a_cancelled_event_read_it_in_their_languages(
    mailing: Application, shop: httpx2.AsyncClient
) -> None:
    event = await make_event(shop)
    for headers in (GERMAN, {}):
        hold = await place(shop, event)
        body = {"hold": hold["id"], "hold_token": hold["hold_token"], "buyer": ADA}
        await shop.post("/v1/bookings", json=body, headers=headers)
    await shop.post(f"/v1/events/{event['number']}/cancel")
    subjects = [mail.subject for mail in await mails_of(mailing)]
    assert sorted(subjects[2:]) == ["Abgesagt: Concert", "Cancelled: Concert"]


async def test_a_buyer_on_the_pages_gets_the_language_of_the_pages(mailing: Application) -> None:
    """The one that the visitor chose, not that of the browser."""
    number = await new_event(engine_of(mailing), areas={"standing": 5})
    async with client_of(mailing, origin="http://localhost", accept_language="en") as visitor:
        page = await visit(visitor, f"/e/{number}?lang=de")
        held = await press(visitor, f"/e/{number}", page.form("/hold"), quantity="1")
        form = (await visit(visitor, held.url.path)).form("/confirm")
        await press(visitor, held.url.path, form, name="Ada", email="ada@example.org")
    (mail,) = await mails_of(mailing)
    assert mail.subject.startswith("Ihre Buchung: ")


async def test_an_account_is_mailed_in_the_language_of_its_booking(
    mailing: Application, shop: httpx2.AsyncClient
) -> None:
    event = await make_event(shop)
    await make_account(mailing, "grace")
    async with signed_in(mailing, "grace") as grace:
        line = {"event": event["number"], "lines": [{"quantity": 1}]}
        hold = (await grace.post("/v1/holds", json=line)).json()
        await grace.post("/v1/bookings", json={"hold": hold["id"]}, headers=GERMAN)
    assert ("grace@example.org", "Ihre Buchung: Concert") in [
        (mail.to, mail.subject) for mail in await mails_of(mailing)
    ]


async def test_the_booking_keeps_another_language_than_the_servers(
    mailing: Application, shop: httpx2.AsyncClient
) -> None:
    """A word of the client stays, and a full metadata has no room: neither costs the sale."""
    order = {"order": "A-1815"}
    assert (await book(shop, GERMAN, metadata=order))["metadata"] == {**order, MAIL_LANGUAGE: "de"}
    assert (await book(shop, {"Accept-Language": "en"}, metadata=order))["metadata"] == order
    assert (await book(shop, {"Accept-Language": "fr"}))["metadata"] == {}
    chosen = {MAIL_LANGUAGE: "en"}
    assert (await book(shop, GERMAN, metadata=chosen))["metadata"] == chosen
    full = {str(number): "x" for number in range(MAX_KEYS)}
    assert (await book(shop, GERMAN, metadata=full))["metadata"] == full
    strange = await book(shop, {}, metadata={MAIL_LANGUAGE: "tlh"})
    subjects = [mail.subject for mail in await mails_of(mailing)]
    assert subjects == ["Ihre Buchung: Concert", *["Your booking: Concert"] * 5]
    changed = {"metadata": {MAIL_LANGUAGE: "de"}}
    await shop.patch(f"/v1/bookings/{strange['id']}", json=changed)
    answer = await shop.post(f"/v1/bookings/{strange['id']}/mail")
    assert answer.json()["subject"] == "Ihre Buchung: Concert"


async def test_a_buyer_without_an_address_keeps_no_language(shop: httpx2.AsyncClient) -> None:
    hold = await place(shop, await make_event(shop))
    body = {"hold": hold["id"], "hold_token": hold["hold_token"]}
    assert (await shop.post("/v1/bookings", json=body, headers=GERMAN)).json()["metadata"] == {}


async def test_a_german_server_writes_german_unless_the_buyer_reads_english(database_url: str) -> None:
    async with running_app(database_url, booking_mail=True, language="de") as layer, client_of(layer) as shop:
        assert (await book(shop, {}))["metadata"] == {}
        assert (await book(shop, GERMAN))["metadata"] == {}
        assert (await book(shop, {"Accept-Language": "en"}))["metadata"] == {MAIL_LANGUAGE: "en"}
        page = await shop.get("/whats-on", headers={"Accept-Language": "fr"})
        assert page.headers["content-language"] == "de"
        subjects = [mail.subject for mail in await mails_of(layer)]
        assert subjects == ["Ihre Buchung: Concert", "Ihre Buchung: Concert", "Your booking: Concert"]


async def test_a_link_to_a_booking_is_in_the_language_of_who_asks(
    mailing: Application, shop: httpx2.AsyncClient
) -> None:
    booking = await book(shop, {})
    asked = {"reference": booking["reference"], "email": "ada@example.org"}
    await shop.post("/v1/booking-links", json=asked, headers=GERMAN)
    async with client_of(mailing, origin="http://localhost") as visitor:
        form = (await visit(visitor, "/find?lang=de")).form("/find")
        await press(visitor, "/find", form, **asked)
    mails = [mail for mail in await mails_of(mailing) if "Ihre Buchung " in mail.subject]
    assert len(mails) == 2
    assert all("Hier sind Ihre Tickets." in mail.text for mail in mails)


async def test_letters_to_an_account_are_in_the_language_of_the_request(app: Application) -> None:
    async with browser_of(app) as browser:
        browser.headers["accept-language"] = "de"
        person = {"name": "Ada", "email": "ada@example.org", "password": "analytical engine of 1837"}
        await browser.post("/v1/accounts", json=person)
        await browser.post("/v1/accounts/confirm", json={"token": await token_for(app, person["email"])})
        await browser.post("/v1/accounts", json=person)
        await browser.post("/v1/sign-in-links", json={"email": person["email"]})
        await browser.post("/v1/password-resets", json={"email": person["email"]})
        reset = {"token": await token_for(app, person["email"]), "password": "difference engine of 1822"}
        assert (await browser.post("/v1/password-resets/confirm", json=reset)).status_code == 200
    assert [mail.subject for mail in await mails_of(app)] == [
        "Adresse bestätigen",
        "Sie haben ein Konto",
        "Anmelden",
        "Setzen Sie Ihr Passwort zurück",
        "Ihr Konto wurde geändert",
    ]


CHANGES = (*_APP_ADDED, _APP_REMOVED, _CODES_REPLACED, *_RESET)
WRITTEN: dict[str, Callable[[], Letter]] = {
    "account_changed": lambda: letters.account_changed("1", *CHANGES),
    "account_changed by a passkey": lambda: letters.account_changed("1", _ADDED, _REMOVED, name="1"),
    "address_change": lambda: letters.address_change("1"),
    "address_changed": lambda: letters.address_changed("1", "1"),
    "invitation": lambda: letters.invitation("1", "1", Role.DOOR),
    "known_address": lambda: letters.known_address("1"),
    "password_reset": lambda: letters.password_reset("1"),
    "sign_in_link": lambda: letters.sign_in_link("1"),
    "sign_up": lambda: letters.sign_up("1"),
}


def test_each_letter_to_an_account_is_tried() -> None:
    assert set(letters.__all__) == {name.partition(" ")[0] for name in WRITTEN}


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
def test_each_text_of_a_letter_to_an_account_is_translated(write: Callable[[], Letter]) -> None:
    texts = []
    for language in (ENGLISH, LANGUAGES["de"]):
        with speaking(language):
            letter = write()
        link = [] if letter.link is None else [letter.link.label]
        texts.append(
            [letter.subject, *letter.paragraphs, *(name for name, _ in letter.facts), *link, letter.closing]
        )
        assert letter.language == language.code
    assert not set(texts[0]) & set(texts[1])


@pytest.mark.parametrize("role", Role)
def test_an_invitation_names_the_role_in_words(role: Role) -> None:
    """And not as programs name it."""
    said = []
    for language in (ENGLISH, LANGUAGES["de"]):
        with speaking(language):
            ((_, name),) = letters.invitation("1", "1", role).facts
        said.append(name)
    assert said[0] == role.value.replace("_", " ").capitalize()
    assert said[1] not in said[:1]
