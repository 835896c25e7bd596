"""Rows by column name, and the column lists that statements share."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from holdfast.postgres.connections import fetch
from holdfast.postgres.pipeline import Pipeline, Statement
from holdfast.postgres.rows import RowReader, Table
from postgres.statements import Named, all_statements

PEOPLE = Table([(1, "Ada", 36), (2, "Grace", 85), (1, "Alan", 41)], ("event_number", "name", "age"))


def test_columns_are_found_by_name_in_any_order() -> None:
    assert list(PEOPLE.select("name", "age")) == [("Ada", 36), ("Grace", 85), ("Alan", 41)]
    assert list(PEOPLE.select("age", "event_number")) == [(36, 1), (85, 2), (41, 1)]
    assert PEOPLE.column("name") == ["Ada", "Grace", "Alan"]
    with pytest.raises(ValueError, match="not in tuple"):
        PEOPLE.select("surname")


def test_an_answer_without_rows_selects_nothing() -> None:
    assert list(Table().select("name")) == []


def test_rows_are_divided_by_a_column() -> None:
    divided = PEOPLE.by("event_number")
    assert {number: table.column("name") for number, table in divided.items()} == {
        1: ["Ada", "Alan"],
        2: ["Grace"],
    }


def test_arrays_of_a_row_become_rows() -> None:
    table = Table([(1, [5, 6], ["a", None], None)], ("n", "numbers", "names", "nothing"))
    assert list(table.unnest("numbers", "names")) == [(5, "a"), (6, None)]
    assert list(table.unnest("nothing")) == []


def test_a_reader_reads_the_columns_of_its_parameters() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Person:
        name: str
        age: int

    def older(age: int, name: str) -> str:
        return f"{name}, {age + 1}"

    assert RowReader(Person).first(PEOPLE) == Person(name="Ada", age=36)
    assert list(RowReader(older).read(PEOPLE)) == ["Ada, 37", "Grace, 86", "Alan, 42"]
    assert RowReader(older).first(Table()) is None


async def test_column_names_are_those_of_the_database(database_url: str) -> None:
    statement = b"SELECT 1 AS one, 'a' AS letter"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        assert (await fetch(connection, statement)).columns == ("one", "letter")
        pipeline = Pipeline(connection)
        at = pipeline.add(Statement("names", statement), {})
        answers = await pipeline.sync()
        pipeline.end()
    assert answers[at].columns == ("one", "letter")
    assert answers[at].column("one") == [1]


OF_CITUS = ("citus", "distribution", "placement")
"""Files whose statements only a Citus coordinator knows, so that PostgreSQL cannot prepare them."""

STATEMENTS = [
    each
    for each in all_statements()
    if each.text.startswith(("SELECT", "WITH")) and each.file not in OF_CITUS
]


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda each: f"{each.file}.{each.name}")
def test_every_column_of_a_statement_has_a_name_of_its_own(database_url: str, statement: Named) -> None:
    """A reader would take the first of two, and could not name a column without a name."""
    with psycopg.connect(database_url) as connection:
        connection.execute(f"PREPARE asked AS {statement.prepared()}".encode(), prepare=False)
        described = connection.pgconn.describe_prepared(b"asked")
    names = [(described.fname(at) or b"").decode() for at in range(described.nfields)]
    assert len(set(names)) == len(names)
    assert "?column?" not in names


def test_no_include_is_left() -> None:
    assert [each.name for each in all_statements() if "include" in each.text] == []


async def test_a_read_costs_the_same_calls_for_any_number_of_columns(database_url: str) -> None:
    """The driver describes a column by an object, and built thirty of them for each read of an event.

    Class of bug: work for each column of each answer, where a statement's columns never change. Its members are the
    two readers of answers: `fetch` and the pipeline. We looked for `description` in `src`.
    """
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        counts = [await _calls_of(connection, columns) for columns in (1, 30)]
    assert counts[0] == counts[1]


async def _calls_of(connection: psycopg.AsyncConnection[Any], columns: int) -> int:
    """Return how many Python functions a read calls, once its columns' names are known."""
    statement = f"SELECT {', '.join(f'{at} AS c{at}' for at in range(columns))}".encode()
    await fetch(connection, statement)
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        await fetch(connection, statement)
    finally:
        sys.setprofile(None)
    return calls
