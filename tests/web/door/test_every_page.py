"""Every page of the door in Chromium, in each language, theme and width, as `web/test_every_page.py` says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.threaded_server import threaded_server
from web.account_visits import fill
from web.test_every_page import AXE, LANGUAGES, faults
from web.test_languages import pseudo_language

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: `make generators`"),
]

KEPT = """{ const real = setTimeout;
  globalThis.setTimeout = (act, wait, ...given) => (wait === 1_200 ? 0 : real(act, wait, ...given)); }"""
"""A verdict that lets a person pass goes away by itself. Here it stays to be looked at."""
UNSEEN = """for (const part of document.querySelectorAll("[data-says], #differences, [data-camera], #camera")) {
  part.hidden = false;
  if (part.dataset.says) part.textContent = "1";
}"""


def pages(browser: Browser, url: str, lang: str) -> Iterator[str]:
    """Show one page after the other, and yield its name."""
    event = httpx2.post(
        f"{url}/v1/events", json={"name": "123", "areas": [{"name": "4", "capacity": 5}]}
    ).json()
    line = {"event": event["number"], "lines": [{"quantity": 1}]}
    hold = httpx2.post(f"{url}/v1/holds", json=line).json()
    body = {"hold": hold["id"], "hold_token": hold["hold_token"]}
    booking = httpx2.post(f"{url}/v1/bookings", json=body).json()
    headers = {"Hold-Token": hold["hold_token"]}
    (ticket,) = httpx2.get(f"{url}/v1/bookings/{booking['id']}/tickets", headers=headers).json()["items"]
    httpx2.patch(f"{url}/v1/events/{event['number']}/door", json={"lists": [{"name": "9"}]})
    browser.before_scripts(KEPT)
    browser.open(f"{url}/door?lang={lang}")
    yield "events"
    browser.open(f"{url}/door/{event['number']}")
    browser.wait_for("document.querySelector('#door').dataset.list === 'fresh'")
    yield "scan"
    for name, code, tone in (
        ("let in", ticket["code"], "ok"),
        ("already in", ticket["code"], "again"),
        ("stop", "9", "stop"),
    ):
        fill(browser, code=code, gate="1")
        browser.run("document.querySelector('#scan').requestSubmit()")
        browser.wait_for(f"document.querySelector('#verdict').className.includes('verdict-{tone}')")
        yield name
    browser.run("document.querySelector('#verdict').click()")
    browser.run(UNSEEN)
    yield "each other part"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_of_the_door_shuts_anybody_out(database_url: str, tmp_path: Path, lang: str) -> None:
    found: dict[str, list[str]] = {}
    with (
        pseudo_language(alone=False),
        threaded_server(database_url) as url,
        chromium(tmp_path / "profile") as browser,
    ):
        browser.resize(1280, 800, still=True)
        for name in pages(browser, url, lang):
            found[name] = list(faults(browser, lang))
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert len(found) == 6
