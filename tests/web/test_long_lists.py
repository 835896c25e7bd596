"""Large houses in Chromium: a list that would be too long, and seats that are too small for a sign.

The kind: a list with thousands of elements, a line that jumps away under the pressing finger, a seat or section that
can no longer be reached, and a dot of the wrong colour.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.threaded_server import threaded_server
from web.test_seat_map import place_of, show, take, text

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

ROWS, SEATS, SECTIONS = 30, 60, 40
HALL = {
    "sections": [
        {
            "name": f"S{number:02}",
            "rows": ROWS if number == 20 else 1,
            "seats_per_row": SEATS,
            "category": "hall",
        }
        for number in range(1, SECTIONS + 1)
    ]
}
MAX_NODES = 400
ALIKE = 24
"""Two colours that differ by less in each part are the same to an eye."""
NODES = "document.querySelectorAll('#list *').length"


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    with threaded_server(database_url) as one:
        yield one


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with chromium(tmp_path / "profile") as one:
        one.resize(1280, 800)
        yield one
        assert one.errors == []


def new_house(url: str, seat_map: dict[str, Any]) -> int:
    """Make an event with these seats. A large house takes a while on a busy machine."""
    body = {"name": "Arena", "seat_map": seat_map}
    made = httpx2.post(f"{url}/v1/events", json=body, timeout=100).raise_for_status()
    return int(made.json()["number"])


def names(browser: Browser, selector: str) -> list[str]:
    found: list[str] = browser.run(
        f"[...document.querySelectorAll('{selector} > strong:not(.count)')].map((each) => each.textContent)"
    )
    return found


def press(browser: Browser, selector: str) -> float:
    """Press a line. Return how far the line that has the focus then is from the place of the press."""
    return float(
        browser.run(
            f"(() => {{ const line = document.querySelector('{selector}'); line.scrollIntoView({{block: 'center'}});"
            " const before = line.getBoundingClientRect().top; line.click();"
            " return Math.abs(document.activeElement.getBoundingClientRect().top - before); })()"
        )
    )


def test_a_long_list_keeps_what_is_beside_the_open_line(url: str, browser: Browser) -> None:
    """The pressed line stays where it is, and one press brings all the others back."""
    number = new_house(url, HALL)
    show(browser, url, number, "#list")
    assert len(names(browser, ".section-line")) == SECTIONS
    assert press(browser, '[data-section="19"]') < 2
    assert names(browser, ".section-line") == ["S18", "S19", "S20", "S21", "S22"]
    assert len(names(browser, ".row-line")) == ROWS
    assert press(browser, ".rows li:nth-child(15) .row-line") < 2
    assert names(browser, ".row-line") == ["Row 13", "Row 14", "Row 15", "Row 16", "Row 17"]
    assert browser.run("document.querySelectorAll('[role=option]').length") == SEATS
    assert browser.run(NODES) <= MAX_NODES
    assert text(browser, "[data-all=rows]") == "All 30 rows"
    assert press(browser, "[data-all=rows]") < 2
    assert text(browser, ":focus").startswith("Row 15")
    assert len(names(browser, ".row-line")) == ROWS
    assert text(browser, "[data-all=sections]") == "All 40 sections"
    assert press(browser, "[data-all=sections]") < 2
    assert text(browser, ":focus").startswith("S20")
    assert len(names(browser, ".section-line")) == SECTIONS


def test_the_keyboard_leaves_the_shown_part_of_a_long_list(url: str, browser: Browser) -> None:
    number = new_house(url, HALL)
    show(browser, url, number, "?section=S20&row=15#list")
    browser.run("document.querySelector('[role=option][tabindex=\"0\"]').focus()")
    label = "document.activeElement.getAttribute('aria-label')"
    for _ in range(4):
        browser.press("ArrowDown")
    assert browser.run(label).startswith("Row 19 seat ")
    assert names(browser, ".row-line") == ["Row 17", "Row 18", "Row 19", "Row 20", "Row 21"]
    browser.press("ArrowUp")
    assert browser.run(label).startswith("Row 18 seat ")
    assert browser.run(NODES) <= MAX_NODES


def test_a_row_of_a_hundred_seats_is_few_elements(url: str, browser: Browser) -> None:
    """With a hundred sections beside it: the budget of `make bench-web`."""
    sections = [
        {
            "name": f"S{number:03}",
            "rows": 6 if number == 50 else 1,
            "seats_per_row": 100,
            "category": f"kind {number % 4}",
        }
        for number in range(1, 101)
    ]
    number = new_house(url, {"sections": sections})
    show(browser, url, number, "?section=S050&row=3#list")
    assert browser.run("document.querySelectorAll('[role=option]').length") == 100
    assert browser.run(NODES) <= MAX_NODES
    plain = httpx2.get(f"{url}/e/{number}?section=S050&row=3", timeout=100).text
    assert plain.count('name="seat"') >= 100  # without a script, all of it is a page


def test_a_small_dot_has_the_colour_of_its_state(url: str, browser: Browser) -> None:
    """Written as pixels, because the map is far away. A seat that others took changes its colour in place."""
    hall = {"sections": [{"name": "A", "rows": 40, "seats_per_row": 60, "category": "stalls"}]}
    number = new_house(url, hall)
    take(url, number, "A-30-12")
    browser.resize(390, 844)
    show(browser, url, number)
    colours = pixels_of(browser, url, number)

    def wait_until_alike(one: str, other: str) -> None:
        """The message comes, and then a frame. Before it, a coarser picture may stand in."""
        deadline = time.monotonic() + 60
        while not are_alike(colours(one), colours(other)):
            assert time.monotonic() < deadline, (colours(one), colours(other))

    wait_until_alike("A-30-9", "A-10-10")
    assert not are_alike(colours("A-30-9"), colours("A-30-12"))
    take(url, number, "A-30-9")
    wait_until_alike("A-30-9", "A-30-12")
    assert not are_alike(colours("A-30-9"), colours("A-10-10"))


def are_alike(one: list[int], other: list[int]) -> bool:
    return all(abs(a - b) < ALIKE for a, b in zip(one, other, strict=True))


def pixels_of(browser: Browser, url: str, number: int) -> Callable[[str], list[int]]:
    """Return how to read the colour of a seat's middle off the picture of the map."""

    def read(label: str) -> list[int]:
        x, y = place_of(browser, url, number, label)
        script = (
            "(() => { const canvas = document.querySelector('.map > canvas');"
            " const { left, top, width } = canvas.getBoundingClientRect(), k = canvas.width / width;"
            f" return [...canvas.getContext('2d').getImageData(({x} - left) * k, ({y} - top) * k, 1, 1).data]; }})()"
        )
        found: list[int] = browser.run(script)
        return found

    return read
