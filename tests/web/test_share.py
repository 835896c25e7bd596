"""Pass a ticket on in Chromium: by the phone's own way to share, by the clipboard, and by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.threaded_server import threaded_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

BUTTON = "document.querySelector('[data-share] button')"
LINK = "document.querySelector('[data-share] input').value"


@pytest.fixture
def booking(database_url: str, tmp_path: Path) -> Iterator[tuple[Browser, str]]:
    """A browser that has bought a ticket, and the address of its booking."""
    with threaded_server(database_url) as url, chromium(tmp_path / "profile") as browser:
        event = httpx2.post(f"{url}/v1/events", json={"name": "Jazz", "capacity": 5}).json()["number"]
        browser.resize(390, 844, still=True)
        browser.open(f"{url}/e/{event}")
        browser.run("document.querySelector('form[action$=\"/hold\"]').requestSubmit()")
        browser.wait_for("document.querySelector('form[action$=\"/confirm\"]') !== null")
        browser.run(
            "{ const form = document.querySelector('form[action$=\"/confirm\"]');"
            " form.elements.name.value = 'Ada'; form.elements.email.value = 'ada@example.org'; form.requestSubmit(); }"
        )
        browser.wait_for("document.querySelector('[data-share]') !== null")
        yield browser, browser.run("location.href")


def opened(browser: Browser, address: str, *, share: str) -> None:
    """Open the booking in a browser that shares like this, and press the button."""
    browser.before_scripts(share)
    browser.open(address)
    browser.wait_for(f"!{BUTTON}.hidden")
    browser.run("document.querySelector('details.more').open = true")


def test_a_phone_shares_the_link_of_the_ticket(booking: tuple[Browser, str]) -> None:
    browser, address = booking
    opened(browser, address, share="navigator.share = async (what) => { window.shared = what; };")
    assert browser.run(f"{BUTTON}.textContent") == "Share this ticket"
    browser.run(f"{BUTTON}.click()")
    browser.wait_for("window.shared !== undefined")
    assert browser.run("window.shared") == {"title": "Jazz", "url": browser.run(LINK)}
    assert "/my/ticket#" in browser.run("window.shared.url")


def test_a_browser_that_cannot_share_copies_the_link(booking: tuple[Browser, str]) -> None:
    browser, address = booking
    copies = "navigator.clipboard.writeText = async (text) => { window.copied = text; };"
    opened(browser, address, share=f"delete Navigator.prototype.share; {copies}")
    assert browser.run(f"{BUTTON}.textContent") == "Copy the link"
    browser.run(f"{BUTTON}.click()")
    browser.wait_for(f"{BUTTON}.textContent === 'Copied'")
    assert browser.run("window.copied") == browser.run(LINK)


def test_a_link_that_cannot_be_shared_is_selected_to_be_copied_by_hand(booking: tuple[Browser, str]) -> None:
    browser, address = booking
    opened(browser, address, share="navigator.share = () => Promise.reject(new Error('refused'));")
    browser.run(f"{BUTTON}.click()")
    browser.wait_for("document.activeElement === document.querySelector('[data-share] input')")
    chosen = "(({value, selectionStart, selectionEnd}) => value.slice(selectionStart, selectionEnd))"
    assert browser.run(f"{chosen}(document.activeElement)") == browser.run(LINK)
