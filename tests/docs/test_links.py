"""Links between pages: each has a target."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from snippets import ROOT, all_pages

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of headings, in the form of the usual Markdown viewers."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCED.sub("", page.read_text())):
        plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        number = next(n for n in range(1000) if (plain if n == 0 else f"{plain}-{n}") not in found)
        found.add(plain if number == 0 else f"{plain}-{number}")
    return found


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_an_existing_file_and_heading(page: Path) -> None:
    for target in _LINK.findall(_FENCED.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        if anchor:
            assert anchor in _anchors(file), target


def test_every_page_is_reachable_from_the_readme() -> None:
    """A page counts as reachable through a link to it or to its folder."""
    waiting, reached = [ROOT / "README.md"], {ROOT / "README.md"}
    while waiting:
        page = waiting.pop()
        for target in _LINK.findall(page.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            file = (page.parent / target.partition("#")[0]).resolve()
            pages = list(file.glob("*.md")) if file.is_dir() else [file]
            for one in pages:
                if one.suffix == ".md" and one.exists() and one not in reached:
                    reached.add(one)
                    waiting.append(one)
    assert {page for page in all_pages() if page.is_relative_to(ROOT / "docs")} <= reached


def test_every_test_that_a_page_names_exists() -> None:
    named = {
        (path, test)
        for page in all_pages()
        if "evidence" not in page.parts
        for path, test in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text())
    }
    assert named
    gone = [
        f"{path}::{test}"
        for path, test in sorted(named)
        if not (ROOT / path).exists() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]
    assert gone == []
