"""Languages: each page is in the visitor's language as a whole, and reads from the right where a language does.

The kind: a text that no translator can reach. A pseudo-language, which puts every text of a catalogue into brackets,
finds it wherever it stands: what is outside of brackets came from no catalogue. Scripts are tried in
`test_every_page.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from babel.support import NullTranslations

from holdfast import languages
from holdfast.errors import all_errors
from holdfast.http.application import Application
from holdfast.inventory.inventory import Inventory
from holdfast.languages import LANGUAGES, Language
from holdfast.web import script_texts, sentences
from holdfast.web.link_pages import LINKS
from support.http_app import client_of
from support.selling import new_event
from web.visitor import Page, press, visit

PSEUDO = Language(code="ar", name="123", locale="ar", direction="rtl")
HALL = {
    "sections": [{"name": "1", "rows": 4, "seats_per_row": 20, "category": "7"}],
    "wheelchair": ["1-1-1"],
    "restricted_view": ["1-1-2"],
}
STAFF_ONLY = {
    "capacity_taken",
    "client_refused",
    "duplicate_email",
    "invalid_transition",
    "organisation_not_found",
    "precondition_failed",
    "seat_map_not_found",
    "seat_not_found",
    "token_refused",
    "user_not_found",
}
"""Codes of routes that no page calls."""


class Brackets(NullTranslations):
    """Translates each text into itself, in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, num: int) -> str:
        return f"⟦{msgid1 if num == 1 else msgid2}⟧"


@contextmanager
def pseudo_language(*, alone: bool) -> Iterator[None]:
    """Add the pseudo-language to those of the server, or let it be the only one."""
    brackets = Brackets()
    known = languages.translations_of

    def translations_of(language: Language) -> NullTranslations:
        return brackets if language == PSEUDO else known(language)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "LANGUAGES", {**({} if alone else LANGUAGES), "ar": PSEUDO})
        if alone:
            patch.setattr(languages, "ENGLISH", PSEUDO)
        for module in (languages, script_texts):
            patch.setattr(module, "translations_of", translations_of)
        yield


@pytest.fixture
def pseudo() -> Iterator[None]:
    with pseudo_language(alone=True):
        yield


