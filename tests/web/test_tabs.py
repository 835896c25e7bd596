"""Tabs of one browser in Chromium: they share one stream of an event, and hand it over without a gap.

The kind: ten tabs must not use up the streams of their address, and a tab must not stay behind because another closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.threaded_server import threaded_server

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

HALL = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 10, "category": "stalls"}]}
TABS = 3
COUNT = (
    "(() => { const made = window.EventSource; window.sources = 0;"
    " window.EventSource = class extends made { constructor(...given) { super(...given); window.sources++; } }; })()"
)
"""Counts the streams that a tab opens."""


class Shop(NamedTuple):
    url: str
    number: int

    def take(self, *seats: str) -> None:
        """Let another person hold seats."""
        body = {"event": self.number, "lines": [{"seats": list(seats)}]}
        assert httpx2.post(f"{self.url}/v1/holds", json=body).status_code == 201


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    with threaded_server(database_url) as url:
        body: dict[str, Any] = {"name": "The Paper Lighthouse", "seat_map": HALL}
        yield Shop(url, int(httpx2.post(f"{url}/v1/events", json=body).json()["number"]))


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with chromium(tmp_path / "profile") as one:
        yield one
        assert one.errors == []


def test_tabs_share_one_stream_and_hand_it_over_without_a_gap(shop: Shop, browser: Browser) -> None:
    tabs = [open_tab(browser, shop, is_first=number == 0) for number in range(TABS)]
    assert streams_of(browser, tabs) == [1, 0, 0]
    shop.take("A-1-1")
    for tab in tabs:
        wait_until_left(browser, tab, 19)
    assert streams_of(browser, tabs) == [1, 0, 0]
    browser.kill_tab(tabs[0])
    shop.take("A-1-2")  # nobody may be listening at this moment
    rest = tabs[1:]
    for tab in rest:
        wait_until_left(browser, tab, 18)
    shop.take("A-1-3")
    for tab in rest:
        wait_until_left(browser, tab, 17)
        assert browser.run("document.querySelector('#live').hidden")
    assert sum(streams_of(browser, rest)) == 1


def test_a_tab_that_comes_back_has_what_it_missed(shop: Shop, browser: Browser) -> None:
    """It was hidden, so it followed nothing. The leading tab is far ahead."""
    tabs = [open_tab(browser, shop, is_first=number == 0) for number in range(2)]
    browser.turn_to(tabs[1])
    hide(browser, is_hidden=True)
    shop.take("A-1-1", "A-1-2")
    wait_until_left(browser, tabs[0], 18)
    browser.turn_to(tabs[1])
    assert left(browser) == "20"
    hide(browser, is_hidden=False)
    wait_until_left(browser, tabs[1], 18)
    shop.take("A-1-3")
    for tab in tabs:
        wait_until_left(browser, tab, 17)
    assert streams_of(browser, tabs) == [1, 0]


def test_a_tab_without_locks_has_its_own_stream(shop: Shop, browser: Browser) -> None:
    """As on a page without HTTPS."""
    script = "Object.defineProperty(navigator, 'locks', {value: undefined})"
    tabs = [open_tab(browser, shop, is_first=number == 0, before=script) for number in range(2)]
    assert streams_of(browser, tabs) == [1, 1]
    shop.take("A-1-1")
    for tab in tabs:
        wait_until_left(browser, tab, 19)


def open_tab(browser: Browser, shop: Shop, *, is_first: bool, before: str = "") -> str | None:
    """Open the event in a tab, and wait until it is live."""
    tab = browser.current if is_first else browser.new_tab()
    browser.before_scripts(f"{COUNT};{before}")
    browser.open(f"{shop.url}/e/{shop.number}")
    browser.wait_for("!document.querySelector('#bar').hidden")
    if is_first or before:
        browser.wait_for("sources === 1")
    return tab


def hide(browser: Browser, *, is_hidden: bool) -> None:
    """Let the page believe that it is hidden, or shown again."""
    browser.run(
        f"Object.defineProperty(document, 'hidden', {{value: {str(is_hidden).lower()}, configurable: true}});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


def left(browser: Browser) -> str:
    return str(browser.run("document.querySelector('[data-available]').textContent"))


def wait_until_left(browser: Browser, tab: str | None, count: int) -> None:
    browser.turn_to(tab)
    browser.wait_for(f"document.querySelector('[data-available]').textContent === '{count}'")


def streams_of(browser: Browser, tabs: list[str | None]) -> list[int]:
    """Return how many streams each tab has opened."""
    found = []
    for tab in tabs:
        browser.turn_to(tab)
        found.append(int(browser.run("window.sources")))
    return found
