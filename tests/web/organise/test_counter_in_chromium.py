"""The counter in Chromium: four keys sell and print, and a lost network is never guessed at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.lossy_proxy import Loss, LossyProxy, lossy_proxy
from support.threaded_server import threaded_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

HALL = {"sections": [{"name": "A", "rows": 4, "seats_per_row": 5, "category": "stalls"}]}
PRINTED = "window.printed = 0; window.print = () => { window.printed += 1; };"
FOCUS = "document.activeElement.id || document.activeElement.textContent"


@pytest.fixture
def network(database_url: str) -> Iterator[LossyProxy]:
    """A server behind a network that loses what a test wants it to."""
    with threaded_server(database_url) as url, lossy_proxy(url) as proxy:
        yield proxy


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with chromium(tmp_path / "profile") as one:
        one.resize(1280, 800, still=True)
        one.before_scripts(PRINTED)
        yield one


def open_counter(browser: Browser, network: LossyProxy) -> int:
    made = httpx2.post(f"{network.url}/v1/events", json={"name": "Concert", "seat_map": HALL}).json()
    browser.open(f"{network.url}/organise/events/{made['number']}/counter")
    browser.wait_for("document.activeElement.id === 'what'")
    return int(made["number"])


def bookings(network: LossyProxy) -> list[Any]:
    found: list[Any] = httpx2.get(f"{network.url}/v1/bookings").json()["items"]
    return found


def test_four_keys_sell_and_print_and_sell_again(browser: Browser, network: LossyProxy) -> None:
    open_counter(browser, network)
    for sold in (1, 2):
        browser.press("2")
        browser.press("Enter")
        browser.wait_for(f"{FOCUS} === 'Print'")
        assert len(bookings(network)) == sold
        browser.press("Enter")
        browser.wait_for(f"window.printed === {sold} && document.activeElement.id === 'what'")
    assert browser.run("document.querySelectorAll('.printed .qr').length") == 2
    assert browser.run("document.querySelector('#what').value") == ""
    assert browser.errors == []


def test_a_refusal_keeps_the_keyboard_and_what_was_typed(browser: Browser, network: LossyProxy) -> None:
    open_counter(browser, network)
    for key in ("9", "9", "Enter"):
        browser.press(key)
    browser.wait_for(
        "document.querySelector('.banner-title') !== null && document.activeElement.id === 'what'"
    )
    assert browser.run("document.querySelector('#what').value") == "99"
    assert bookings(network) == []


AWAY = 200
"""More losses than Chromium resends a request on its own, which depends on its open connections."""


@pytest.mark.parametrize(
    ("losses", "sold"),
    [
        ([Loss.REQUEST] * AWAY, 0),
        ([Loss.ANSWER] + [Loss.REQUEST] * AWAY, 1),
    ],
)
def test_a_lost_press_is_asked_for_and_never_guessed(
    browser: Browser, network: LossyProxy, losses: list[Loss], sold: int
) -> None:
    open_counter(browser, network)
    network.losses.extend(losses)
    browser.press("2")
    browser.press("Enter")
    browser.wait_for("!document.querySelector('#unanswered').hidden")
    network.losses.clear()
    browser.wait_for(
        f"{FOCUS} === 'Print'" if sold else "document.querySelector('#counter .banner-title') !== null"
    )
    assert browser.run("document.querySelector('#unanswered').hidden")
    assert len(bookings(network)) == sold
    if not sold:
        assert browser.run("document.querySelector('.banner-title').textContent") == "Nothing was booked"
    shown = browser.run("document.querySelector('#last').textContent")
    browser.press("Escape")
    browser.wait_for("document.activeElement.id === 'what'")
    browser.press("1")
    browser.press("Enter")
    browser.wait_for(f"document.querySelector('[data-sold] #last') && {FOCUS} === 'Print'")
    browser.wait_for(f"document.querySelector('#last').textContent !== {shown!r}")
    assert len(bookings(network)) == sold + 1


def test_without_a_network_nothing_is_sold_and_a_reload_still_asks(
    browser: Browser, network: LossyProxy
) -> None:
    open_counter(browser, network)
    network.losses.extend([Loss.ANSWER] + [Loss.REQUEST] * AWAY)
    browser.press("2")
    browser.press("Enter")
    browser.wait_for("!document.querySelector('#unanswered').hidden")
    assert browser.run("document.querySelector('#counter').inert")
    assert browser.run("document.querySelector('.counter-pending').textContent.trim()") == "2"
    browser.press("3")
    browser.press("Enter")
    browser.run("window.isLeft = true")
    browser.run("location.reload()")
    browser.wait_for("!window.isLeft && document.querySelector('#unanswered')?.hidden === false")
    network.losses.clear()
    browser.wait_for(f"{FOCUS} === 'Print'")
    assert [booking["quantity"] for booking in bookings(network)] == [2]
