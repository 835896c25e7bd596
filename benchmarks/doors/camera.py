"""Camera of a door in Chromium: the time from a code in view to its verdict, and of a cold start without a network.

The film has a light strip at its edge while a code is in view. The test's own callback reads the strip from the same
pictures that the page gets, so the time begins with the picture, not with the decoder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.doors.soak import OPEN, sell_tickets
from support.browser import chromium
from support.cut_network import cut_network
from support.fake_camera import camera_flags, write_film

__all__ = ["measure_camera", "measure_cold_start"]

_SHOWN_FRAMES, _BLANK_FRAMES = 24, 12
_STARTS = 7
_WATCH = """{
  const video = document.querySelector("#camera video"), screen = document.querySelector("#door");
  const canvas = new OffscreenCanvas(8, 8), context = canvas.getContext("2d", { willReadFrequently: true });
  window.found = []; let seen = 0, isLight = false;
  const look = (now, about) => {
    video.requestVideoFrameCallback(look);
    context.drawImage(video, 4, 100, 8, 8, 0, 0, 8, 8);
    const light = context.getImageData(4, 4, 1, 1).data[0] > 150;
    if (light && !isLight) seen = about.captureTime ?? about.presentationTime ?? now;
    isLight = light;
  };
  video.requestVideoFrameCallback(look);
  const note = () => { if (seen) window.found.push(performance.now() - seen); seen = 0; };
  const answered = { attributes: true, attributeFilter: ["data-answered"] };
  new MutationObserver(() => requestAnimationFrame(note)).observe(screen, answered);
}"""


def measure_camera(url: str, folder: Path, pictures: int) -> list[float]:
    """Return the milliseconds of each code."""
    event, references = sell_tickets(url, pictures)
    film = folder / "film.y4m"
    shown = [picture for code in references for picture in ((code, _SHOWN_FRAMES), (None, _BLANK_FRAMES))]
    write_film(film, [(None, 40), *shown])
    with chromium(folder / "camera", *camera_flags(film)) as browser:
        browser.resize(400, 800)
        browser.open(f"{url}/door/{event}")
        browser.wait_for(OPEN)
        browser.run("document.querySelector('[data-camera=start]').click()")
        browser.wait_for("document.querySelector('#camera').dataset.ready === 'true'")
        browser.run(_WATCH)
        browser.wait_for(f"window.found.length >= {pictures - 2}")
        found = browser.run("window.found")
    film.unlink()
    return [float(one) for one in found]


def measure_cold_start(url: str, folder: Path) -> Iterator[float]:
    """Yield the milliseconds from the start of a navigation, in a new browser without a network, to a usable page."""
    event, _ = sell_tickets(url, 10)
    with cut_network(url) as network:
        profile = folder / "cold"
        with chromium(profile) as browser:
            browser.open(f"{network.url}/door/{event}")
            browser.wait_for("document.querySelector('#door').dataset.list === 'fresh'")
            browser.wait_for("navigator.serviceWorker.controller !== null")
        network.cut()
        for _ in range(_STARTS):
            with chromium(profile) as browser:
                browser.before_scripts(
                    "new MutationObserver(() => { if (document.querySelector('#door')?.dataset.ready)"
                    " window.usable ??= performance.now(); })"
                    ".observe(document, { subtree: true, childList: true, attributes: true })"
                )
                browser.open(f"{network.url}/door/{event}")
                browser.wait_for("window.usable")
                yield float(browser.run("window.usable"))
