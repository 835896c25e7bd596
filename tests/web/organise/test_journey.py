"""The day of an organiser in Chromium, page by page: from a new event to the door, and what is known afterwards."""

from __future__ import annotations

import httpx2
import pytest

from support.browser import CHROMIUM, Browser
from web.door.visits import open_door, scan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


def follow(browser: Browser, text: str, ending: str) -> None:
    """Press the link or button with this text, and wait for a page whose address ends so."""
    browser.run(
        "window.isLeft = true; [...document.querySelectorAll('a, button')]"
        f".find((one) => one.textContent.trim() === {text!r} && !one.closest('[hidden]')).click()"
    )
    browser.wait_for(
        f"!window.isLeft && /{ending}$/.test(location.pathname) && document.readyState === 'complete'"
    )


def fill_in(browser: Browser, **typed: str) -> None:
    """Type into the fields with these ids."""
    for name, text in typed.items():
        browser.run(
            f"{{ const field = document.querySelector('#{name}, #{name.replace('_', '-')}'); field.value = {text!r};"
            " field.dispatchEvent(new Event('input', {bubbles: true})); }"
        )


def text_of(browser: Browser, selector: str = "main") -> str:
    return " ".join(str(browser.run(f"document.querySelector({selector!r}).textContent")).split())


def test_a_day_from_a_new_event_to_the_door(browser: Browser, url: str) -> None:
    browser.open(f"{url}/organise")
    follow(browser, "Make an event", "events\\/new")
    browser.run("document.querySelector('[name=kind][value=rows]').click()")
    fill_in(browser, name="Organ night", section_1_name="A", section_1_rows="15", section_1_seats="20")
    browser.wait_for("document.querySelector('#preview').textContent.includes('300 places')")
    follow(browser, "Publish", "events\\/[0-9]+")
    event = int(str(browser.run("location.pathname")).rsplit("/", 1)[1])

    follow(browser, "Places", "seats")
    fill_in(browser, rows="3", rows_reason="the sound desk")
    follow(browser, "Block these rows", "seats")
    browser.wait_for("document.querySelector('[data-live=blocks]').textContent.includes('the sound desk')")

    follow(browser, "Counter", "counter")
    fill_in(browser, what="2", name="Ada Lovelace")
    browser.press("Enter")
    browser.wait_for("document.querySelector('[data-sold]') !== null")
    follow(browser, "Open the booking", "bookings\\/[0-9a-f-]+")
    booking = str(browser.run("location.pathname")).rsplit("/", 1)[1]

    follow(browser, "Change its places…", "places")
    fill_in(browser, new_seats="A-5-1, A-5-2")
    follow(browser, "Exchange", "bookings\\/[0-9a-f-]+")
    assert "A-5-1" in text_of(browser)
    assert "A-5-2" in text_of(browser)

    tickets = httpx2.get(f"{url}/v1/bookings/{booking}/tickets").json()["items"]
    browser.resize(390, 844, still=True)
    follow(browser, "Door", "door\\/[0-9]+")
    open_door(browser, url, event, gate="North")
    assert [scan(browser, one["code"]) for one in tickets] == ["Let in", "Let in"]
    assert scan(browser, tickets[0]["code"]) == "Already in"

    browser.open(f"{url}/organise/bookings/{booking}")
    assert "Places exchanged" in text_of(browser)
    log = httpx2.get(f"{url}/v1/events/{event}/check-ins").json()["items"]
    assert [(one["verdict"], one["gate"]) for one in log].count(("admitted", "North")) == 2
    assert browser.errors == []
