"""Steps: the tables of a batch and the SQL files name the same parameters, in both forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from holdfast.inventory.batching.loads import LOADS
from holdfast.inventory.store.steps import (
    OF_EACH_ROW,
    ONE_EVENT,
    SEVERAL_EVENTS,
    BatchStep,
    statements_for,
)
from holdfast.inventory.store.writes import INSERT_AREAS, WRITES
from holdfast.postgres.arrays import blobs, sparse_texts, texts
from holdfast.postgres.pipeline import Statement

STEPS = [*LOADS, *WRITES]
SAME_FOR_ALL = {"max_rows"}
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
    if step.statement in SEVERAL_EVENTS:
        taken = set(SEVERAL_EVENTS[step.statement].parameters)
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


def test_texts_that_no_row_has_cost_no_row() -> None:
    assert sparse_texts((None, None)) == "{}"
    assert sparse_texts((None, "")) == texts((None, "")) == '{NULL,""}'


def test_a_step_without_rows_is_not_sent() -> None:
    for events in ([[]], [[], []]):
        assert list(statements_for([REPLAYS], events, [{"event_number": 5}] * len(events))) == []


def test_a_step_without_rows_has_empty_arrays() -> None:
    assert INSERT_AREAS.arrays([]) == dict.fromkeys(INSERT_AREAS.columns, "{}")
