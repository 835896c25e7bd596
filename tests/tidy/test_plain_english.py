"""Plain English: words and forms that a reader has to decode are refused, package by package."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tidy.prose import LEFT, avoided, counts, findings, pages, prose_of_page
from tidy.sources import name

ALLOWED: dict[str, int] = json.loads(LEFT.read_text())
"""The remaining old forms. A count may only shrink, until the file is empty."""


@pytest.mark.parametrize("package", sorted({*ALLOWED, *counts()}))
def test_a_package_gains_no_words_to_avoid(package: str) -> None:
    """A reader understands a sentence of subject, verb and object at once.

    After a rewrite, lower the counts with `.venv/bin/python tests/tidy/prose.py --lower`.
    """
    found = [finding for finding in findings() if finding.package == package]
    shown = "\n".join(f"{each.path}:{each.line}: {each.words}" for each in found)
    assert len(found) <= ALLOWED.get(package, 0), f"write it plainly:\n{shown}"
    assert len(found) == ALLOWED[package], "too high a count: run tests/tidy/prose.py --lower"


@pytest.mark.parametrize(
    "text",
    [
        "It is told at once.",
        "So many of them come.",
        "It waits. Of a crowd the half is taken.",
        "Would a batch break one of them, it fails.",
        "Should it be wrong, the index refuses.",
        "One at the\nmost.",
    ],
)
def test_a_form_to_avoid_is_found(text: str) -> None:
    assert list(avoided(text))


@pytest.mark.parametrize(
    "text",
    [
        "Should it retry?",
        "One of them is free.",
        "It was the last. Office hours end.",
        "A batch that would break.",
    ],
)
def test_a_plain_sentence_passes(text: str) -> None:
    assert not list(avoided(text))


MAX_COLUMNS = 119
LINK_ALONE = re.compile(r"[\s\-*]*!?\[[^\]]*\]\([^)]*\)\S*\s*")


def wide_lines(page: str) -> list[int]:
    """Return the lines of prose that do not fit; tables, code, generated parts and links alone may be wider."""
    without = prose_of_page(page).splitlines()
    return [
        number
        for number, (line, prose) in enumerate(zip(page.splitlines(), without, strict=False), 1)
        if len(line) > MAX_COLUMNS
        and prose.strip()
        and not prose.startswith("|")
        and not LINK_ALONE.fullmatch(line)
    ]


@pytest.mark.parametrize("page", pages(), ids=name)
def test_prose_of_a_page_is_below_120_columns(page: Path) -> None:
    """A reader sees a whole line beside the code, and a diff shows the sentence that changed."""
    assert wide_lines(page.read_text()) == []


def test_a_wide_line_is_found_in_prose_alone() -> None:
    wide = "word " * 30
    assert wide_lines(wide) == [1]
    assert wide_lines(f"```\n{wide}\n```\n| {wide} |\n[{wide}](page.md)\n") == []