class Texts(HTMLParser):
    """What a person reads or hears of a page, without what it says in brackets."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.outside: list[str] = []
        self._skips = 0
        self.feed(re.sub(r"</?strong[^>]*>", "", page))  # it stands inside a sentence

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skips += tag == "script"
        for name, value in attrs:
            if name in ("aria-label", "placeholder", "title", "alt", "data-done"):
                self._check(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._skips -= tag == "script"

    def handle_data(self, data: str) -> None:
        if not self._skips:
            self._check(data)

    def _check(self, words: str) -> None:
        before = None
        while before != words:
            before, words = words, re.sub(r"⟦[^⟦⟧]*⟧", "", words)
        if re.search(r"[A-Za-z]{2,}", words.replace("AR", "")):  # the language itself
            self.outside.append(words.strip())


async def pages_of_a_sale(client: httpx2.AsyncClient) -> dict[str, str]:
    """Return each kind of page, of events whose own words have no letters."""

    async def event(**more: Any) -> int:
        made = await client.post("/v1/events", json={"name": "123", **more})
        assert made.status_code == 201, made.text
        return int(made.json()["number"])

    dated = {"starts_at": "2031-05-04T18:30:00Z", "venue": "9", "time_zone": "Europe/Berlin"}
    seated = await event(seat_map=HALL, **dated)
    standing = await event(areas=[{"name": "5", "capacity": 2}], max_per_hold=2)
    soon = await event(capacity=1, on_sale_at="2031-05-04T18:30:00Z")
    ended = await event(capacity=1, off_sale_at="2001-05-04T18:30:00Z")
    found = {
        "programme": (await client.get("/whats-on")).text,
        "nothing found": (await client.get("/whats-on?q=9")).text,
        "seats": (await client.get(f"/e/{seated}?section=1&row=1")).text,
        "areas": (await client.get(f"/e/{standing}")).text,
        "soon": (await client.get(f"/e/{soon}")).text,
        "ended": (await client.get(f"/e/{ended}")).text,
        "no event": (await client.get("/e/999")).text,
        "no page": (await client.get("/my/holds/x")).text,
        "find": (await client.get("/find")).text,
        "open": (await client.get("/my/open")).text,
    }
    for link in LINKS:
        found[link.path] = (await client.get(link.path)).text
    page = await visit(client, f"/e/{standing}")
    found["nothing chosen"] = (await press(client, f"/e/{standing}", page.form("/hold"), quantity="0")).text
    held = await press(client, f"/e/{standing}", page.form("/hold"), quantity="2")
    found["hold"] = held.text
    found["sold out"] = (await client.get(f"/e/{standing}")).text
    hold = await visit(client, held.url.path)
    wrong = await press(client, held.url.path, hold.form("/confirm"), name="1", email="1")
    found["wrong address"] = wrong.text
    await press(client, held.url.path, hold.form("/release"))
    found["released"] = (await client.get(held.url)).text
    limited = await event(capacity=3, max_per_buyer=2)
    page = await visit(client, f"/e/{limited}")
    found["who buys"] = (await press(client, f"/e/{limited}", page.form("/hold"), quantity="2")).text
    seats = await visit(client, f"/e/{seated}?section=1&row=1")
    held = await press(client, f"/e/{seated}", seats.forms[-1], ("seat", "1-1-1"), ("seat", "1-1-2"))
    booked = await press(client, held.url.path, Page(held.text).form("/confirm"), name="1", email="1@1.11")
    found["booked"] = booked.text
    await press(client, booked.url.path, Page(booked.text).form("/1/reissue"))
    found["another code"] = (await client.get(booked.url)).text
    found["taken"] = (await client.get(f"/e/{seated}?section=1&row=1")).text
    cancelled = await client.post(f"/v1/events/{seated}/cancel")
    assert cancelled.status_code == 200, cancelled.text
    found["cancelled"] = (await client.get(booked.url)).text
    find = await visit(client, "/find")
    found["wrong number"] = (await press(client, "/find", find.form("find"), reference="1", email="1")).text
    sent = await press(client, "/find", find.form("find"), reference="00000000", email="1@1.11")
    found["link sent"] = sent.text.replace("1@1.11", "")
    opened = await visit(client, "/my/open")
    found["no link"] = (await press(client, "/my/open", opened.form("open"), token="1")).text
    return found


@pytest.mark.usefixtures("pseudo")
async def test_every_text_of_a_page_comes_from_a_catalogue(client: httpx2.AsyncClient) -> None:
    found = {name: Texts(page).outside for name, page in (await pages_of_a_sale(client)).items()}
    assert {name: outside for name, outside in found.items() if outside} == {}


def test_every_code_that_a_page_can_meet_has_a_sentence() -> None:
    """So a page never shows the API's own words, which are English."""
    assert all_errors().keys() - sentences.known_codes() == STAFF_ONLY


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,de;q=0.5,en;q=0.1", "de"),
        ("en,de;q=0.9", "en"),
        ("DE", "de"),
        ("fr", "en"),
        ("de;q=0", "en"),
        ("", "en"),
        ("*", "en"),
        ("%%%;q=x", "en"),
    ],
)
async def test_a_page_is_in_the_language_of_the_browser(
    client: httpx2.AsyncClient, header: str, language: str
) -> None:
    answer = await client.get("/whats-on", headers={"accept-language": header})
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["content-language"] == language
    assert "accept-language" in answer.headers["vary"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_chosen_language_stays(client: httpx2.AsyncClient) -> None:
    """The browser's own comes after it. A language that the server does not have changes nothing."""
    await client.get("/whats-on?lang=de")
    assert '<html lang="de">' in (await client.get("/whats-on", headers={"accept-language": "en"})).text
    assert '<html lang="de">' in (await client.get("/e/999")).text
    assert '<html lang="de">' in (await client.get("/whats-on?lang=xx")).text
    assert '<html lang="de">' in (await client.get("/whats-on")).text
    await client.get("/whats-on?lang=en")
    assert '<html lang="en">' in (await client.get("/whats-on", headers={"accept-language": "de"})).text


async def test_another_language_shows_the_same_page(client: httpx2.AsyncClient, inventory: Inventory) -> None:
    """With the same query, and after a form, too: an address that only takes forms would be an error."""
    number = await new_event(inventory, areas={"standing": 5})
    page = await visit(client, f"/e/{number}?section=A&row=2")
    assert "?section=A&row=2&lang=de" in page.links
    refused = await press(client, f"/e/{number}", page.form("/hold"), quantity="0")
    assert refused.status_code == 422
    (german,) = (link for link in Page(refused.text).links if link.endswith("lang=de"))
    shown = await client.get(refused.url.join(german))
    assert shown.url.path == f"/e/{number}"
    assert '<html lang="de">' in shown.text


async def test_dates_and_numbers_are_written_as_the_language_writes_them(
    client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    number = await new_event(inventory, areas={"standing": 12_345})
    await client.patch(f"/v1/events/{number}", json={"starts_at": "2031-05-04T18:30:00Z"})
    shown = {
        language: (await visit(client, f"/e/{number}?lang={language}")).text for language in ("en", "de")
    }
    assert "12,345 left" in shown["en"]
    assert "Sunday 4 May 2031, 18:30" in shown["en"]
    assert "12.345 frei" in shown["de"]
    assert "Sonntag, 4. Mai 2031, 18:30" in shown["de"]


async def test_files_of_a_booking_are_in_the_language_of_the_page(app: Application) -> None:
    """A program asks with Accept-Language."""
    async with client_of(app) as client:
        made = await client.post(
            "/v1/events",
            json={"name": "Konzert", "capacity": 2, "starts_at": "2031-05-04T18:30:00Z"},
        )
        page = await visit(client, f"/e/{made.json()['number']}?lang=de")
        held = await press(client, f"/e/{made.json()['number']}", page.form("/hold"))
        booked = await press(
            client, held.url.path, Page(held.text).form("/confirm"), name="Ada", email="ada@example.org"
        )
        assert "Bis So., 4. Mai" in booked.text
        calendar = await client.get(f"{booked.url.path}/calendar.ics")
        assert "DESCRIPTION:Buchung " in calendar.text
        assert calendar.headers["content-language"] == "de"
        path = booked.url.path.replace("/my/", "/v1/")
        by_program = await client.get(f"{path}/calendar.ics", headers={"accept-language": "de"})
        assert "DESCRIPTION:Buchung " in by_program.text
        assert "DESCRIPTION:Booking " in (await client.get(f"{path}/calendar.ics")).text
