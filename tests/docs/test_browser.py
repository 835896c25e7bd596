"""The guide "Sell from a browser": its page sells in Chromium, from another origin than the server's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import httpx2
import pytest
from snippets import ROOT, blocks_of

from support.fixtures import open_folder
from support.serving import Serving
from support.static_site import static_site

__all__ = ["open_folder"]

GUIDE = ROOT / "docs" / "guides" / "browser.md"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--virtual-time-budget=20000",
    "--dump-dom",
)
PRESS = """
<script type="module">
const shown = new MutationObserver(() => { if (!button.hidden) { shown.disconnect(); button.click(); } });
const button = document.querySelector("#buy");
shown.observe(button, { attributes: true });
if (!button.hidden) button.click();
</script>
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def page_of_the_guide(server: str, event: int) -> str:
    (page,) = [block.text for block in blocks_of(GUIDE) if block.language == "html"]
    for line, own in (
        ('const server = "https://tickets.example";', f'const server = "{server}";'),
        ("const event = 1;", f"const event = {event};"),
    ):
        assert line in page
        page = page.replace(line, own)
    return page + PRESS


def rendered(address: str, profile: Path) -> str:
    """Return the page as Chromium has it after its scripts."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", address],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_the_page_of_the_guide_sells_from_a_listed_origin_only(open_folder: Path, tmp_path: Path):
    site = tmp_path / "site"
    site.mkdir()
    with (
        static_site(site) as listed,
        static_site(site) as stranger,
        Serving(open_folder / "data", allowed_origins=f"https://shop.example,{listed}") as server,
    ):
        own = f"http://localhost:{server.port}"
        event = httpx2.post(f"{own}/v1/events", json={"name": "Concert", "capacity": 3}).json()["number"]
        (site / "index.html").write_text(page_of_the_guide(own, event))
        assert '<p id="state">Booked: ' in rendered(f"{listed}/index.html", tmp_path / "first")
        assert '<p id="state">Failed to fetch</p>' in rendered(f"{stranger}/index.html", tmp_path / "second")
        availability = httpx2.get(f"{own}/v1/events/{event}/availability").json()
    assert (availability["booked"], availability["available"]) == (1, 2)
