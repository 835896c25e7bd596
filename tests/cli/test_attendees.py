"""`holdfast attendees export`: a file for a spreadsheet, with a line for each admission."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from support.commands import Run


@pytest.fixture
def sold(holdfast: Run) -> str:
    """Two admissions of event 1, of Ada. Return the reference."""
    assert holdfast("event", "create", "Play", "--capacity", 5).code == 0
    return str(holdfast("sell", 1, "--quantity", 2, "--name", "Ada", "--json").json["reference"])


def test_the_list_is_printed_or_written(holdfast: Run, sold: str, tmp_path: Path) -> None:
    printed = holdfast("attendees", "export", 1).out
    rows = list(csv.DictReader(StringIO(printed.removeprefix("\ufeff"))))
    assert [(row["Ticket"], row["Name"], row["Area"]) for row in rows] == [
        (f"{sold}-1", "Ada", "general"),
        (f"{sold}-2", "Ada", "general"),
    ]
    file = tmp_path / "attendees.csv"
    assert holdfast("attendees", "export", 1, "-o", file, "--language", "de").code == 0
    assert file.read_text().removeprefix("\ufeff").startswith("Buchung,Ticket,")
    book = tmp_path / "attendees.xlsx"
    assert holdfast("attendees", "export", 1, "-o", book).code == 0
    with ZipFile(book) as parts:
        assert f"{sold}-2" in parts.read("xl/worksheets/sheet1.xml").decode()


def test_another_file_and_another_event_are_refused(holdfast: Run, sold: str, tmp_path: Path) -> None:
    file = tmp_path / "attendees.ods"
    assert "must end in .csv or .xlsx" in holdfast("attendees", "export", 1, "-o", file).complaint
    assert "There is no event 9" in holdfast("attendees", "export", 9).complaint
    assert not file.exists()


def test_bookings_are_searched(holdfast: Run, sold: str) -> None:
    holdfast("sell", 1, "--quantity", 1, "--name", "Grace Hopper")
    found = holdfast("booking", "list", "--search", "ad", "--json").json
    assert [booking["reference"] for booking in found] == [sold]
    assert "There are no bookings." in str(holdfast("booking", "list", "--search", "nobody"))
