"""Event tables: events as CSV with commas, semicolons, tabs or bars, read by the standard library's reader.

A column is a field of `POST /v1/events`, and the field's type in the API decides how a cell is read.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from holdfast.api.v1.event_bodies import CreateEventIn
from holdfast.cli._areas import parse_areas
from holdfast.cli.output import count_of
from holdfast.errors import FieldError, HoldfastError
from holdfast.http.decoding import decode

__all__ = ["Entry", "Mistake", "read_table"]

_DELIMITERS = ",;\t|"
_EXCELS_OWN = re.compile(r"sep=([,;\t|])[,;\t|]*(\r\n|\r|\n|$)", re.IGNORECASE)
"""The first line by which Excel knows the delimiter. It writes none itself, and programs for Excel do."""
_UNSHOWN = re.compile(r"(?:; it is a string(?: of (?:one|[0-9]+) characters?)?|(Z or \S+))\.$")
"""How a text ends that says of a cell only what it should be. A time's text ends with two examples."""
_MAX_SHOWN = 60
_MEANT = {"unexpected end of data": "a quote begins here and never ends"}
_BLANKS = " \t"
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MAX_CELL = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A mistake in a file. `order` sorts the mistakes as the file has them."""

    place: str
    detail: str
    order: int = 0

    def __str__(self) -> str:
        return f"{self.place}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The fields of one event of a file, and their place."""

    place: str
    fields: dict[str, Any]
    is_row: bool
    order: int = 0

    def mistake(self, error: FieldError) -> Mistake:
        """Return the mistake with its place: a line and a column, or an event and a pointer."""
        field, _, inner = error.pointer.removeprefix("/").partition("/")
        place = self.place
        if field and self.is_row:
            place += f", column {field}" + (f" (/{inner})" if inner else "")
        elif field:
            place += f", {error.pointer}"
        return Mistake(place=place, detail=self._with_cell(field, error.detail), order=self.order)

    def _with_cell(self, field: str, detail: str) -> str:
        """Return the text with what the cell has. The API quotes no text, since it may be a secret."""
        text = self.fields.get(field)
        if not self.is_row or not isinstance(text, str) or len(text) > _MAX_SHOWN:
            return detail
        return _UNSHOWN.sub(lambda ends: f"{ends[1] or ''}; the cell has {text!r}.", detail)


def read_table(text: str) -> tuple[list[Entry], list[Mistake]]:
    """Return the events of a table, and every mistake of its form. An empty cell leaves its field out."""
    csv.field_size_limit(_MAX_CELL)
    rows = _rows(text)
    mistakes: list[Mistake] = []
    entries: list[Entry] = []
    try:
        line, header = next(rows, (1, []))
        columns = [name.strip(_BLANKS) for name in header]
        mistakes += _mistakes_of_header(line, columns)
        for line, cells in rows:
            if len(cells) != len(columns):
                detail = f"It has {count_of(len(cells), 'cell')}; the first line has {len(columns)}."
                mistakes.append(Mistake(place=f"line {line}", detail=detail, order=line))
                continue
            entry = Entry(place=f"line {line}", fields={}, is_row=True, order=line)
            mistakes += _read_cells(entry, columns, cells)
            entries.append(entry)
    except csv.Error as error:
        line = getattr(error, "line", 1)
        detail = f"It is not CSV: {_MEANT.get(str(error), error)}."
        mistakes.append(Mistake(place=f"line {line}", detail=detail, order=line))
    return entries, mistakes


def _delimiter_of(text: str) -> str:
    """Return the delimiter by which the first line has most cells. A field's name has none of them."""

    def count(delimiter: str) -> int:
        try:
            return len(next(_divided(text, delimiter), (1, []))[1])
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=count)  # the first of equals: a comma


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows by the file's own delimiter. Raises csv.Error with the `line` of the mistake."""
    said = _EXCELS_OWN.match(text)
    if said is None:
        yield from _divided(text, _delimiter_of(text))
        return
    for line, cells in _divided(text[said.end() :], said[1]):
        yield line + 1, cells


def _divided(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank, with its first line. A quoted cell may have several lines.

    Only CR, LF or both end a line. Raises csv.Error with the `line` of the mistake.
    """
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            error.line = line  # type: ignore[attr-defined]  # the reader's own error has no place
            raise
        if cells is None:
            return
        if any(cell.strip(_BLANKS) for cell in cells):
            yield line, cells


def _mistakes_of_header(line: int, columns: Sequence[str]) -> Iterator[Mistake]:
    for at, name in enumerate(columns):
        if name in columns[:at] and name:
            detail = f"Column {name} is given twice."
        elif name and name not in _kinds():
            near = difflib.get_close_matches(name.lower().replace(" ", "_"), _kinds(), n=1)
            detail = f"{name[:80]!r} is not a field of an event" + (
                f"; did you mean {near[0]}?" if near else "."
            )
        else:
            continue
        yield Mistake(place=f"line {line}, column {at + 1}", detail=detail, order=line)


def _read_cells(entry: Entry, columns: Sequence[str], cells: Sequence[str]) -> Iterator[Mistake]:
    """Fill the entry's fields. Yield a mistake for each cell that cannot be one."""
    for at, (name, cell) in enumerate(zip(columns, cells, strict=True)):
        text = cell.strip(_BLANKS)
        if not text or (name and name not in _kinds()):
            continue  # an unknown column is a mistake of the header
        if not name:
            detail = f"Column {at + 1} has no name in the first line."
            yield Mistake(place=entry.place, detail=detail, order=entry.order)
            continue
        try:
            entry.fields[name] = _value(name, text)
        except (ValueError, HoldfastError) as error:
            detail = error.detail if isinstance(error, HoldfastError) else str(error)
            yield entry.mistake(FieldError(pointer=f"/{name}", code="wrong_format", detail=detail))


def _value(name: str, text: str) -> Any:
    """Return a cell as JSON has it. An invalid one stays text, which the API's model then refuses.

    Raises ValueError, or the error of the API's reader, for a list or an object that cannot be read.
    """
    kinds = _kinds()[name]
    if kinds & {"array", "object"}:
        if name == "areas" and text[0] not in "[{":
            return parse_areas(text)
        return decode(text.encode(), large_arrays=True)
    if "integer" in kinds and _INTEGER.fullmatch(text):
        return int(text)
    if "boolean" in kinds:
        return _TRUTHS.get(text.lower(), text)
    return text


@cache
def _kinds() -> dict[str, frozenset[str]]:
    """Return the JSON types of each field of an event, from the API's own schema."""
    members = CreateEventIn.model_json_schema()["properties"]
    return {
        name: frozenset(one.get("type", "") for one in member.get("anyOf", [member]))
        for name, member in members.items()
    }
