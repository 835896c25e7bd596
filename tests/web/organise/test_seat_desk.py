"""The organiser's seat map in Chromium: seats are brushed or chosen by keyboard, then blocked or lifted, while others
buy and block.

The kind: a press that does something else than what the person saw. Work of a colleague or a buyer that a press
overwrites, a choice that is old, and a change that is not said, are its members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.postgres import TestDatabases
from support.threaded_server import threaded_server
from web.test_seat_map import new_event, place_of, take, text, wait_for_text

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


@pytest.fixture(scope="module")
def url(databases: TestDatabases) -> Iterator[str]:
    """A server for the tests of the module. Each test has its own event."""
    with threaded_server(databases.create()) as address:
        yield address


@pytest.fixture
def new_browser(tmp_path: Path) -> Iterator[Callable[[], Browser]]:
    """Opens browsers of different people. None may have complained at the end."""
    opened: list[Browser] = []
    with ExitStack() as stack:

        def open_one() -> Browser:
            browser = stack.enter_context(chromium(tmp_path / f"profile{len(opened)}"))
            browser.resize(1400, 900, still=True)
            opened.append(browser)
            return browser

        yield open_one
        for browser in opened:
            assert [error for error in browser.errors if " 409 " not in error] == []


def show(browser: Browser, url: str, number: int) -> None:
    """Open the seats, and wait for the map, which only the script shows."""
    browser.open(f"{url}/organise/events/{number}/seats")
    browser.wait_for("!document.querySelector('#seats').hidden")
    browser.run("document.querySelector('.map').scrollIntoView({block: 'center'})")


def brush(browser: Browser, url: str, number: int, first: str, last: str) -> None:
    """Draw a rectangle from one seat to another, a little beyond both."""
    (left, top), (right, bottom) = (place_of(browser, url, number, label) for label in (first, last))
    browser.point("mousePressed", left - 6, top - 6)
    browser.point("mouseMoved", (left + right) / 2, (top + bottom) / 2)
    browser.point("mouseMoved", right + 6, bottom + 6)
    browser.point("mouseReleased", right + 6, bottom + 6)


def block(browser: Browser) -> None:
    browser.run("document.querySelector('#block-chosen').click()")


def blocked_of(url: str, number: int) -> list[str]:
    seats = httpx2.get(f"{url}/v1/events/{number}/seats").json()["items"]
    return [seat["label"] for seat in seats if seat["status"] == "blocked"]


def test_a_brushed_rectangle_is_blocked_and_lifted(url: str, new_browser: Callable[[], Browser]) -> None:
    browser, number = new_browser(), new_event(url)
    take(url, number, "A-2-4")
    show(browser, url, number)
    brush(browser, url, number, "A-1-3", "A-3-5")
    assert text(browser, "#chosen-count") == "8 seats are chosen."
    assert text(browser, "#news").endswith("1 is held or sold, and stays so.")
    browser.run("document.querySelector('#reason-of-chosen').value = 'camera'")
    block(browser)
    wait_for_text(browser, ".messages", "The places are off sale")
    wait_for_text(browser, "[data-live=blocks]", "camera")
    assert blocked_of(url, number) == ["A-1-3", "A-1-4", "A-1-5", "A-2-3", "A-2-5", "A-3-3", "A-3-4", "A-3-5"]
    assert text(browser, "#chosen-count") == "No seat is chosen."
    browser.click(*place_of(browser, url, number, "A-3-4"))
    wait_for_text(browser, "#chosen-blocked", "8")
    browser.run("document.querySelector('#lift-chosen').click()")
    wait_for_text(browser, ".messages", "on sale again")
    assert blocked_of(url, number) == []


def test_what_others_take_meanwhile_leaves_the_choice(url: str, new_browser: Callable[[], Browser]) -> None:
    browser, number = new_browser(), new_event(url)
    show(browser, url, number)
    brush(browser, url, number, "A-1-1", "A-1-4")
    take(url, number, "A-1-2")
    wait_for_text(browser, "#chosen-changed", "Meanwhile A, row 1, seat 2 has changed.")
    assert text(browser, "#block-chosen") == "Block 3 seats"
    block(browser)
    wait_for_text(browser, ".messages", "The places are off sale")
    assert blocked_of(url, number) == ["A-1-1", "A-1-3", "A-1-4"]


def test_a_press_that_comes_too_late_forces_nothing(url: str, new_browser: Callable[[], Browser]) -> None:
    """Without its stream the page is old. The server says what is taken, and blocks nothing."""
    browser, number = new_browser(), new_event(url)
    browser.before_scripts("window.EventSource = class extends EventTarget { close() {} }")
    show(browser, url, number)
    brush(browser, url, number, "A-1-1", "A-1-4")
    take(url, number, "A-1-2")
    block(browser)
    wait_for_text(browser, ".messages", "Somebody holds or has booked: A-1-2.")
    assert blocked_of(url, number) == []
    assert text(browser, "#chosen-count") == "4 seats are chosen."


def test_two_at_work_see_what_the_other_does(url: str, new_browser: Callable[[], Browser]) -> None:
    number = new_event(url)
    one, other = new_browser(), new_browser()
    show(one, url, number)
    show(other, url, number)
    brush(one, url, number, "A-1-1", "A-2-2")
    brush(other, url, number, "A-2-1", "A-2-4")
    block(one)
    wait_for_text(one, ".messages", "The places are off sale")
    wait_for_text(other, "#chosen-changed", "Meanwhile 2 seats have changed.")
    wait_for_text(other, "[data-live=blocks]", "A-1-1, A-1-2, A-2-1, A-2-2")
    block(other)
    wait_for_text(other, ".messages", "The places are off sale")
    assert blocked_of(url, number) == ["A-1-1", "A-1-2", "A-2-1", "A-2-2", "A-2-3", "A-2-4"]


def test_the_keyboard_chooses_rows_and_ranges(url: str, new_browser: Callable[[], Browser]) -> None:
    browser, number = new_browser(), new_event(url)
    show(browser, url, number)
    browser.run("document.querySelector('#list [data-section]').focus()")
    browser.press("Enter")
    browser.run("document.querySelector('#list [data-row]').focus()")
    browser.press("Enter")
    browser.run("document.querySelector('#choose-row').click()")
    assert text(browser, "#chosen-count") == "10 seats are chosen."
    browser.run("document.querySelector('#let-go').click()")
    browser.run("document.querySelector('#list [data-seat][tabindex=\"0\"]').focus()")
    browser.press(" ")
    assert text(browser, "#chosen-count") == "1 seat is chosen."
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        browser.press(key)
    browser.press(" ", shift=True)
    assert text(browser, "#chosen-count") == "6 seats are chosen."
    browser.press("Enter")
    assert browser.run("document.activeElement.id") == "reason-of-chosen"
    browser.press("Enter")
    wait_for_text(browser, ".messages", "The places are off sale")
    assert blocked_of(url, number) == ["A-1-1", "A-1-2", "A-1-3", "A-2-1", "A-2-2", "A-2-3"]
