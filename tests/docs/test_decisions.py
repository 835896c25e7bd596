"""Decision records: numbered, dated, and listed in their index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
HEAD = re.compile(
    r"# (?P<title>.+)\n\nDate: (?P<date>\d{4}-\d{2}-\d{2}) · Status: "
    r"(?P<status>accepted|superseded by \[(?P<number>\d{4})\]\((?P<file>\4-[a-z0-9-]+\.md)\))\n"
)


def head(path: Path) -> re.Match[str]:
    """Return the title, date and status of a record."""
    found = HEAD.match(path.read_text())
    assert found, "expected '# Title', an empty line, and 'Date: YYYY-MM-DD · Status: ...'"
    return found


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_a_record_has_a_number_a_date_and_a_status(path: Path) -> None:
    assert re.fullmatch(r"\d{4}-[a-z0-9]+(-[a-z0-9]+)*\.md", path.name)
    replaced_by = head(path)["file"]
    assert replaced_by is None or (FOLDER / replaced_by).exists()


def test_numbers_follow_each_other_by_date() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))
    dates = [head(path)["date"] for path in RECORDS]
    assert dates == sorted(dates)


def test_the_index_lists_every_record_as_it_is() -> None:
    rows = re.findall(r"^\| \[\d{4}\].+$", (FOLDER / "README.md").read_text(), flags=re.MULTILINE)
    expected = [
        f"| [{path.name[:4]}]({path.name}) | {head(path)['title']} | {head(path)['date']} | {head(path)['status']} |"
        for path in RECORDS
    ]
    assert rows == expected
