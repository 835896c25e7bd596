"""A poster from a phone: an organiser chooses a picture in a narrow window, sees it, and its page shows it.

The kind of fault: a picture that the form shows and does not send, and one that is refused without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from support.browser import CHROMIUM, Browser, chromium
from support.pictures import a_picture, text_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with chromium(tmp_path / "profile") as one:
        one.resize(390, 844, still=True)
        one.use_touch()
        yield one


def choose(browser: Browser, content: bytes, name: str, kind: str) -> None:
    """Choose a file for the poster, as the phone's own dialog does."""
    browser.run(
        f"{{ const bytes = Uint8Array.from(atob('{text_of(content)}'), (one) => one.charCodeAt(0));"
        f" const files = new DataTransfer(); files.items.add(new File([bytes], '{name}', {{type: '{kind}'}}));"
        " const field = document.querySelector('#poster-file'); field.files = files.files;"
        " field.dispatchEvent(new Event('change', {bubbles: true})); }"
    )
    browser.wait_for("document.querySelector('#poster').value !== ''")


def save(browser: Browser) -> None:
    """Press the form's button, which must lie in the window when it is scrolled to."""
    browser.run(
        "{ window.isOld = true; const button = document.querySelector('#poster').form.querySelector('[type=submit]');"
        " button.scrollIntoView(); button.click(); }"
    )
    browser.wait_for("!window.isOld && document.readyState === 'complete'")


def test_a_poster_is_chosen_seen_and_shown_and_a_bad_file_is_refused(browser: Browser, url: str) -> None:
    event = httpx2.post(f"{url}/v1/events", json={"name": "Jazz", "capacity": 5}).json()["number"]
    form = f"{url}/organise/events/{event}/change"
    browser.open(form)
    assert browser.run("document.documentElement.scrollWidth") <= 390
    choose(browser, a_picture("JPEG", size=(1200, 675)), "poster.jpg", "image/jpeg")
    browser.wait_for("document.querySelector('#poster-shown').naturalWidth === 1200")
    assert not browser.run("document.querySelector('#poster-shown').hidden")
    assert browser.run("document.querySelector('#poster-shown').getBoundingClientRect().right") <= 390
    save(browser)
    browser.open(f"{url}/e/{event}")
    browser.run("document.querySelector('.poster-picture').scrollIntoView()")
    browser.wait_for("document.querySelector('.poster-picture').naturalWidth > 0")
    assert browser.run("document.documentElement.scrollWidth") <= 390
    before = httpx2.get(f"{url}/v1/events/{event}/presentation").json()

    browser.open(form)
    choose(browser, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "poster.png", "image/png")
    save(browser)
    browser.wait_for("document.querySelector('#poster-hint').className === 'error'")
    says = browser.run("document.querySelector('#poster-hint').textContent")
    assert says.startswith("Choose a PNG, JPEG or WebP picture")
    assert browser.run("document.querySelector('#poster-file').getAttribute('aria-invalid')") == "true"
    assert not browser.run("document.querySelector('#poster-field').hidden")
    assert httpx2.get(f"{url}/v1/events/{event}/presentation").json() == before
