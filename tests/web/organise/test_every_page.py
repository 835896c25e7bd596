"""Every page of the organiser in Chromium, in each language, theme and width, as `web/test_every_page.py` says.

The events' own words have no letters. What people and programs wrote stands in `<bdi>` or `<code>`. So every other
word of a page is a text of ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.threaded_server import threaded_server
from web.account_visits import fill, make_account_of, submit
from web.test_every_page import AXE, LANGUAGES, faults
from web.test_languages import HALL, PSEUDO, pseudo_language

WITHOUT_WRITTEN = (
    "for (const one of document.querySelectorAll('bdi, code, textarea:not(#text)')) one.textContent = '1'"
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: `make generators`"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A server in open mode, with events in several states."""

    url: str
    seated: int
    draft: int
    busy: int


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with pseudo_language(alone=False), threaded_server(database_url) as url:
        yield Office(url=url, seated=0, draft=0, busy=0)


def post(office: Office, path: str, **body: Any) -> dict[str, Any]:
    answer = httpx2.post(f"{office.url}/v1/{path}", json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


def filled(office: Office) -> Office:
    """Return the office with its events, and what was sold of them."""
    dated = {"starts_at": "2031-05-04T18:30:00Z", "time_zone": "Europe/Berlin", "venue": "9"}
    busy = post(office, "events", name="123", areas=[{"name": "5", "capacity": 50}], **dated)["number"]
    for quantity in (1, 2):
        hold = post(office, "holds", event=busy, lines=[{"area": "5", "quantity": quantity}])
    buyer = {"name": "1 2", "email": "1@1.11"}
    post(office, "bookings", hold=hold["id"], hold_token=hold["hold_token"], buyer=buyer)
    return Office(
        url=office.url,
        seated=post(office, "events", name="123", seat_map=HALL, **dated)["number"],
        draft=post(office, "events", name="456", capacity=5, status="draft")["number"],
        busy=busy,
    )


def list_pages(browser: Browser, office: Office, lang: str) -> Iterator[str]:
    """Show one page after the other, and yield its name."""
    browser.open(f"{office.url}/organise?lang={lang}")
    yield "first event"
    office = filled(office)
    for name, path in {"events": "", "nothing found": "?q=9999"}.items():
        browser.open(f"{office.url}/organise{path}")
        yield name


def event_pages(browser: Browser, office: Office, lang: str) -> Iterator[str]:
    office = filled(office)
    for name in ("seated", "draft"):
        browser.open(f"{office.url}/organise/events/{getattr(office, name)}?lang={lang}")
        yield name
    browser.open(f"{office.url}/organise/events/{office.busy}/change")
    yield "change"
    browser.open(f"{office.url}/organise/events/{office.busy}")
    submit(browser, "form[action$=stop]", "form[action$=resume]")
    yield "busy, paused"
    browser.open(f"{office.url}/organise/events/{office.busy}/cancel")
    yield "cancel?"
    submit(browser, "form[action$=cancel]", ".banner-title")
    yield "cancelled"


def new_event_pages(browser: Browser, office: Office, lang: str) -> Iterator[str]:
    office = filled(office)
    browser.open(f"{office.url}/organise/events/new?like={office.seated}&lang={lang}")
    yield "copy"
    browser.open(f"{office.url}/organise/events/new")
    browser.run("document.querySelector('[value=rows]').click()")
    for name, text in (("name", "1"), ("rows", "3"), ("seats", "4")):
        browser.run(f"document.querySelector('[name=section-1-{name}]').value = '{text}'")
    browser.run("document.querySelector('#name').dispatchEvent(new Event('input', {bubbles: true}))")
    browser.wait_for("document.querySelector('.preview-rows') !== null")
    yield "preview of rows"
    browser.run("window.isLeft = true")
    browser.run("document.querySelector('[value=publish]').click()")
    browser.wait_for("!window.isLeft && document.querySelector('[aria-invalid]') !== null")
    browser.wait_for("document.querySelector('.preview-rows') !== null")
    yield "new event, wrong"
    browser.run("document.querySelector('[value=plan]').click()")
    yield "new event, plan"


def sales_pages(browser: Browser, office: Office, lang: str) -> Iterator[str]:
    office = filled(office)
    browser.open(f"{office.url}/organise/events/{office.busy}/bookings?lang={lang}")
    yield "bookings"
    browser.open(f"{office.url}/organise/events/{office.busy}/bookings?q=9999")
    yield "no booking fits"
    browser.open(f"{office.url}/organise/events/{office.busy}/bookings")
    browser.open(browser.run("document.querySelector('tbody a').href"))
    browser.run("document.querySelector('details.more').open = true")
    yield "booking"
    browser.open(browser.run("document.querySelector('a[href$=places]').href"))
    submit(browser, "form[action$=exchange]", ".banner-warn")
    yield "its places, refused"
    browser.open(f"{office.url}/organise/events/{office.busy}/messages")
    fill(browser, subject="1", text="2")
    submit(browser, "form[action$=messages]", "[value=send]")
    yield "message, preview"
    browser.run("window.isLeft = true")
    browser.run("document.querySelector('[value=send]').click()")
    browser.wait_for("!window.isLeft && document.querySelector('tbody') !== null")
    yield "messages"
    browser.open(f"{office.url}/organise/events/{office.busy}/counter")
    yield "counter"
    browser.run("document.querySelector('#unanswered').hidden = false")
    yield "counter, no answer"
    browser.run("document.querySelector('#unanswered').hidden = true")
    fill(browser, what="2", name="1")
    browser.run("document.querySelector('main form').requestSubmit()")
    browser.wait_for("document.querySelector('#counter[data-sold]') !== null")
    yield "counter, sold"
    browser.open(f"{office.url}/organise/events/{office.seated}/seats")
    submit(browser, "form[action$=rows]", "form[action$=lift]")
    submit(browser, "form[action$=rows]", ".banner-warn")
    yield "places, refused"


def seat_pages(browser: Browser, office: Office, lang: str) -> Iterator[str]:
    office = filled(office)
    browser.open(f"{office.url}/organise/events/{office.seated}/seats?lang={lang}")
    browser.wait_for("!document.querySelector('#seats').hidden")
    browser.run("document.querySelector('#choose-section').click()")  # the only section is open
    yield "seats chosen"
    browser.run("document.querySelector('#block-chosen').click()")
    browser.wait_for("document.querySelector('form[action$=lift]') !== null")
    browser.run("document.querySelector('#choose-section').click()")
    yield "blocked seats chosen"
    browser.open(f"{office.url}/organise/events/{office.seated}")
    browser.run("document.querySelector('#heat').scrollIntoView()")
    browser.wait_for("!document.querySelector('#as-of').disabled")
    yield "heat"
    browser.open(f"{office.url}/organise/events/{office.busy}?span=day")
    browser.wait_for("document.querySelector('#sales-plot canvas') !== null")
    browser.run("document.querySelector('#sales-table').open = true")
    yield "plots"


def venue_pages(browser: Browser, office: Office, lang: str) -> Iterator[str]:
    browser.open(f"{office.url}/organise/venues?lang={lang}")
    yield "no venues"
    for plan in ("1-1\\n1-2", "1-1\\n1-2\\n1-3"):
        browser.run("document.querySelector('[name=name]').value = '9'")
        browser.run(f"document.querySelector('[name=plan]').value = '{plan}'")
        submit(browser, "form[action*=venues]", ".banner-good")
    yield "venue"
    browser.open(f"{office.url}/organise/venues")
    yield "venues"
    browser.open(browser.run("document.querySelector('td a').href"))
    for name, text in (("name", "1"), ("repeat_count", "20"), ("starts_at", "2031-03-28T19:30")):
        browser.run(f"document.querySelector('[name={name}]').value = '{text}'")
    browser.run("document.querySelector('[name=repeat]').value = 'week'")
    browser.run("document.querySelector('#name').dispatchEvent(new Event('input', {bubbles: true}))")
    browser.wait_for("document.querySelector('#preview ol') !== null")
    yield "a series of a venue"


def settings_pages(browser: Browser, office: Office, lang: str) -> Iterator[str]:
    browser.open(f"{office.url}/organise/webhooks?lang={lang}")
    yield "webhooks"
    fill(browser, url="https://93.184.216.34/9")
    submit(browser, "form[action$=webhooks]", ".secret")
    submit(browser, "form[action$=test]", "form[action$=retry]")
    yield "webhook"
    browser.open(f"{office.url}/organise/audit")
    yield "audit"
    make_account_of(office.url)
    browser.open(f"{office.url}/organise/mailbox")
    yield "mailbox"
    browser.open(f"{office.url}/organise/team")
    submit(browser, "form[action$=invite]", ".banner-warn")
    yield "team, refused"
    browser.open(f"{office.url}/organise/keys")
    submit(browser, "form[action$=keys]", ".banner-warn")
    yield "keys, refused"
    fill(browser, name="1")
    browser.run("document.querySelector('[value=read]').click()")
    submit(browser, "form[action$=keys]", ".secret")
    yield "key, its secret"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "pages", [list_pages, event_pages, new_event_pages, sales_pages, seat_pages, venue_pages, settings_pages]
)
def test_no_page_of_the_organiser_shuts_anybody_out(
    office: Office, tmp_path: Path, pages: Callable[[Browser, Office, str], Iterator[str]], lang: str
) -> None:
    found: dict[str, list[str]] = {}
    with chromium(tmp_path / "profile") as browser:
        browser.resize(1280, 800, still=True)
        for name in pages(browser, office, lang):
            if lang == PSEUDO.code:
                browser.run(WITHOUT_WRITTEN)
            found[name] = list(faults(browser, lang))
    wrong = {name: faults for name, faults in found.items() if faults}
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)
