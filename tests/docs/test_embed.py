"""The guide "Embed the seat map": its page and its frame sell in Chromium, from another origin than the server's.

The kind: whatever the seat map does on the server's own page, it does on a stranger's, by pointer and by keyboard. The
own page is in `tests/web/test_seat_map.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from snippets import ROOT, blocks_of

from support.browser import CHROMIUM, Browser, chromium
from support.drawn import point_of
from support.static_site import static_site
from support.threaded_server import threaded_server

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

GUIDE = ROOT / "docs" / "guides" / "embed.md"
SERVER = "https://tickets.example"
HALL = {
    "sections": [
        {"name": "A", "rows": 4, "seats_per_row": 10, "category": "stalls"},
        {"name": "B", "rows": 2, "seats_per_row": 6, "category": "balcony"},
    ]
}
ELEMENT = "document.querySelector('holdfast-seat-map')"
SHADOW = f"{ELEMENT}.shadowRoot"
EVENTS = ["select", "hold", "release", "error"]


@dataclass(frozen=True, slots=True)
class Embedding:
    """A server, and a folder that two other origins serve. Only the first is on the server's list."""

    server: str
    folder: Path
    listed: str
    stranger: str

    def new_event(self, **places: Any) -> int:
        body = {"name": "Play", **(places or {"seat_map": HALL})}
        made = httpx2.post(f"{self.server}/v1/events", json=body)
        assert made.status_code == 201, made.text
        return int(made.json()["number"])

    def take(self, number: int, *seats: str) -> None:
        """Let another person hold seats."""
        body = {"event": number, "lines": [{"seats": list(seats)}]}
        assert httpx2.post(f"{self.server}/v1/holds", json=body).status_code == 201

    def states(self, number: int) -> dict[str, str]:
        seats = httpx2.get(f"{self.server}/v1/events/{number}/seats").json()["items"]
        return {seat["label"]: seat["status"] for seat in seats}

    def write_page(self, number: int) -> None:
        """Put the guide's page into the folder, with this server and event."""
        page, frame = (block.text for block in blocks_of(GUIDE) if block.language == "html")
        assert SERVER in page
        assert 'event="1"' in page
        page = page.replace(SERVER, self.server).replace('event="1"', f'event="{number}"')
        (self.folder / "index.html").write_text(
            page.replace("<title>", '<link rel="icon" href="data:,"><title>')
        )
        frame = frame.replace(SERVER, self.server).replace("/e/1?", f"/e/{number}?")
        (self.folder / "frame.html").write_text(f'<!doctype html><link rel="icon" href="data:,">{frame}')


@pytest.fixture
def embedding(database_url: str, tmp_path: Path) -> Iterator[Embedding]:
    folder = tmp_path / "site"
    folder.mkdir()
    with (
        static_site(folder) as listed,
        static_site(folder) as stranger,
        threaded_server(database_url, allowed_origins=listed) as server,
    ):
        yield Embedding(server, folder, listed, stranger)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with chromium(tmp_path / "profile") as opened:
        opened.resize(1280, 1000)
        yield opened


