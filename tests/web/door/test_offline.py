"""A door without a network: it opens, decides and keeps; nothing is lost and nothing is doubled when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.cut_network import CutNetwork, cut_network
from support.threaded_server import threaded_server
from web.door.visits import log_of, make_tickets, open_door, scan, sell, shown, void_booking

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

UNSENT = "document.querySelector('#door').dataset.unsent"
FULL = """IDBObjectStore.prototype.add = () => { throw new DOMException("full", "QuotaExceededError"); }; 0"""
"""What the browser does on a full disk."""
TROUBLE = "document.querySelector('#door').dataset.trouble"


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    with threaded_server(database_url) as one:
        yield one


@pytest.fixture
def network(url: str) -> Iterator[CutNetwork]:
    with cut_network(url) as one:
        yield one


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with chromium(tmp_path / "profile") as one:
        one.resize(400, 800)
        yield one


def test_a_door_without_a_network_decides_keeps_and_sends_later(
    url: str, network: CutNetwork, browser: Browser
) -> None:
    event, codes, _ = make_tickets(url, 3)
    (void,), booking = sell(url, event, 1)
    void_booking(url, booking)
    open_door(browser, network.url, event, gate="Door A")
    assert scan(browser, codes[0]) == "Let in"
    assert "Kept on this device" not in shown(browser, "#verdict")
    network.cut()
    newer, _ = sell(url, event, 1)
    assert scan(browser, codes[1]) == "Let in"
    assert "Kept on this device, not sent yet." in shown(browser, "#verdict")
    assert scan(browser, codes[1]) == "Already in"
    assert "through Door A." in shown(browser, "#verdict")
    assert scan(browser, codes[0]) == "Already in", "the server's answers are remembered, too"
    assert scan(browser, void) == "Stop"
    assert scan(browser, newer[0]) == "Let in", "sold after the list, and signed"
    assert scan(browser, newer[0]) == "Already in"
    assert scan(browser, newer[0][:-1] + ("0" if newer[0][-1] != "0" else "1")) == "Stop"
    assert scan(browser, "4006381333931") == "Stop"
    browser.wait_for(f"{UNSENT} === '8'")
    said = shown(browser, "[data-says=network]")
    assert "No network since" in said
    assert "8 scans are not sent yet." in said
    assert len(log_of(url, event)) == 1
    network.restore()
    browser.wait_for(f"{UNSENT} === '0' && {TROUBLE} === ''")
    assert shown(browser, "[data-says=network]") == ""
    log = log_of(url, event)
    assert [one["verdict"] for one in log] == [
        *("admitted", "admitted", "again", "again", "void", "admitted", "again", "unknown", "unknown")
    ]
    assert [one["shown"] for one in log] == [False, True, False, False, False, True, False, False, False]
    assert {one["gate"] for one in log} == {"Door A"}


def test_it_opens_without_a_network_after_its_tab_was_killed(
    url: str, network: CutNetwork, browser: Browser
) -> None:
    """What waits survives, and the numbers of scans go on. The page knows since when the network is away."""
    event, codes, _ = make_tickets(url, 2)
    open_door(browser, network.url, event)
    network.cut()
    assert scan(browser, codes[0]) == "Let in"
    since = shown(browser, "[data-says=network]")
    killed = browser.current
    browser.new_tab()
    browser.kill_tab(killed)
    browser.open(f"{network.url}/door/{event}")
    browser.wait_for(f"{UNSENT} === '1' && {TROUBLE} === 'offline'")
    assert shown(browser, "[data-says=network]")[:30] == since[:30]
    assert scan(browser, codes[0]) == "Already in"
    assert scan(browser, codes[1]) == "Let in"
    network.restore()
    browser.wait_for(f"{UNSENT} === '0'")
    log = log_of(url, event)
    assert [(one["seq"], one["verdict"]) for one in log] == [(1, "admitted"), (2, "again"), (3, "admitted")]
    assert len({one["device"] for one in log}) == 1


def test_a_lost_answer_is_asked_again_and_not_doubled(
    url: str, network: CutNetwork, browser: Browser
) -> None:
    event, codes, _ = make_tickets(url, 1)
    open_door(browser, network.url, event)
    network.loses_answers = True
    assert scan(browser, codes[0]) == "Let in"
    network.loses_answers = False
    browser.wait_for(f"{UNSENT} === '0'")
    assert [(one["seq"], one["verdict"]) for one in log_of(url, event)] == [(1, "admitted")]


def test_two_doors_without_a_network_let_one_ticket_pass_and_learn_of_it(
    url: str, network: CutNetwork, browser: Browser
) -> None:
    event, codes, _ = make_tickets(url, 1)
    open_door(browser, network.url, event, gate="Door A")
    network.cut()
    assert scan(browser, codes[0]) == "Let in"
    other = {
        "device": "door-b",
        "items": [
            {"seq": 1, "at": "2026-01-01T10:00:00Z", "code": codes[0], "gate": "Door B", "shown": True}
        ],
    }
    httpx2.post(f"{url}/v1/events/{event}/check-ins", json=other).raise_for_status()
    network.restore()
    browser.wait_for("!document.querySelector('#differences').hidden")
    assert "through Door B." in shown(browser, "#differences")
    log = log_of(url, event)
    assert [(one["gate"], one["verdict"]) for one in log] == [("Door B", "admitted"), ("Door A", "duplicate")]


def test_a_ticket_that_a_door_turned_away_alone_stays_unused(
    url: str, network: CutNetwork, browser: Browser
) -> None:
    """The person left by another door meanwhile: the log must not let in who was turned away."""
    event, codes, _ = make_tickets(url, 1)
    open_door(browser, network.url, event)
    assert scan(browser, codes[0]) == "Let in"
    network.cut()
    left = {
        "device": "door-b",
        "items": [{"seq": 1, "at": "2026-01-01T10:00:00Z", "code": codes[0], "direction": "out"}],
    }
    httpx2.post(f"{url}/v1/events/{event}/check-ins", json=left).raise_for_status()
    assert scan(browser, codes[0]) == "Already in"
    network.restore()
    browser.wait_for(f"{UNSENT} === '0'")
    assert [one["verdict"] for one in log_of(url, event)] == ["admitted", "left", "refused"]
    assert scan(browser, codes[0]) == "Let in"


def test_a_full_disk_is_said_and_lets_nobody_pass(url: str, browser: Browser) -> None:
    event, codes, _ = make_tickets(url, 1)
    open_door(browser, url, event)
    browser.run(FULL)
    browser.run(
        f"document.querySelector('#code').value = '{codes[0]}'; document.querySelector('#scan').requestSubmit()"
    )
    browser.wait_for("!document.querySelector('[data-says=storage]').hidden")
    assert "no room left" in shown(browser, "[data-says=storage]")
    assert log_of(url, event) == []


def test_a_wrong_clock_spoils_neither_the_list_nor_the_log(
    url: str, network: CutNetwork, browser: Browser
) -> None:
    event, codes, _ = make_tickets(url, 2)
    browser.before_scripts(
        "{ const Real = Date, off = 3 * 86_400_000; globalThis.Date = class extends Real {"
        " constructor(...given) { given.length ? super(...given) : super(Real.now() + off) }"
        " static now() { return Real.now() + off } } }"
    )
    open_door(browser, network.url, event)
    network.cut()
    assert scan(browser, codes[0]) == "Let in"
    network.restore()
    browser.wait_for(f"{UNSENT} === '0'")
    (one,) = log_of(url, event)
    assert one["verdict"] == "admitted"
    assert one["at"] <= one["recorded_at"] < one["device_at"]
