"""Row inserts: an insert of a few rows as one VALUES list, made from the statement that inserts one row.

A node of a cluster plans an `INSERT … SELECT` again at each execution. That costs more than a few rows do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from holdfast.postgres.pipeline import Statement

__all__ = ["MAX_ROWS", "RowInsert", "row_inserts_of", "values_of"]

MAX_ROWS = 16
"""Many rows have more parameters than an `INSERT … SELECT` of arrays is worth."""

_INSERT = re.compile(rb"(INSERT INTO .*\bVALUES) (\(.*\))", re.DOTALL)
_PLACEHOLDER = re.compile(rb"%\((\w+)\)s")


class RowInsert:
    """An insert of one row, and the same for more rows, each made once."""

    def __init__(self, name: str, start: bytes, row: bytes) -> None:
        """`start`: the statement up to its VALUES; `row`: the values of one row, with the driver's placeholders."""
        self._name = name
        self._start = start
        self._row = row
        self._made: dict[tuple[int, tuple[str, ...] | None], Statement] = {}
        self.parameters = tuple(dict.fromkeys(each.decode() for each in _PLACEHOLDER.findall(row)))

    def statement(self, rows: int, *, own: tuple[str, ...] | None = None) -> Statement:
        """Return the statement for this number of rows.

        `own`: the parameters of which each row has its own, with the row's number behind the name. If it is None, each
        row has its own of all parameters.
        """
        key = (rows, own)
        found = self._made.get(key)
        if found is None:
            names = self.parameters if own is None else own
            lists = b", ".join(self._row_of(at, names) for at in range(rows))
            prefix = "spread_" if own is None else ""
            found = self._made[key] = Statement(f"{prefix}{self._name}_{rows}", self._start + b" " + lists)
        return found

    def _row_of(self, at: int, own: Collection[str]) -> bytes:
        def numbered(placeholder: re.Match[bytes]) -> bytes:
            name = placeholder[1].decode()
            return f"%({name}_{at})s".encode() if name in own else placeholder[0]

        return _PLACEHOLDER.sub(numbered, self._row)


def values_of(names: Sequence[str], rows: Collection[tuple[Any, ...]]) -> dict[str, Any]:
    """Return the values of all rows, with each row's number behind their names."""
    return {
        f"{name}_{at}": value for at, row in enumerate(rows) for name, value in zip(names, row, strict=True)
    }


def row_inserts_of(texts: Mapping[str, bytes]) -> dict[str, RowInsert]:
    """Return the statements that insert one row of plain values, by name."""
    found = {name: _INSERT.fullmatch(b" ".join(text.split())) for name, text in texts.items()}
    return {name: RowInsert(name, match[1], match[2]) for name, match in found.items() if match}
