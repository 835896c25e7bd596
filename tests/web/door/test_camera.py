"""The camera of a door: it reads a real ticket's code, asks once for what stays in view, and says why it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.cut_network import cut_network
from support.fake_camera import camera_flags, write_film
from support.threaded_server import threaded_server
from web.door.visits import log_of, make_tickets, open_door, shown

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

START = "document.querySelector('[data-camera=start]').click()"
DECODED = "Number(document.querySelector('#camera').dataset.decoded ?? 0)"


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    with threaded_server(database_url) as one:
        yield one


def _opened(browser: Browser, url: str, event: int) -> None:
    browser.resize(400, 800)
    open_door(browser, url, event, gate="Door A")
    browser.run(START)


def test_it_reads_tickets_and_asks_once_for_each(url: str, tmp_path: Path) -> None:
    """The first ticket stays in view for a hundred pictures, and then another one comes."""
    event, codes, _ = make_tickets(url, 2)
    film = tmp_path / "film.y4m"
    write_film(film, [(codes[0], 100), (None, 4), (codes[1], 1_000)])
    with chromium(tmp_path / "profile", *camera_flags(film)) as browser:
        _opened(browser, url, event)
        browser.wait_for("document.querySelector('#verdict').className.includes('verdict-ok')")
        for count in (1, 2):
            browser.wait_for(f"document.querySelector('#door').dataset.answered === '{count}'")
        browser.wait_for(f"{DECODED} > 40")
        assert browser.errors == []
        browser.run(START)
        assert shown(browser, "#camera") == ""
    log = log_of(url, event)
    assert [(one["verdict"], one["gate"]) for one in log[:2]] == [("admitted", "Door A")] * 2
    assert len({one["ticket"] for one in log[:2]}) == 2


def test_a_refused_camera_and_a_missing_one_say_what_to_do(url: str, tmp_path: Path) -> None:
    event, _, _ = make_tickets(url, 1)
    with chromium(tmp_path / "profile", "--use-fake-ui-for-media-stream=deny") as browser:
        for name, sentence in (
            ("NotAllowedError", "does not let this page use the camera"),
            ("NotFoundError", "has no camera"),
            ("NotReadableError", "does not start"),
        ):
            browser.open(f"{url}/door/{event}")
            browser.wait_for("document.querySelector('#door').dataset.ready === 'true'")
            browser.run(
                "navigator.mediaDevices.getUserMedia = () =>"
                f" Promise.reject(new DOMException('no', '{name}')); {START}"
            )
            browser.wait_for("!document.querySelector('[data-says=camera]').hidden")
            assert sentence in shown(browser, "[data-says=camera]")


def test_a_camera_works_without_a_network(url: str, tmp_path: Path) -> None:
    """The decoder and its WebAssembly are kept with the page."""
    event, codes, _ = make_tickets(url, 1)
    film = tmp_path / "film.y4m"
    write_film(film, [(codes[0], 100)])
    with cut_network(url) as network, chromium(tmp_path / "profile", *camera_flags(film)) as browser:
        open_door(browser, network.url, event)
        network.cut()
        browser.open(f"{network.url}/door/{event}")
        browser.wait_for("document.querySelector('#door').dataset.ready === 'true'")
        browser.run(START)
        browser.wait_for("document.querySelector('#door').dataset.unsent === '1'")
        browser.wait_for("document.querySelector('#verdict').className.includes('verdict-ok')")
