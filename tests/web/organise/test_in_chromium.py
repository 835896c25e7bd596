"""The organiser's pages with scripts: the preview follows what is typed, and the numbers follow the sale."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from support.browser import CHROMIUM, Browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


def post(url: str, path: str, **body: Any) -> dict[str, Any]:
    answer = httpx2.post(f"{url}/v1/{path}", json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


def type_into(browser: Browser, name: str, text: str) -> None:
    browser.run(
        f"{{ const field = document.querySelector('[name=\"{name}\"]'); field.value = '{text}';"
        " field.dispatchEvent(new Event('input', {bubbles: true})); }"
    )


def test_the_preview_follows_what_is_typed(browser: Browser, url: str) -> None:
    browser.open(f"{url}/organise/events/new")
    type_into(browser, "name", "Supper")
    type_into(browser, "area-1-name", "hall")
    type_into(browser, "area-1-capacity", "800")
    browser.wait_for("document.querySelector('#preview').textContent.includes('800 places')")
    assert browser.run("document.querySelector('#preview h3').textContent") == "Supper"
    assert browser.run("document.querySelector('[data-kind=rows]').hidden")
    browser.run("document.querySelector('[value=rows]').click()")
    type_into(browser, "section-1-name", "A")
    type_into(browser, "section-1-rows", "3")
    type_into(browser, "section-1-seats", "7")
    browser.wait_for("document.querySelector('#preview').textContent.includes('21 places')")
    assert browser.run("document.querySelector('[data-kind=areas]').hidden")
    assert httpx2.get(f"{url}/v1/events").json()["items"] == []


def test_a_press_makes_the_event_in_open_mode(browser: Browser, url: str) -> None:
    """Pages send no referrer, so a browser's forms come from the origin `null`. They were taken for a stranger's."""
    browser.open(f"{url}/organise/events/new")
    type_into(browser, "name", "Supper")
    type_into(browser, "area-1-name", "hall")
    type_into(browser, "area-1-capacity", "800")
    browser.run("document.querySelector('main form button[value=publish]').click()")
    browser.wait_for("/events\\/[0-9]+$/.test(location.pathname)")
    browser.wait_for("document.querySelector('h1')?.textContent.includes('Supper')")


def test_a_file_becomes_the_plan(browser: Browser, url: str) -> None:
    browser.open(f"{url}/organise/events/new")
    browser.run("document.querySelector('[value=plan]').click()")
    browser.run(
        "{ const files = new DataTransfer(); files.items.add(new File(['A1\\nA2\\nB1'], 'seats.txt'));"
        " const field = document.querySelector('#plan-file'); field.files = files.files;"
        " field.dispatchEvent(new Event('change', {bubbles: true})); }"
    )
    browser.wait_for("document.querySelector('#preview').textContent.includes('3 places')")
    assert browser.run("document.querySelector('#plan').value") == "A1\nA2\nB1"


def test_the_numbers_follow_the_sale(browser: Browser, url: str) -> None:
    event = post(url, "events", name="Concert", capacity=10)["number"]
    browser.open(f"{url}/organise/events/{event}")
    assert browser.run("document.querySelector('#held').textContent") == "0"
    hold = post(url, "holds", event=event, lines=[{"quantity": 3}])
    browser.wait_for("document.querySelector('#held').textContent === '3'")
    post(url, "bookings", hold=hold["id"], hold_token=hold["hold_token"])
    browser.wait_for("document.querySelector('#sold').textContent === '3'")
    assert browser.run("document.querySelector('#free').textContent") == "7"
    post(url, f"events/{event}/stop")
    browser.wait_for("document.querySelector('[data-live=state]').textContent.includes('Sales paused')")


SEATED = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 5}]}


def sell(url: str, event: int, *seats: str) -> None:
    hold = post(url, "holds", event=event, lines=[{"seats": list(seats)}])
    post(url, "bookings", hold=hold["id"], hold_token=hold["hold_token"])


def test_the_plot_follows_the_sale_and_its_table_stays_open(browser: Browser, url: str) -> None:
    event = post(url, "events", name="Play", seat_map=SEATED)["number"]
    sell(url, event, "A-1-1")
    browser.open(f"{url}/organise/events/{event}")
    browser.wait_for("document.querySelector('#sales-plot canvas') !== null")
    assert browser.run("document.querySelector('[data-live=sales-says]').textContent.startsWith('1 sold')")
    browser.run("document.querySelector('#sales-table').open = true")
    size = "JSON.stringify(document.querySelector('#sales-plot').getBoundingClientRect())"
    before = browser.run(size)
    sell(url, event, "A-1-2", "A-1-3")
    browser.wait_for("document.querySelector('[data-live=sales-says]').textContent.startsWith('3 sold')")
    assert browser.run("document.querySelector('#sales-table').open")
    assert browser.run(size) == before
    browser.open(f"{url}/organise/events/{event}?span=month")
    assert browser.run("document.querySelector('[data-live=sales-says]').textContent.startsWith('3 sold')")
    assert browser.errors == []


def test_the_slider_goes_through_what_was_sold(browser: Browser, url: str) -> None:
    event = post(url, "events", name="Play", seat_map=SEATED)["number"]
    sell(url, event, "A-1-1", "A-1-2")
    browser.open(f"{url}/organise/events/{event}")
    browser.run("document.querySelector('#heat').scrollIntoView()")
    browser.wait_for("!document.querySelector('#as-of').disabled")
    said = "document.querySelector('#as-of').getAttribute('aria-valuetext')"
    assert browser.run(said).endswith("2 seats sold")
    slide = (
        "{ const field = document.querySelector('#as-of'); field.value = '%s';"
        " field.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    browser.run(slide % 0)
    assert browser.run(said).endswith(": 0 seats sold")
    browser.run(slide % 99)
    sell(url, event, "A-2-1")
    browser.wait_for(f"{said}.endsWith(': 3 seats sold')")
    assert browser.errors == []
