"""Queries: the named statements of `sql/*.sql`, read once, as texts for the driver."""

from __future__ import annotations

from pathlib import Path

import aiosql

SQL = Path(__file__).parent / "sql"


def load(name: str) -> dict[str, bytes]:
    """Statement texts of `sql/{name}.sql` by name, with the driver's placeholders."""
    found = aiosql.from_path(SQL / f"{name}.sql", "psycopg", mandatory_parameters=False)
    return {
        query: getattr(found, query).sql.strip().rstrip(";").encode()
        for query in found.available_queries
        if not query.endswith("_cursor")
    }


def all_files() -> list[str]:
    return sorted(path.stem for path in SQL.glob("*.sql"))
