"""The seat map in Chromium: seats are chosen on the map and in the list, by pointer and by keyboard, while others buy.

The kind: what a person believes of a seat must be true. A choice that others have taken, a picture that is old, a press
that does nothing, or a message that is wrong, are its members. The list has everything that the map has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.drawn import point_of
from support.threaded_server import threaded_server

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

ROWS, SEATS = 4, 10
HALL = {
    "sections": [
        {"name": "A", "rows": ROWS, "seats_per_row": SEATS, "category": "stalls"},
        {"name": "B", "rows": 2, "seats_per_row": 6, "category": "balcony"},
    ]
}
Json = dict[str, Any]


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    """A server in open mode."""
    with threaded_server(database_url) as one:
        yield one


@pytest.fixture
def new_browser(tmp_path: Path) -> Iterator[Callable[[], Browser]]:
    """Opens browsers of different people. None may have complained at the end."""
    opened: list[Browser] = []
    with ExitStack() as stack:

        def open_one() -> Browser:
            browser = stack.enter_context(chromium(tmp_path / f"profile{len(opened)}"))
            browser.resize(1280, 800)
            opened.append(browser)
            return browser

        yield open_one
        for browser in opened:
            assert [error for error in browser.errors if " 409 " not in error] == []


def new_event(url: str, **more: Any) -> int:
    body = {"name": "The Paper Lighthouse", "seat_map": HALL, **more}
    made = httpx2.post(f"{url}/v1/events", json=body)
    assert made.status_code == 201, made.text
    return int(made.json()["number"])


def take(url: str, number: int, *seats: str) -> None:
    """Let another person hold seats."""
    held = httpx2.post(f"{url}/v1/holds", json={"event": number, "lines": [{"seats": list(seats)}]})
    assert held.status_code == 201, held.text


def show(browser: Browser, url: str, number: int, query: str = "") -> None:
    """Open the event, and wait for the bar, which only the script shows."""
    browser.open(f"{url}/e/{number}{query}")
    browser.wait_for("!document.querySelector('#bar').hidden")


def text(browser: Browser, selector: str) -> str:
    return str(browser.run(f"document.querySelector('{selector}').textContent.replace(/\\s+/g, ' ').trim()"))


def wait_for_text(browser: Browser, selector: str, part: str) -> None:
    browser.wait_for(f"document.querySelector('{selector}')?.textContent.includes('{part}')")


def place_of(browser: Browser, url: str, number: int, label: str) -> tuple[float, float]:
    """Return the point of the window where the whole map shows a seat."""
    columns = httpx2.get(f"{url}/v1/events/{number}/seat-map?form=columns", follow_redirects=True).json()
    box: Json = browser.run(
        "(({left, top, width, height}) => ({left, top, width, height}))"
        "(document.querySelector('.map > canvas').getBoundingClientRect())"
    )
    return point_of(columns, label, box)


def tap(browser: Browser, url: str, number: int, label: str) -> None:
    browser.click(*place_of(browser, url, number, label))


def test_seats_are_chosen_on_the_map_held_and_booked(url: str, new_browser: Callable[[], Browser]) -> None:
    browser, number = new_browser(), new_event(url)
    show(browser, url, number)
    assert text(browser, "#bar .says").startswith("No seats chosen")
    tap(browser, url, number, "A-2-4")
    tap(browser, url, number, "A-2-5")
    assert text(browser, "#bar .says") == "2 seats, side by side A, row 2, seats 4 and 5"
    assert text(browser, "#bar button[type=submit]") == "Hold 2 seats"
    browser.run("document.querySelector('#bar button[type=submit]').click()")
    browser.wait_for("document.querySelector('.countdown .clock') !== null")
    assert "/my/holds/" in browser.run("location.pathname")
    assert "Seats A-2-4, A-2-5" in text(browser, ".order-aside")
    browser.run("document.querySelector('#name').value = 'Ada'")
    browser.run("document.querySelector('#email').value = 'ada@example.org'")
    browser.run("document.querySelector('form[action$=confirm]').requestSubmit()")
    browser.wait_for("location.pathname.includes('/my/bookings/')")
    seats = httpx2.get(f"{url}/v1/events/{number}/seats").json()["items"]
    assert seats == [{"label": "A-2-4", "status": "booked"}, {"label": "A-2-5", "status": "booked"}]


def test_a_second_tap_takes_a_seat_out(url: str, new_browser: Callable[[], Browser]) -> None:
    """And so does its chip. A taken seat cannot be chosen; a tap beside it finds no other one far away."""
    browser, number = new_browser(), new_event(url)
    take(url, number, "A-1-1")
    show(browser, url, number)
    for label in ("A-2-4", "A-2-5", "A-2-4"):
        tap(browser, url, number, label)
    assert text(browser, "#bar .says") == "1 seat A, row 2, seat 5"
    browser.run("document.querySelector('#bar .chip button').click()")
    assert text(browser, "#bar .says").startswith("No seats chosen")
    tap(browser, url, number, "A-1-1")
    assert text(browser, "#bar .says").startswith("No seats chosen")


def test_a_purchase_needs_only_the_keyboard(url: str, new_browser: Callable[[], Browser]) -> None:
    """From the first stop, `Choose seats from a list`, to the held seats."""
    browser, number = new_browser(), new_event(url)
    take(url, number, "A-2-1")
    show(browser, url, number)
    browser.press("Tab")
    assert text(browser, ":focus") == "Choose seats from a list"
    browser.press("Enter")
    assert text(browser, ":focus").startswith("A")
    browser.press("Enter")
    browser.press("Tab")
    browser.press("Tab")
    assert text(browser, ":focus").startswith("Row 2")
    browser.press("Enter")
    browser.press("Tab")
    assert text(browser, ":focus") == "Seats 2 and 3"
    browser.press("ArrowRight")
    assert text(browser, ":focus") == "Seats 4 and 5"
    browser.press("Tab")
    label = "document.activeElement.getAttribute('aria-label')"
    assert browser.run(label) == "Row 2 seat 2, stalls, free"
    browser.press(" ")
    assert browser.run(label) == "Row 2 seat 2, stalls, chosen"
    assert "side by side" not in text(browser, "#news")
    browser.press("ArrowRight")
    browser.press(" ")
    assert text(browser, "#news") == "A, row 2, seat 3: 2 seats, side by side"
    browser.press("ArrowDown")
    assert browser.run(label) == "Row 3 seat 3, stalls, free"
    browser.press("1")
    browser.press("0")
    assert browser.run(label) == "Row 3 seat 10, stalls, aisle, free"
    browser.press("Enter")
    assert text(browser, ":focus") == "Hold 2 seats"
    browser.press("Enter")
    browser.wait_for("document.querySelector('.countdown .clock') !== null")
    assert "Seats A-2-2, A-2-3" in text(browser, ".order-aside")


def test_the_map_itself_takes_the_same_keys(url: str, new_browser: Callable[[], Browser]) -> None:
    browser, number = new_browser(), new_event(url)
    show(browser, url, number)
    browser.run("document.querySelector('.map').focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", " "):
        browser.press(key)
    assert text(browser, "#bar .says") == "1 seat A, row 2, seat 2"
    assert text(browser, ".map-card strong") == "A, row 2, seat 2"


def test_two_people_fight_for_a_seat_and_one_is_offered_the_next(
    url: str, new_browser: Callable[[], Browser]
) -> None:
    number = new_event(url)
    ada, ben = new_browser(), new_browser()
    for person in (ada, ben):
        show(person, url, number)
    for label in ("A-2-4", "A-2-5"):
        tap(ben, url, number, label)
    tap(ada, url, number, "A-2-5")
    ada.run("document.querySelector('#bar button[type=submit]').click()")
    ada.wait_for("document.querySelector('.countdown .clock') !== null")

    wait_for_text(ben, "[data-message]", "Someone else just took A, row 2, seat 5.")
    assert "Your other seats are still chosen." in text(ben, "[data-message]")
    assert text(ben, "#bar .says") == "1 seat A, row 2, seat 4"
    assert text(ben, "[data-message] button") == "Take A, row 2, seat 3 instead"
    ben.run("document.querySelector('[data-message] button').click()")
    assert text(ben, "#bar .says") == "2 seats, side by side A, row 2, seats 3 and 4"
    ben.run("document.querySelector('#bar button[type=submit]').click()")
    ben.wait_for("document.querySelector('.countdown .clock') !== null")
    assert "Seats A-2-3, A-2-4" in text(ben, ".order-aside")


def test_a_refusal_keeps_the_other_seats_chosen(url: str, new_browser: Callable[[], Browser]) -> None:
    """Both press at once: the page is a moment behind, and the server says what it lost."""
    browser, number = new_browser(), new_event(url)
    show(browser, url, number)
    for label in ("A-2-4", "A-2-5"):
        tap(browser, url, number, label)
    browser.run("EventTarget.prototype.dispatchEvent = () => true")  # this page hears nothing any more
    take(url, number, "A-2-5")
    browser.run("document.querySelector('#bar').requestSubmit()")
    wait_for_text(browser, ".banner-title", "Just taken")
    browser.wait_for("!document.querySelector('#bar').hidden")
    assert text(browser, "#bar .says") == "1 seat A, row 2, seat 4"
    assert text(browser, "[data-message] button") == "Take A, row 2, seat 3 instead"


def test_seats_that_are_apart_are_put_together_by_one_press(
    url: str, new_browser: Callable[[], Browser]
) -> None:
    browser, number = new_browser(), new_event(url)
    show(browser, url, number)
    for label in ("A-2-4", "A-2-5", "A-4-9"):
        tap(browser, url, number, label)
    assert text(browser, "#bar .says").startswith("3 seats: 2 together, 1 elsewhere")
    assert text(browser, "[data-mend]") == "Put all 3 together"
    browser.run("document.querySelector('[data-mend]').click()")
    assert text(browser, "#bar .says").startswith("3 seats, all together")


def test_a_row_offers_the_groups_that_fit(url: str, new_browser: Callable[[], Browser]) -> None:
    """The same as the page without scripts, for the number that was chosen, and only while they are free."""
    browser, number = new_browser(), new_event(url)
    take(url, number, "A-2-5")
    show(browser, url, number, "?section=A&row=2#list")
    chips = "[...document.querySelectorAll('[data-group]')].map((chip) => chip.textContent)"
    assert browser.run(chips) == [
        "Seats 1 and 2",
        "Seats 3 and 4",
        "Seats 6 and 7",
        "Seats 8 and 9",
        "Seats 9 and 10",
    ]
    browser.run("document.querySelector('[data-step=up]').click()")
    written = httpx2.get(f"{url}/e/{number}?section=A&row=2&together=3").text
    assert [f"Hold {chip.lower()}" for chip in browser.run(chips)] == re.findall("Hold seats [^<]+", written)
    browser.run(
        "[...document.querySelectorAll('[data-group]')].find((chip) => chip.textContent.endsWith('6 to 8')).click()"
    )
    assert text(browser, "#bar .says") == "3 seats, all together A, row 2, seats 6 to 8"
    assert text(browser, "[data-group][aria-pressed=true]") == "Seats 6 to 8"
    take(url, number, "A-2-2")
    browser.wait_for(f"!({chips}).some((chip) => chip.includes('Seats 1'))")
    assert text(browser, "[data-group][aria-pressed=true]") == "Seats 6 to 8"


def test_a_thumb_between_two_seats_is_asked_which(url: str, new_browser: Callable[[], Browser]) -> None:
    """A tap on a taken seat may mean the one on either side of it. A tap on a seat itself asks nothing."""
    browser = new_browser()
    browser.use_touch()
    browser.resize(500, 900)
    number = new_event(url, seat_map={"sections": [{"name": "A", "rows": 20, "seats_per_row": 20}]})
    take(url, number, "A-10-10")
    show(browser, url, number)
    browser.touch(*place_of(browser, url, number, "A-10-5"))
    assert text(browser, "#bar .says") == "1 seat A, row 10, seat 5"
    browser.touch(*place_of(browser, url, number, "A-10-10"))
    browser.wait_for("document.querySelector('#which').open")
    asked = browser.run("[...document.querySelectorAll('#which li')].map((each) => each.textContent)")
    assert {"A, row 10, seat 9, standard", "A, row 10, seat 11, standard"} <= set(asked)
    browser.run("document.querySelector('#which li button').click()")
    assert not browser.run("document.querySelector('#which').open")
    assert text(browser, "#bar .says").startswith("2 seats")


def test_what_others_do_is_seen_without_a_reload(url: str, new_browser: Callable[[], Browser]) -> None:
    """In the numbers, the list and on the map."""
    browser, number = new_browser(), new_event(url)
    show(browser, url, number, "?section=A&row=2#list")
    option = "document.querySelectorAll('[role=option]')[3]"
    assert browser.run(f"{option}.getAttribute('aria-label')") == "Row 2 seat 4, stalls, free"
    assert text(browser, "[data-available]") == "52"
    take(url, number, "A-2-4", "A-2-5")
    browser.wait_for(f"{option}.getAttribute('aria-disabled') === 'true'")
    assert text(browser, "[data-available]") == "50"
    assert text(browser, '[data-section="0"] .count') == "38 left"
    assert text(browser, '[data-category="stalls"]') == "38 left"
    wait_for_text(browser, "#news", "2 seats in this row changed.")


def test_a_filter_hides_a_kind_of_seat(url: str, new_browser: Callable[[], Browser]) -> None:
    browser, number = new_browser(), new_event(url)
    show(browser, url, number)
    browser.run("document.querySelector('[data-filter=\"0\"]').click()")
    tap(browser, url, number, "A-2-4")
    assert text(browser, "#bar .says") != "1 seat A, row 2, seat 4"


def test_wishes_are_there_where_the_house_can_meet_them(url: str, new_browser: Callable[[], Browser]) -> None:
    browser, number = new_browser(), new_event(url, seat_map=HALL | {"wheelchair": ["A-1-1"]})
    show(browser, url, number)
    hidden = "[...document.querySelectorAll('[data-wish]')].map((box) => box.closest('label').hidden)"
    assert browser.run(hidden) == [False, True]
    browser.run("document.querySelector('[data-wish=accessible]').click()")
    tap(browser, url, number, "A-2-4")
    assert text(browser, "#bar .says").startswith("No seats chosen")
    tap(browser, url, number, "A-1-1")
    assert text(browser, "#bar .says") == "1 seat A, row 1, seat 1"


def test_a_reload_keeps_the_choice_the_view_and_the_open_row(
    url: str, new_browser: Callable[[], Browser]
) -> None:
    browser, number = new_browser(), new_event(url)
    show(browser, url, number, "?section=A&row=2#list")
    browser.run("document.querySelectorAll('[role=option]')[3].click()")
    place = browser.run("location.search + location.hash")
    browser.open("about:blank")
    show(browser, url, number, place)
    assert text(browser, "#bar .says") == "1 seat A, row 2, seat 4"
    assert browser.run("document.querySelector('[aria-selected=true]').textContent") == "4"
    assert browser.run("document.querySelector('.map').hidden")


def test_an_address_opens_its_row_and_keeps_the_map(url: str, new_browser: Callable[[], Browser]) -> None:
    browser, number = new_browser(), new_event(url)
    show(browser, url, number, "?section=A&row=2")
    assert not browser.run("document.querySelector('.map').hidden")
    assert browser.run("document.querySelectorAll('[role=option]').length") == SEATS


def test_no_more_than_the_limit_can_be_chosen(url: str, new_browser: Callable[[], Browser]) -> None:
    browser, number = new_browser(), new_event(url, max_per_hold=2)
    show(browser, url, number)
    for label in ("A-2-4", "A-2-5", "A-2-6"):
        tap(browser, url, number, label)
    assert text(browser, "#bar .says").startswith("2 seats, side by side")
    assert "You can hold 2 at most." in text(browser, "[data-message]")


def test_a_narrow_window_begins_with_the_list(url: str, new_browser: Callable[[], Browser]) -> None:
    """A page at 400 percent is 320 pixels wide: nothing stands out of it."""
    browser, number = new_browser(), new_event(url)
    browser.resize(320, 640)
    show(browser, url, number)
    assert browser.run("document.querySelector('.map').hidden")
    assert browser.run("document.documentElement.scrollWidth") <= 320


def test_the_time_of_a_hold_runs_down_by_the_servers_clock(
    url: str, new_browser: Callable[[], Browser]
) -> None:
    """A wrong clock of the visitor makes no difference. At the end the server's page says what happened."""
    browser, number = new_browser(), new_event(url, hold_ttl_seconds=3)
    show(browser, url, number)
    tap(browser, url, number, "A-2-4")
    browser.run("document.querySelector('#bar button[type=submit]').click()")
    browser.wait_for("document.querySelector('.countdown.is-last') !== null")
    assert text(browser, ".countdown .clock") in ("0:03", "0:02", "0:01")
    wait_for_text(browser, ".banner-title", "Your hold ran out")
    browser.errors.clear()  # the answer 410 is logged as an error


