"""The schema in PostgreSQL's own catalogues: rules S1, S2, S4, and the result of the migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

import holdfast.postgres.schema as schema_module
from holdfast.postgres import schema
from holdfast.postgres.tables import OF_NO_EVENT
from support.postgres import TestDatabases

SCHEMA = (Path(schema.__file__).parent / "schema.sql").read_text()

NOT_OF_AN_EVENT = {*OF_NO_EVENT, "alembic_version"}

LINT = """
WITH t AS (
    SELECT c.oid, c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> ALL (%(others)s)
)
SELECT relname || ': no event_number bigint NOT NULL' FROM t
WHERE NOT EXISTS (
    SELECT FROM pg_attribute a
    WHERE a.attrelid = t.oid AND a.attname = 'event_number' AND a.atttypid = 'bigint'::regtype AND a.attnotnull
)
UNION ALL
SELECT t.relname || ': no primary key' FROM t
WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
UNION ALL
SELECT t.relname || ': unique index without the event number first: ' || i.indexrelid::regclass::text
FROM t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
WHERE a.attname <> 'event_number'
UNION ALL
SELECT t.relname || ': foreign key without the event number on both sides, or not allowed: ' || k.conname
FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
WHERE NOT (
        t.relname IN ('inventories', 'areas', 'bookings')
        AND (SELECT attname FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = k.conkey[1]) = 'event_number'
        AND (SELECT attname FROM pg_attribute WHERE attrelid = k.confrelid AND attnum = k.confkey[1]) = 'event_number'
        AND k.confdeltype IN ('c', 'r')
    )
UNION ALL
SELECT c.relname || ': trigger ' || g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
WHERE NOT g.tgisinternal
UNION ALL
SELECT r.tablename || ': rule ' || r.rulename FROM pg_rules r WHERE r.schemaname = 'public'
UNION ALL
SELECT i.inhrelid::regclass::text || ': inherits' FROM pg_inherits i
UNION ALL
SELECT a.attrelid::regclass::text || ': identity or serial column ' || a.attname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = 'public'::regnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval%%'
"""

SHAPE = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
       coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
       (row_number() OVER (PARTITION BY c.relname ORDER BY a.attnum))::text
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
UNION ALL
SELECT 'index', tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint', k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), '', '', ''
FROM pg_constraint k WHERE k.connamespace = 'public'::regnamespace AND k.contype <> 'n'
UNION ALL
SELECT 'options', relname, coalesce(array_to_string(reloptions, ','), ''), '', '', '', ''
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL
SELECT 'sequence', sequencename, data_type::text, max_value::text, '', '', ''
FROM pg_sequences WHERE schemaname = 'public'
"""


def shape(url: str) -> set[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return {row for row in connection.execute(SHAPE) if row[1] != "alembic_version"}


def lint(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(LINT, {"others": sorted(NOT_OF_AN_EVENT)})]


def test_every_table_of_an_event_can_be_distributed_by_its_number(database_url: str) -> None:
    assert lint(database_url) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TABLE a (id uuid PRIMARY KEY)", "no event_number"),
        (
            "CREATE TABLE a (event_number bigint NOT NULL, id uuid, PRIMARY KEY (id, event_number))",
            "unique index",
        ),
        ("CREATE UNIQUE INDEX a ON holds (buyer)", "unique index"),
        (
            "ALTER TABLE claims ADD FOREIGN KEY (event_number) REFERENCES events ON DELETE CASCADE",
            "foreign key",
        ),
        ("CREATE TABLE a (event_number bigint NOT NULL PRIMARY KEY, n serial)", "identity or serial"),
        ("CREATE TABLE a () INHERITS (events)", "inherits"),
    ],
)
def test_the_lint_reports_each_kind_of_fault(database_url: str, statement: str, said: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(statement.encode())
    assert any(said in line for line in lint(database_url))


def test_migrations_lead_to_the_schema(database_url: str, empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(SCHEMA.encode())
    assert shape(database_url) == shape(empty_database_url)
    generations = []
    for url in (database_url, empty_database_url):
        with psycopg.connect(url) as connection:
            generations += connection.execute(
                "SELECT generation, oldest_server FROM schema_generation"
            ).fetchall()
    assert generations[0] == generations[1] == (schema.GENERATION, generations[0][1])


def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = shape(database_url)
    schema.upgrade(database_url)
    assert shape(database_url) == before


def test_an_unmigrated_database_is_refused(empty_database_url: str) -> None:
    assert not schema.status(empty_database_url).is_usable
    with pytest.raises(schema.SchemaError, match="holdfast db upgrade"):
        schema.verify(empty_database_url)


def test_an_older_schema_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    schema.verify(database_url)
    monkeypatch.setattr(schema_module, "GENERATION", schema.GENERATION + 1)
    with pytest.raises(schema.SchemaError, match="this server needs"):
        schema.verify(database_url)


def test_a_newer_schema_is_used_while_it_supports_this_server(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE schema_generation SET generation = generation + 1")
    schema.verify(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE schema_generation SET oldest_server = generation")
    with pytest.raises(schema.SchemaError, match="update Holdfast"):
        schema.verify(database_url)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_database_that_could_lose_bookings_is_refused(
    database_url: str, databases: TestDatabases, setting: str
) -> None:
    superuser = databases.server.url_of("postgres", role="postgres")
    with psycopg.connect(superuser, autocommit=True) as connection:
        try:
            connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
            while connection.execute("SELECT current_setting(%s)", (setting,)).fetchone() != ("off",):
                pass
            with pytest.raises(schema.SchemaError, match=setting):
                schema.verify(database_url)
        finally:
            connection.execute(f"ALTER SYSTEM RESET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
            while connection.execute("SELECT current_setting(%s)", (setting,)).fetchone() == ("off",):
                pass
    schema.verify(database_url)
