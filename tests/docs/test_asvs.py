"""The table of security requirements: each has an answer, and each test that it names exists."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "asvs.md"
DECISIONS = ROOT / "docs" / "decisions"
ROW = re.compile(r"\| ([0-9]+)\.([0-9]+)\.([0-9]+) \| ([12]) \| ([^|]+) \| (.+) \|")
TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)(?:::([a-z0-9_]+))?`")
ANSWERS = ("`tests/", "Page: [", "Does not apply. ", "Open. ")


def rows() -> list[re.Match[str]]:
    return [found for line in PAGE.read_text().splitlines() if (found := ROW.fullmatch(line))]


def test_every_requirement_of_both_levels_has_one_answer() -> None:
    """ASVS 5.0.0 has 70 requirements of level 1 and 183 of level 2."""
    found = rows()
    assert Counter(row[4] for row in found) == {"1": 70, "2": 183}
    numbers = [tuple(map(int, row.groups()[:3])) for row in found]
    assert numbers == sorted(set(numbers))
    for row in found:
        assert row[6].startswith(ANSWERS), row[0]


@pytest.mark.parametrize("page", [PAGE, *sorted(DECISIONS.glob("*.md"))], ids=lambda page: page.name)
def test_every_named_test_exists(page: Path) -> None:
    """Also each test that a decision names, such as those that were seen red (0035)."""
    missing = []
    for path, name in TEST.findall(page.read_text()):
        file = ROOT / path
        if not file.is_file() or (name and not re.search(rf"def {name}\(", file.read_text())):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_a_missing_test_would_be_found() -> None:
    assert TEST.findall("`tests/api/test_none.py::test_nothing`") == [
        ("tests/api/test_none.py", "test_nothing")
    ]
