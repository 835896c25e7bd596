"""The site of the documentation: all pages are in it, and their links fit it. `make docs` checks the rest."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from snippets import ROOT, all_pages

sys.path.append(str(ROOT / "docs" / "tools"))

import site_pages as site


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(site, "SOURCE", tmp_path)
    site.stage()
    return tmp_path


def test_every_page_of_docs_is_in_the_navigation(source: Path) -> None:
    listed = set(re.findall(r"(\S+\.md)$", site.navigation(), re.MULTILINE))
    assert listed == {path.relative_to(source).as_posix() for path in source.rglob("*.md")}
    places = {site.place_of(page) for page in all_pages() if page.is_relative_to(ROOT / "docs")}
    assert {str(place) for place in places} <= listed


def test_every_link_leads_to_a_page_of_the_site(source: Path) -> None:
    for page in source.rglob("*.md"):
        text = site._FENCED.sub("", page.read_text())
        for _, _, target in site._LINK.findall(text):
            if not re.match(r"[a-z]+:|#", target):
                assert (page.parent / target.partition("#")[0]).is_file(), f"{page}: {target}"


@pytest.mark.parametrize(
    ("page", "given", "shown"),
    [
        ("docs/guides/closing.md", "[x](../../deploy/README.md#docker)", "[x](deploy.md#docker)"),
        ("docs/concepts/lanes.md", "[x](../glossary.md)", "[x](../reference/glossary.md)"),
        ("docs/concepts/lanes.md", "[x](../decisions/)", "[x](../decisions/README.md)"),
        ("docs/concepts/proof.md", "[the proof](../../proof/)", "the proof"),
        ("README.md", "[x](docs/tutorial/first-sale.md)", "[x](tutorial/first-sale.md)"),
        ("README.md", "[x](https://example.org) [y](#z)", "[x](https://example.org) [y](#z)"),
        ("README.md", "```\n[x](docs/glossary.md)\n```", "```\n[x](docs/glossary.md)\n```"),
        ("README.md", "Some words:\n- one\n- two", "Some words:\n\n- one\n- two"),
    ],
)
def test_a_link_fits_the_site(monkeypatch: pytest.MonkeyPatch, page: str, given: str, shown: str) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self: given)
    assert site.staged(ROOT / page) == shown


@pytest.mark.parametrize(
    ("tag", "is_loaded"),
    [
        ('<script src="https://cdn.example/x.js"></script>', True),
        ('<link rel="stylesheet" href="//fonts.example/x.css">', True),
        ("<img src=http://example.org/x.png>", True),
        ('<a href="https://example.org">', False),
        ('<script src="../assets/x.js"></script>', False),
    ],
)
def test_what_comes_from_elsewhere_is_found(tag: str, is_loaded: bool) -> None:
    assert bool(site._LOADED.search(tag)) == is_loaded
