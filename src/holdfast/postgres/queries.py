"""Queries: the named statements of all `sql/*.sql` files, read once, as texts for the driver.

A line `-- include: NAME` inserts the block of that name from a `sql/columns.sql`: a list of columns that several
statements select.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import aiosql

_PATHS = sorted(Path(__file__).parents[1].rglob("sql/*.sql"))
_COLUMN_LISTS = "columns"

FILES = {path.stem: path for path in _PATHS if path.stem != _COLUMN_LISTS}
"""All SQL files by name. Names are unique across packages."""

_BLOCK = re.compile(r"^-- name: (\w+)\n((?:(?!-- name: ).*\n)*)", re.MULTILINE)
_INCLUDE = re.compile(r"^ *-- include: (\w+)(,?)$", re.MULTILINE)


def load(name: str) -> dict[str, bytes]:
    """Return the statements of `sql/{name}.sql` by name, with the driver's placeholders.

    Raises KeyError for an unknown file or included block.
    """
    text = _INCLUDE.sub(_included, FILES[name].read_text("utf-8"))
    found = aiosql.from_str(text, "psycopg", mandatory_parameters=False)
    return {
        query: getattr(found, query).sql.strip().rstrip(";").encode()
        for query in found.available_queries
        if not query.endswith("_cursor")
    }


def all_files() -> list[str]:
    return sorted(FILES)


def _included(line: re.Match[str]) -> str:
    return _column_lists()[line[1]] + line[2]


@cache
def _column_lists() -> dict[str, str]:
    """Return the blocks of columns by name, with their indent, without comments and the final line break."""
    return {
        block[1]: "\n".join(line for line in block[2].rstrip().splitlines() if not line.startswith("--"))
        for path in _PATHS
        if path.stem == _COLUMN_LISTS
        for block in _BLOCK.finditer(path.read_text("utf-8"))
    }
