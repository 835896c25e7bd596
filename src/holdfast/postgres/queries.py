"""Queries: the named statements of the packages' `sql/*.sql`, read once, as texts for the driver."""

from __future__ import annotations

from pathlib import Path

import aiosql

FILES = {path.stem: path for path in Path(__file__).parents[1].rglob("sql/*.sql")}
"""Each has a name of its own, in whichever package it is."""


def load(name: str) -> dict[str, bytes]:
    """Statement texts of `sql/{name}.sql` by name, with the driver's placeholders."""
    found = aiosql.from_path(FILES[name], "psycopg", mandatory_parameters=False)
    return {
        query: getattr(found, query).sql.strip().rstrip(";").encode()
        for query in found.available_queries
        if not query.endswith("_cursor")
    }


def all_files() -> list[str]:
    return sorted(FILES)