def test_counts_of_a_page_without_seats_are_live(url: str, new_browser: Callable[[], Browser]) -> None:
    """They follow down to the last one, and then the page says that it may come back."""
    browser = new_browser()
    made = httpx2.post(f"{url}/v1/events", json={"name": "Concert", "capacity": 5}).json()
    number = made["number"]
    browser.open(f"{url}/e/{number}")
    for quantity, left in ((2, "3"), (2, "1")):
        line = {"event": number, "lines": [{"quantity": quantity}]}
        assert httpx2.post(f"{url}/v1/holds", json=line).status_code == 201
        wait_for_text(browser, "[data-available]", left)
    assert browser.run("document.querySelector('input[name=quantity]').value") == "1"
    last = httpx2.post(f"{url}/v1/holds", json={"event": number, "lines": [{"quantity": 1}]}).json()
    wait_for_text(browser, "#status", "Sold out for now.")
    button = "document.querySelector('[data-needs-some]')"
    assert browser.run(f"{button}.disabled")
    browser.open(f"{url}/e/{number}")
    assert browser.run(f"{button}.disabled")
    headers = {"Hold-Token": last["hold_token"]}
    assert httpx2.post(f"{url}/v1/holds/{last['id']}/release", headers=headers).status_code == 200
    browser.wait_for(f"!{button}.disabled")
    assert browser.run("document.querySelector('input[name=quantity]').max") == "1"
