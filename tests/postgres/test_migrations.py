"""Migrations as a database gets them, statement by statement.

Class of bug: text that one PostgreSQL takes and a Citus coordinator refuses, or does not pass on to its nodes. Every
migration is run here, and each text that it sends is read, from a file or from a program.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pglast import parse_sql
from sqlalchemy import Engine, event

from holdfast.postgres import migrations, schema
from holdfast.postgres.migrations.statements import statements_of

VERSIONS = Path(migrations.__file__).parent / "versions"


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Yield the texts that the block sends through SQLAlchemy, as migrations do."""
    texts: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        texts.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield texts
    finally:
        event.remove(Engine, "before_cursor_execute", record)


def test_a_migration_sends_one_statement_at_a_time(empty_database_url: str) -> None:
    """Citus refuses a string of several: "cannot insert multiple commands into a prepared statement"."""
    with recorded() as texts:
        schema.upgrade(empty_database_url)
    assert any("CREATE TABLE holds" in text for text in texts)
    several = [text for text in texts if "%(" not in text and len(parse_sql(text)) > 1]
    assert several == []


def test_nodes_wait_no_longer_for_a_lock_than_the_coordinator(empty_database_url: str) -> None:
    """Each migration's transaction asks Citus to pass its settings on before it sets the lock's time-out."""
    with recorded() as texts:
        schema.upgrade(empty_database_url)
    limits = [at for at, text in enumerate(texts) if text.startswith("SET LOCAL lock_timeout")]
    assert len(limits) >= len([*VERSIONS.glob("0*.py")])
    assert {texts[at - 1] for at in limits} == {"SET LOCAL citus.propagate_set_commands = 'local'"}


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        ("-- only; a comment\n", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;\n\nSELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1 -- one; two\n, 2;", ["SELECT 1 \n, 2"]),
        ("SELECT 'a;b', 'it''s;';SELECT 2", ["SELECT 'a;b', 'it''s;'", "SELECT 2"]),
        ("DO $$ BEGIN NULL; END $$; SELECT $1", ["DO $$ BEGIN NULL; END $$", "SELECT $1"]),
        ("DO $x$ SELECT '$$;' $x$;", ["DO $x$ SELECT '$$;' $x$"]),
    ],
)
def test_a_file_is_split_at_its_semicolons(text: str, statements: list[str]) -> None:
    assert statements_of(text) == statements
