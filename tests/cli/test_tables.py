"""Tables: a terminal never breaks a number or a time, and a program gets every column and no fold.

Kind of bug: output that is laid out for one width. Its other members are the pipe, a CSV for a spreadsheet, wide
characters, an empty list, and controls in a cell. `grep print_table` finds every command with a table; `rush` and
`watch` lay out their own.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from holdfast.cli._tables import Column, csv_of, tab_separated, table_lines
from support.commands import Run
from support.terminal import in_terminal

COLUMNS = (
    Column(name="number"),
    Column(name="name", is_text=True),
    Column(name="starts_at", rank=1),
    Column(name="sold", rank=2),
    Column(name="note", rank=3, is_optional=True),
)
ROW = {
    "number": 1298,
    "name": "A long night of very old music",
    "starts_at": datetime(2026, 11, 29, 16, 52, 4, tzinfo=UTC),
    "sold": 12_980,
}


@pytest.mark.parametrize("width", range(16, 90))
def test_a_cell_is_shown_in_full_or_its_column_is_left_out(width: int) -> None:
    lines, left_out = table_lines([ROW], COLUMNS, width=width)
    assert all(len(line) <= max(width, 18) for line in lines)
    shown = re.split(" {2,}", lines[1].strip())
    assert shown[0] == "1298"
    assert shown[1].rstrip("…") in ROW["name"]
    assert set(shown[2:]) <= {"2026-11-29T16:52:04Z", "12980"}
    assert len(shown) + len(left_out) == 4  # the optional column is empty


def test_the_least_important_column_goes_first() -> None:
    assert table_lines([ROW], COLUMNS, width=42)[1] == ["sold"]
    assert table_lines([ROW], COLUMNS, width=30)[1] == ["starts at", "sold"]
    assert table_lines([ROW], COLUMNS, width=90)[1] == []


def test_wide_characters_count_as_two_cells() -> None:
    lines, _ = table_lines(
        [{"number": 1, "name": "夜の音楽会と古い歌"}, {"number": 22, "name": "x"}], COLUMNS[:2], width=20
    )
    assert lines[1:] == ["     1  夜の音楽会…", "    22  x"]


def test_lines_for_programs_have_every_column_and_no_control() -> None:
    text = tab_separated([{**ROW, "name": "two\tcells\u2028and\nlines\x1b[2J"}], COLUMNS)
    header, line = text.splitlines()
    assert header.split("\t") == ["number", "name", "starts_at", "sold", "note"]
    assert line.split("\t") == ["1298", "two cells and lines [2J", "2026-11-29T16:52:04Z", "12980", ""]


def test_csv_runs_no_formula_in_a_spreadsheet() -> None:
    text = csv_of(
        [{"number": -3, "name": '=HYPERLINK("http://x")'}, {"number": 4, "name": 'a "b", c'}], COLUMNS[:2]
    )
    assert list(csv.reader(io.StringIO(text))) == [
        ["number", "name"],
        ["-3", '\'=HYPERLINK("http://x")'],
        ["4", 'a "b", c'],
    ]


def test_a_pipe_gets_tabs_and_csv_gets_commas(holdfast: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    holdfast("event", "create", "Concert, late", "--capacity", 5, "--starts-at", "2027-05-01T19:00:00Z")
    (row,) = csv.DictReader(io.StringIO(holdfast("event", "list").out), delimiter="\t")
    assert (row["number"], row["name"], row["starts_at"]) == ("1", "Concert, late", "2027-05-01T19:00:00Z")
    assert list(csv.DictReader(io.StringIO(holdfast("event", "list", "--csv").out))) == [row]
    assert "exclude each other" in holdfast("event", "list", "--csv", "--json").complaint


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("event", "list"), "There are no events."),
        (("keys", "list"), "There are no API keys."),
        (("booking", "list"), "There are no bookings."),
    ],
)
def test_an_empty_list_says_so(
    holdfast: Run, database_url: str, command: tuple[str, ...], words: str
) -> None:
    """The words go to standard error if a program reads the output."""
    piped = holdfast(*command)
    assert (piped.code, piped.out, piped.err.strip()) == (0, "", words)
    assert holdfast(*command, "--json").json == []
    assert holdfast(*command, "--csv").out.count("\n") == 1
    assert in_terminal(*command, database_url=database_url).lines == [words]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_terminal_folds_no_line(holdfast: Run, database_url: str, width: int) -> None:
    holdfast("event", "create", "A night of organ music", "--capacity", 12_980, "--rehearsal",
             "--starts-at", "2027-05-01T19:00:00Z")  # fmt: skip
    screen = in_terminal("event", "list", width=width, database_url=database_url)
    header, row, *rest = screen.lines
    assert max(len(header), len(row)) <= width
    assert row.split()[0] == "1"
    assert "12980" in row
    assert ("2027-05-01T19:00Z" in row) == (width == 120)
    assert not rest or rest[0].startswith("Not shown: ")


def test_a_record_breaks_no_value(holdfast: Run, database_url: str) -> None:
    id = holdfast("event", "create", "Concert", "--capacity", 5, "--json").json["id"]
    screen = in_terminal("event", "show", 1, width=44, database_url=database_url)
    assert any(line.endswith(id) for line in screen.lines)
    piped = holdfast("event", "show", 1).out.splitlines()
    assert ["capacity", "5"] in [line.split("\t") for line in piped]


def test_counts_of_a_cancelled_event_add_up(holdfast: Run) -> None:
    """The cancellation withdraws what was available or held."""
    holdfast("event", "create", "Concert", "--capacity", 10)
    holdfast("sell", 1, "--quantity", 2)
    holdfast("block", "add", 1, "--quantity", 3)
    holdfast("event", "cancel", 1, "--yes")
    (listed,) = holdfast("event", "list", "--json").json
    shown = holdfast("event", "show", 1, "--json").json["availability"]
    for counts in (listed, shown, *shown["areas"]):
        parts = [counts[name] for name in ("available", "held", "booked", "blocked", "withdrawn")]
        assert (counts["capacity"], parts) == (10, [0, 0, 2, 3, 5])


def test_watch_in_a_pipe_prints_a_line_for_each_change(holdfast: Run) -> None:
    holdfast("event", "create", "Concert", "--capacity", 1234)
    header, line = holdfast("watch", 1, "--once").out.splitlines()
    row = dict(zip(header.split("\t"), line.split("\t"), strict=True))
    assert (row["name"], row["capacity"], row["available"]) == ("Concert", "1234", "1234")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_numbers_agree_with_their_noun(holdfast: Run, tmp_path: Path, count: int) -> None:
    for _ in range(count):
        holdfast("event", "create", "Concert")
    words = {0: "0 events", 1: "1 event", 2: "2 events"}[count]
    assert holdfast("check").out == f"Everything agrees: {words}, 0 holds.\n"
