"""Tables: rows of a command's answer, laid out for a terminal, or as lines for another program."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.cells import cell_len, set_cell_size

__all__ = ["Column", "csv_of", "plain", "tab_separated", "table_lines", "text_of"]

_GAP = "  "
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
"""Controls and the ends of lines: they would break a table, or steer the terminal."""
_FORMULA = ("=", "+", "-", "@")
_MIN_TEXT = 10
"""A text is not shortened below this width. Then columns are left out instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. In a narrow terminal, the highest `rank` is left out first; rank 0 always stays."""

    name: str
    rank: int = 0
    is_text: bool = False
    """Whether a narrow terminal may shorten it. Numbers, times and ids are shown in full or not at all."""
    is_optional: bool = False
    """Whether a terminal leaves it out if no row has a value. Other programs always get the same columns."""

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")


def table_lines(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, width: int
) -> tuple[list[str], list[str]]:
    """Return the header and the rows as lines of max `width` cells, and the names of the columns left out.

    A line is longer than that only if the columns of rank 0 do not fit.
    """
    columns = [one for one in columns if not one.is_optional or any(row.get(one.name) for row in rows)]
    cells = [[text_of(row.get(column.name), brief=True) for row in rows] for column in columns]
    full = [max(map(cell_len, (column.title, *texts))) for column, texts in zip(columns, cells, strict=True)]
    widths = _fitted(columns, full, width)
    lines = [
        _line([(column.title, widths[at], _is_number(rows, column)) for at, column in _kept(columns, widths)])
    ]
    lines += [
        _line(
            [(cells[at][row], widths[at], _is_number(rows, column)) for at, column in _kept(columns, widths)]
        )
        for row in range(len(rows))
    ]
    return lines, [column.title for at, column in enumerate(columns) if at not in widths]


def tab_separated(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    """Return a header and one line for each row, complete. A cell never has a tab or a line break."""
    lines = [
        [column.name for column in columns],
        *([text_of(row.get(column.name)) for column in columns] for row in rows),
    ]
    return "".join("\t".join(cells) + "\n" for cells in lines)


def csv_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    """Return the rows as CSV with a header. A text that a spreadsheet would run as a formula begins with `'`."""
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow([column.name for column in columns])
    table.writerows([_cell(row.get(column.name)) for column in columns] for row in rows)
    return text.getvalue()


def text_of(value: Any, *, brief: bool = False) -> str:
    """Return a value in one line. `brief` leaves out seconds that are zero, for people."""
    if isinstance(value, datetime):
        is_minute = brief and value.second == 0
        return plain(value.replace(microsecond=0), timespec="minutes" if is_minute else "seconds")
    text = _exact(value)
    if text.isprintable():
        return text
    return "".join([" " if unicodedata.category(each) in _BREAKS else each for each in text])


def plain(value: Any, *, timespec: str = "auto") -> str:
    """Return a value that JSON has no type for. A time has its offset, and Z stands for UTC."""
    if isinstance(value, datetime):
        return value.isoformat(timespec=timespec).replace("+00:00", "Z")
    return str(value)


def _cell(value: Any) -> str:
    text = _exact(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _exact(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_exact(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_exact(one) for one in value)
    if isinstance(value, datetime):
        return plain(value.replace(microsecond=0))
    return str(value)


def _fitted(columns: Sequence[Column], full: Sequence[int], width: int) -> dict[int, int]:
    """Return the width of each column that is shown, by its position."""
    least = [min(full[at], _MIN_TEXT) if column.is_text else full[at] for at, column in enumerate(columns)]
    kept = list(range(len(columns)))
    while _total(least[at] for at in kept) > width:
        last = max(kept, key=lambda at: (columns[at].rank, at))
        if columns[last].rank == 0:
            break
        kept.remove(last)
    spare = max(0, width - _total(least[at] for at in kept))
    widths = {}
    for at in kept:
        more = min(spare, full[at] - least[at])
        widths[at] = least[at] + more
        spare -= more
    return widths


def _total(widths: Iterable[int]) -> int:
    found = list(widths)
    return sum(found) + len(_GAP) * (len(found) - 1)


def _kept(columns: Sequence[Column], widths: Mapping[int, int]) -> list[tuple[int, Column]]:
    return [(at, column) for at, column in enumerate(columns) if at in widths]


def _is_number(rows: Sequence[Mapping[str, Any]], column: Column) -> bool:
    found = [row.get(column.name) for row in rows]
    return bool(found) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in found)


def _line(cells: Sequence[tuple[str, int, bool]]) -> str:
    shown = []
    for text, width, is_number in cells:
        if cell_len(text) > width:
            text = set_cell_size(text, width - 1).rstrip() + "…"  # noqa: PLW2901 - the cell that is shown
        blanks = " " * (width - cell_len(text))
        shown.append(blanks + text if is_number else text + blanks)
    return _GAP.join(shown).rstrip()
