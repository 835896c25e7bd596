"""Writes `docs/pictures`: the pages of the shop, light and dark, as a visitor sees them.

Run it from the repository's root after a change of the pages' looks, and look at each picture. It starts a server of
its own with the sample programme, and needs Debian's Chromium.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import httpx2  # noqa: E402 - after the path
from benchmarks.pages.shop import started_server  # noqa: E402 - after the path

from holdfast.samples import arena, theatre  # noqa: E402 - after the path
from support.browser import Browser, chromium  # noqa: E402 - after the path

PICTURES = ROOT / "docs" / "pictures"
WIDE, PHONE = (1280, 800), (390, 844)
SOLD = 260
"""Holds of others in the arena. Two of three are booked."""
QUANTITIES = {1: 163, 2: 24, 4: 68}
"""What others book of the programme's other events, by their numbers."""
MAX_BYTES = 150_000
PROGRAMME: list[tuple[int, dict[str, Any]]] = [
    (
        5,
        {
            "name": "The Paper Lighthouse",
            "venue": "Net Loft, Port Ellery",
            "capacity": 400,
            "max_per_hold": 400,
        },
    ),
    (8, {"name": "Supper on the ferry", "venue": "Pier 3", "capacity": 24, "max_per_hold": 24}),
    (13, {"name": "The Cherry Orchard", "venue": "Kleines Schauspielhaus", "seat_map": theatre()}),
    (27, {"name": "A quartet by candlelight", "venue": "St Anne’s", "capacity": 80, "max_per_hold": 80}),
    (20, {"name": "A night at the arena", "venue": "Arena", "seat_map": arena()}),
]


def main() -> int:
    PICTURES.mkdir(exist_ok=True)
    with started_server() as url, tempfile.TemporaryDirectory(dir="/var/tmp") as profile:
        number = _put_on_sale(url)
        _sell(url, number)
        with chromium(Path(profile)) as browser:
            _go_through(browser, url, number)
    sizes = {path.name: path.stat().st_size for path in sorted(PICTURES.glob("*.webp"))}
    for name, size in sizes.items():
        sys.stdout.write(f"{name}: {size / 1000:.0f} kB{' TOO LARGE' if size > MAX_BYTES else ''}\n")
    return 1 if max(sizes.values()) > MAX_BYTES else 0


def _put_on_sale(url: str) -> int:
    """Put a programme on sale, and return the number of its arena."""
    now = datetime.now(UTC).replace(hour=19, minute=30, second=0, microsecond=0)
    numbers = []
    for days, body in PROGRAMME:
        event = {**body, "starts_at": (now + timedelta(days=days)).isoformat()}
        made = httpx2.post(f"{url}/v1/events", json=event, timeout=60).raise_for_status()
        numbers.append(int(made.json()["number"]))
    return numbers[-1]


def _sell(url: str, event: int) -> None:
    """Let others hold and book, so that the map shows every state."""
    with httpx2.Client(base_url=url, timeout=60) as client:
        for number in range(SOLD):
            _buy(client, event, {"best_available": number % 4 + 1}, is_booked=number % 3 > 0)
        for number, quantity in QUANTITIES.items():
            _buy(client, number, {"quantity": quantity}, is_booked=True)


def _buy(client: httpx2.Client, event: int, line: dict[str, Any], *, is_booked: bool) -> None:
    held = client.post("/v1/holds", json={"event": event, "lines": [line]})
    if held.status_code == 201 and is_booked:
        body = {"hold": held.json()["id"], "hold_token": held.json()["hold_token"]}
        client.post("/v1/bookings", json=body).raise_for_status()


def _go_through(browser: Browser, url: str, event: int) -> None:
    """Take the pictures on the way of a purchase."""
    browser.hide_scrollbars()
    browser.resize(*WIDE)
    browser.open(f"{url}/whats-on")
    _take(browser, "programme")
    browser.open(f"{url}/e/{event}")
    browser.wait_for("!document.querySelector('#bar').hidden")
    browser.run("document.querySelector('#find').closest('form').requestSubmit()")
    browser.wait_for("document.querySelector('.countdown .clock') !== null")
    _take(browser, "hold")
    browser.run("document.querySelector('#name').value = 'Ada Morgenstern'")
    browser.run("document.querySelector('#email').value = 'ada@example.org'")
    browser.run("document.querySelector('form[action$=confirm]').requestSubmit()")
    browser.wait_for(
        "location.pathname.includes('/my/bookings/') && document.querySelector('.ticket') !== null"
    )
    _take(browser, "booking")
    browser.resize(*PHONE)
    browser.run("document.querySelector('.ticket').scrollIntoView({block: 'center'})")
    _take(browser, "ticket", size=PHONE)
    browser.resize(*WIDE)
    browser.open(f"{url}/e/{event}")
    browser.wait_for("!document.querySelector('#bar').hidden")
    _choose_three(browser)
    _take(browser, "event")


def _choose_three(browser: Browser) -> None:
    """Choose three free seats side by side by the list, as a row offers them."""
    browser.run("document.querySelector('[data-view=list]').click()")
    browser.run("document.querySelector('#together').value = '3'")
    browser.run("document.querySelector('#together').dispatchEvent(new Event('input'))")
    browser.run("[...document.querySelectorAll('[data-section]')].at(1).click()")
    browser.wait_for("document.querySelector('#list .rows .row-line') !== null")
    browser.run("[...document.querySelectorAll('#list .rows .row-line')].at(-3).click()")
    browser.wait_for("document.querySelector('[data-group]') !== null")
    browser.run("document.querySelector('[data-group]').click()")
    browser.run("document.querySelector('[data-view=map]').click()")
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")


def _take(browser: Browser, name: str, *, size: tuple[int, int] = WIDE) -> None:
    for theme in ("light", "dark"):
        browser.resize(*size, dark=theme == "dark", still=True)
        browser.run("new Promise((done) => setTimeout(done, 600))")  # tiles come one in a frame
        (PICTURES / f"{name}-{theme}.webp").write_bytes(browser.picture("webp"))
    browser.resize(*size)


if __name__ == "__main__":
    sys.exit(main())
