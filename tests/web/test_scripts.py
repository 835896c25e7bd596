"""Scripts of the pages: their types, what they may not do, and their names.

The kind: a script that the content policy or an old browser stops, or one that is kept under a wrong name. A test in
Chromium sees only what its path runs; this one sees every line.
"""

from __future__ import annotations

import re
import subprocess
from importlib.resources import files
from pathlib import Path

import httpx2
import pytest

from holdfast.web.static_files import all_static_files, asset_path, imported_by

STATIC = Path(str(files("holdfast.web"))) / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
ROOT = Path(__file__).parents[2]
COMPILER = ROOT / ".generators" / "node_modules" / ".bin" / "tsc"

FORBIDDEN = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b|setAttribute\(\"style\""
)
"""What turns a text into markup or code, or what the content policy refuses."""


@pytest.mark.skipif(not COMPILER.exists(), reason="the generators are not installed: `make generators`")
def test_the_types_of_the_scripts_are_right() -> None:
    project = ROOT / "tests" / "web" / "tsconfig.json"
    done = subprocess.run(
        [COMPILER, "--project", project], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_text_becomes_markup_or_code(script: Path) -> None:
    assert FORBIDDEN.findall(script.read_text()) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_text_ends_in_its_line(script: Path) -> None:
    """Scripts are sent without their indents, and without a comment at the end of a line."""
    for line in script.read_text().splitlines():
        assert line.count("`") % 2 == 0, line
        code, _, comment = line.partition(" // ")
        assert not comment or code.count('"') % 2 == code.count("`") % 2 == 0, line


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_names_what_it_imports_by_their_hashes(script: Path) -> None:
    """Then each may be kept for ever, and a change of one changes the names of all that import it."""
    sent = all_static_files()[asset_path(script.name).removeprefix("assets/")].content.decode()
    imported = re.findall(r'^import .* from "\./(.+)";$', sent, re.MULTILINE)
    assert len(imported) == len(re.findall(r"^import ", script.read_text(), re.MULTILINE))
    assert set(imported) <= all_static_files().keys()
    assert {f"assets/{name}" for name in imported} <= set(imported_by(script.name))


async def test_a_page_names_every_script_before_it_is_asked_for(client: httpx2.AsyncClient) -> None:
    """Else the browser would find them one after the other, a round trip each."""
    seat_map = {"sections": [{"name": "A", "rows": 1, "seats_per_row": 3}]}
    made = await client.post("/v1/events", json={"name": "Concert", "seat_map": seat_map})
    page = (await client.get(f"/e/{made.json()['number']}")).text
    for path in (asset_path("event.js"), *imported_by("event.js")):
        assert f'"../{path}"' in page
        assert (await client.get(f"/{path}")).status_code == 200
