"""Steps: the tables of a batch and the SQL files name the same parameters, in every form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.inventory.batching.loads import LOADS
from holdfast.inventory.store.inventory_inserts import INSERT_AREAS
from holdfast.inventory.store.row_inserts import MAX_ROWS
from holdfast.inventory.store.steps import (
    OF_EACH_ROW,
    ON_SHARDS,
    ONE_EVENT,
    ROW_INSERTS,
    SEVERAL_EVENTS,
    SEVERAL_ON_A_SHARD,
    BatchStep,
    statements_for,
)
from holdfast.inventory.store.writes import WRITES
from holdfast.postgres.arrays import blobs, sparse_texts, texts
from holdfast.postgres.pipeline import Statement

STEPS = [*LOADS, *WRITES]
SAME_FOR_ALL = {"max_rows"}
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
GIVENS = {number: {"event_number": number, "version": 1, "now": NOON} for number in (5, 6, 7)}
GIVEN = SAME_FOR_ALL | {"event_number", "version", "now", "map_version", "wanted_rows", "whole_event"}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.statement)
def test_a_step_sends_what_its_statements_take(step: BatchStep[Any]) -> None:
    columns = set(step.columns)
    taken = set(ONE_EVENT[step.statement].parameters)
    if step.grouped:
        assert step.names[0] in taken
        columns.remove(next(iter(step.columns)))
    assert columns <= taken <= columns | set(step.names) | GIVEN
    assert columns.isdisjoint(step.names)
    assert not step.names or len(step.names) == len(step.columns)
    if step.single is not None:
        assert set(step.names) <= set(ONE_EVENT[step.single].parameters) <= set(step.names) | GIVEN
    for statements in (SEVERAL_EVENTS, SEVERAL_ON_A_SHARD):
        if step.statement in statements:
            taken = set(statements[step.statement].parameters)
            assert taken <= step.columns.keys() | OF_EACH_ROW.keys() | SAME_FOR_ALL


@pytest.mark.parametrize("statements", [ONE_EVENT, SEVERAL_EVENTS], ids=["one event", "several events"])
def test_every_statement_of_the_sql_files_is_a_step(statements: Mapping[str, Statement]) -> None:
    assert set(statements) <= {name for step in STEPS for name in (step.statement, step.single)}


REPLAYS: BatchStep[list[tuple[bytes]]] = BatchStep(
    statement="count_replays", rows=list, columns={"scopes": blobs}
)


def test_rows_of_several_events_name_their_event() -> None:
    events = [[(b"a",), (b"b",)], [], [(b"c",)]]
    givens = [{"event_number": number, "version": 1} for number in (5, 6, 7)]
    ((name, statement, parameters),) = statements_for([REPLAYS], events, givens)
    assert (name, statement) == ("count_replays", SEVERAL_EVENTS["count_replays"])
    sent = {each: parameters[each] for each in statement.parameters}
    assert sent == {"event_numbers": "{5,5,7}", "scopes": blobs([b"a", b"b", b"c"])}


ANSWERS: BatchStep[list[tuple[Any, ...]]] = replace(
    next(step for step in WRITES if step.statement == "insert_answers"), rows=list
)
AN_ANSWER = (b"body", 201, b"{}", None, False)


def test_few_rows_on_a_shard_are_a_list_of_values() -> None:
    """An `INSERT … SELECT` is planned again by a node at each execution."""
    rows = [(b"a", *AN_ANSWER), (b"b", *AN_ANSWER)]
    ((name, statement, parameters),) = statements_for([ANSWERS], [rows], [GIVENS[5]], ON_SHARDS)
    assert name == "insert_answer"
    assert statement is ROW_INSERTS["insert_answer"].statement(2, own=ANSWERS.names)
    assert [parameters[each] for each in statement.parameters[:3]] == [5, b"a", b"body"]
    assert (parameters["scope_1"], parameters["now"]) == (b"b", NOON)
    for rows in ([(b"a", *AN_ANSWER)], [(b"%d" % at, *AN_ANSWER) for at in range(MAX_ROWS + 1)]):
        ((_, statement, _),) = statements_for([ANSWERS], [rows], [GIVENS[5]], ON_SHARDS)
        assert statement is ONE_EVENT["insert_answer" if len(rows) == 1 else "insert_answers"]


def test_few_rows_of_several_events_each_name_their_event() -> None:
    events = [[(b"a", *AN_ANSWER), (b"b", *AN_ANSWER)], [], [(b"c", *AN_ANSWER)]]
    givens = [GIVENS[number] for number in (5, 6, 7)]
    ((_, statement, parameters),) = statements_for([ANSWERS], events, givens, ON_SHARDS)
    assert statement is ROW_INSERTS["insert_answer"].statement(3)
    assert [parameters[f"event_number_{at}"] for at in range(3)] == [5, 5, 7]
    assert [parameters[f"scope_{at}"] for at in range(3)] == [b"a", b"b", b"c"]
    many = [[(b"%d" % at, *AN_ANSWER) for at in range(MAX_ROWS)], [(b"z", *AN_ANSWER)]]
    ((_, statement, _),) = statements_for([ANSWERS], many, givens[:2], ON_SHARDS)
    assert statement is SEVERAL_ON_A_SHARD["insert_answers"]


@pytest.mark.parametrize("statement", ["insert_answers", "insert_claims", "insert_holds", "insert_bookings"])
def test_one_postgresql_gets_few_rows_as_arrays(statement: str) -> None:
    (step,) = [each for each in WRITES if each.statement == statement]
    rows = [tuple(None for _ in step.columns)] * 2
    numbered = replace(step, rows=lambda _: rows, columns=dict.fromkeys(step.columns, lambda _: "{}"))
    for events in ([None], [None, None]):
        givens = [GIVENS[5], GIVENS[6]][: len(events)]
        ((name, _, _),) = statements_for([numbered], events, givens)
        assert name == statement


def test_no_two_forms_share_a_name() -> None:
    """A session knows a prepared statement by its name: the second would run as the first."""
    names = {step.single: step.names for step in WRITES}
    made = [
        insert.statement(rows, own=own)
        for name, insert in ROW_INSERTS.items()
        for rows in range(1, MAX_ROWS + 1)
        for own in {None, names.get(name)}
    ]
    tables = (ONE_EVENT, SEVERAL_EVENTS, SEVERAL_ON_A_SHARD)
    found = [each.name for each in (*made, *(each for table in tables for each in table.values()))]
    assert len(found) == len(set(found))


def test_texts_that_no_row_has_cost_no_row() -> None:
    assert sparse_texts((None, None)) == "{}"
    assert sparse_texts((None, "")) == texts((None, "")) == '{NULL,""}'


def test_a_step_without_rows_is_not_sent() -> None:
    for events in ([[]], [[], []]):
        assert list(statements_for([REPLAYS], events, [{"event_number": 5}] * len(events))) == []


def test_a_step_without_rows_has_empty_arrays() -> None:
    assert INSERT_AREAS.arrays([]) == dict.fromkeys(INSERT_AREAS.columns, "{}")