def show(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.wait_for(f"{SHADOW}.querySelector('#bar') && !{SHADOW}.querySelector('#bar').hidden")


def text(browser: Browser, selector: str) -> str:
    script = f"{SHADOW}.querySelector('{selector}').textContent.replace(/\\s+/g, ' ').trim()"
    return str(browser.run(script))


def hear(browser: Browser, name: str, member: str) -> None:
    """Let a variable of the page be what the element's next event of this name says."""
    browser.run(
        f"window.{name} = new Promise((done) => {ELEMENT}.addEventListener('{name}', "
        f"(event) => done(event.detail.{member}), {{ once: true }})); 0"
    )


def tap(browser: Browser, embedding: Embedding, number: int, label: str) -> None:
    path = f"/v1/events/{number}/seat-map?form=columns"
    columns = httpx2.get(embedding.server + path, follow_redirects=True).json()
    box = browser.run(
        f"(({{left, top, width, height}}) => ({{left, top, width, height}}))"
        f"({SHADOW}.querySelector('.map > canvas').getBoundingClientRect())"
    )
    browser.click(*point_of(columns, label, box))


def test_the_page_of_the_guide_sells_from_a_listed_origin_only(
    embedding: Embedding, browser: Browser
) -> None:
    """A seat by pointer, one by keyboard, one that somebody else takes; then the page's own checkout."""
    number = embedding.new_event()
    embedding.write_page(number)
    show(browser, f"{embedding.listed}/index.html")
    browser.run(
        f"window.heard = []; for (const name of {EVENTS}) {ELEMENT}.addEventListener(name, (event) => "
        "heard.push([name, event.detail]))"
    )
    tap(browser, embedding, number, "A-2-4")
    assert text(browser, "#bar .says") == "1 seat A, row 2, seat 4"
    browser.run(f"{SHADOW}.querySelector('.map').focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", " "):
        browser.press(key)
    assert text(browser, "#bar .says") == "2 seats, side by side A, row 2, seats 4 and 5"
    assert text(browser, "#news") == "A, row 2, seat 5: 2 seats, side by side"

    embedding.take(number, "A-2-5")
    browser.wait_for(
        f"{SHADOW}.querySelector('[data-message]').textContent.includes('Someone else just took')"
    )
    assert text(browser, "[data-message] button") == "Take A, row 2, seat 3 instead"
    browser.run(f"{SHADOW}.querySelector('[data-message] button').click()")
    browser.run(f"{SHADOW}.querySelector('#bar button[type=submit]').click()")
    browser.wait_for("!document.querySelector('#checkout').hidden")
    assert text(browser, "[data-message]").startswith("Yours until ")
    assert embedding.states(number) == {"A-2-3": "held", "A-2-4": "held", "A-2-5": "held"}
    heard = browser.run("heard")
    assert [name for name, _ in heard] == ["select", "select", "select", "select", "select", "hold"]
    assert heard[1][1]["seats"][1] == {
        "label": "A-2-5",
        "section": "A",
        "row": "2",
        "name": "5",
        "category": "stalls",
    }

    browser.run("document.querySelector('[type=email]').value = 'ada@example.org'")
    browser.run("document.querySelector('#checkout').requestSubmit()")
    browser.wait_for("document.querySelector('#state').textContent.startsWith('Booked: ')")
    assert embedding.states(number) == {"A-2-3": "booked", "A-2-4": "booked", "A-2-5": "held"}
    assert browser.errors == []

    browser.open(f"{embedding.stranger}/index.html")
    assert browser.run("customElements.get('holdfast-seat-map') === undefined")
    assert any("CORS" in error for error in browser.errors)


def test_the_element_does_what_its_attributes_and_methods_say(embedding: Embedding, browser: Browser) -> None:
    """In German, on a page that does not say its own language."""
    number = embedding.new_event()
    address = f"{embedding.server}/embed/seat-map.js"
    (embedding.folder / "index.html").write_text(
        f'<!doctype html><link rel="icon" href="data:,"><script type="module" src="{address}"></script>'
        f'<holdfast-seat-map event="{number}" max="3" quantity="2" locale="de" data-theme="dark"></holdfast-seat-map>'
    )
    show(browser, f"{embedding.listed}/index.html")
    assert browser.run(f"getComputedStyle({ELEMENT}).colorScheme") == "dark"
    assert browser.run(f"{SHADOW}.querySelector('#together').value") == "2"
    tap(browser, embedding, number, "A-2-4")
    assert text(browser, "#bar .says").startswith("2 Plätze nebeneinander A, Reihe 2")
    browser.run(f"{ELEMENT}.select(['A-1-1', 'A-1-2', 'A-1-3', 'A-1-4', 'X-1'])")
    assert browser.run(f"{ELEMENT}.selected") == ["A-1-1", "A-1-2", "A-1-3"]
    assert browser.run(f"{ELEMENT}.hold().then((hold) => hold.quantity)") == 3
    assert set(embedding.states(number).values()) == {"held"}
    browser.run(f"{ELEMENT}.release()")
    assert embedding.states(number) == {}

    hear(browser, "error", "code")
    browser.run(f"{ELEMENT}.setAttribute('event', '999')")
    assert browser.run("error") == "event_not_found"
    browser.wait_for(f"{SHADOW}.querySelector('h1') !== null")
    areas = embedding.new_event(areas=[{"name": "floor", "capacity": 5}])
    browser.run(f"{ELEMENT}.setAttribute('event', '{areas}')")
    browser.wait_for(f"{SHADOW}.querySelector('.offers') !== null")
    hear(browser, "hold", "quantity")
    browser.run(f"{SHADOW}.querySelector('input[name=quantity]').value = 2")
    browser.run(f"{SHADOW}.querySelector('form').requestSubmit()")
    assert browser.run("hold") == 2
    browser.wait_for(f"{SHADOW}.querySelector('[data-area=floor]').textContent === 'noch 3'")


def test_a_refusal_and_a_lost_answer_keep_the_choice(embedding: Embedding, browser: Browser) -> None:
    """A repeated press after a lost answer gets the same hold."""
    number = embedding.new_event()
    embedding.write_page(number)
    show(browser, f"{embedding.listed}/index.html")
    browser.run(f"{ELEMENT}.select(['A-2-4', 'A-2-5'])")
    browser.run(
        "window.asked = window.fetch; window.fetch = async (...given) => "
        "{ await asked(...given); throw new TypeError('the answer is lost'); }; 0"
    )
    hear(browser, "error", "code")
    assert browser.run(f"{ELEMENT}.hold()") is None
    assert browser.run("error") == "outcome_unknown"
    assert text(browser, "[data-message]") == "We lost the answer. Press again: you will not hold twice."
    browser.run("window.fetch = asked; 0")
    assert browser.run(f"{ELEMENT}.hold().then((hold) => hold.quantity)") == 2
    assert embedding.states(number) == {"A-2-4": "held", "A-2-5": "held"}

    browser.run(f"{ELEMENT}.select(['A-3-1', 'A-3-2'])")
    browser.run(
        "EventTarget.prototype.dispatchEvent = ((known) => function (event) "
        "{ return event.type === 'message' ? true : known.call(this, event); })"
        "(EventTarget.prototype.dispatchEvent); 0"
    )  # this page hears nothing of others any more
    embedding.take(number, "A-3-2")
    hear(browser, "error", "code")
    assert browser.run(f"{ELEMENT}.hold()") is None
    assert browser.run("error") == "seat_taken"
    assert browser.run(f"{ELEMENT}.selected") == ["A-3-1", "A-3-2"]


def test_a_frame_sells_in_the_whole_window(embedding: Embedding, browser: Browser) -> None:
    """The frame of another site gets no cookie, so its button leads to the server's own address."""
    number = embedding.new_event()
    embedding.write_page(number)
    browser.open(f"{embedding.listed}/frame.html")
    assert list(browser.frames()) == [f"{embedding.server}/e/{number}?embed"]
    with browser.inside(f"/e/{number}?embed"):
        browser.wait_for("document.querySelector('#bar') && !document.querySelector('#bar').hidden")
        browser.run("document.querySelector('[data-view=list]').click()")
        browser.run("document.querySelector('[data-section=\"0\"]').click()")
        browser.run("document.querySelector('[data-row=\"1\"]').click()")
        browser.run("document.querySelectorAll('[role=option]')[3].click()")
        assert "embed" in browser.run("location.search")
        browser.run("document.querySelector('#bar').requestSubmit()")
    browser.wait_for("location.pathname.includes('/my/holds/')")
    browser.wait_for("document.querySelector('.countdown .clock') !== null")
    assert embedding.states(number) == {"A-2-4": "held"}
    browser.open(f"{embedding.stranger}/frame.html")
    for refused in browser.frames():  # the browser may show its own page there
        with browser.inside(refused):
            assert browser.run("document.querySelector('#status') === null")


def test_an_event_with_a_limit_per_buyer_is_sold_to_one_that_is_named(
    embedding: Embedding, browser: Browser
) -> None:
    """By the page, or by the buyer, whom the element asks. The limit holds for both."""
    number = embedding.new_event(seat_map=HALL, max_per_buyer=2)
    address = f"{embedding.server}/embed/seat-map.js"
    (embedding.folder / "index.html").write_text(
        f'<!doctype html><link rel="icon" href="data:,"><script type="module" src="{address}"></script>'
        f'<holdfast-seat-map event="{number}"></holdfast-seat-map>'
    )
    show(browser, f"{embedding.listed}/index.html")
    browser.run(f"{ELEMENT}.select(['A-1-1', 'A-1-2'])")
    hear(browser, "error", "code")
    browser.run(f"{SHADOW}.querySelector('#bar').requestSubmit()")
    assert browser.run("error") == "buyer_required"
    browser.wait_for(f"{SHADOW}.activeElement?.type === 'email'")
    assert text(browser, "[data-message]").startswith("Who is buying?")
    field, hold = (
        f"{SHADOW}.querySelector('[type=email]')",
        f"{SHADOW}.querySelector('[data-message] button')",
    )
    browser.run(f"{field}.value = 'ada'; {hold}.click()")
    assert not browser.run(f"{field}.validity.valid")
    hear(browser, "hold", "buyer")
    browser.run(f"{field}.value = 'ada@example.org'; {field}.focus()")
    browser.press("Enter")
    assert browser.run("hold") == {"reference": "ada@example.org", "name": None, "email": "ada@example.org"}
    assert embedding.states(number) == {"A-1-1": "held", "A-1-2": "held"}

    browser.run(f"{ELEMENT}.select(['A-2-1'])")
    browser.run(f"{ELEMENT}.setAttribute('buyer', 'ADA@example.org')")
    hear(browser, "error", "code")
    assert browser.run(f"{ELEMENT}.hold()") is None
    assert browser.run("error") == "quantity_over_limit"
    browser.run(f"{ELEMENT}.buyer = {{ reference: 'customer-81', name: 'Ben' }}")
    assert browser.run(f"{ELEMENT}.hold().then((hold) => hold.buyer.name)") == "Ben"
    assert embedding.states(number)["A-2-1"] == "held"
    browser.errors.clear()  # the answers 409 and 422 are logged as errors
