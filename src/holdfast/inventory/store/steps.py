"""Steps of a batch: one table of statements and rows, for batches of one event and of several.

A batch of one event names its event once, so that a sharded database can route each statement. A batch of
several sends the same columns with the rows of all its events, and columns with the event of each row. On the
shards of a cluster these events are of one shard, and the statements say so of each table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Generic, TypeVar

from holdfast.inventory.store.row_inserts import MAX_ROWS, RowInsert, row_inserts_of, values_of
from holdfast.postgres import arrays, queries
from holdfast.postgres.pipeline import Statement, statements_of

S = TypeVar("S")

Encoder = Callable[[Sequence[Any]], str | bytes]
"""Encodes a column's values as one array; see `postgres.arrays`."""

Given = Mapping[str, Any]
"""Parameters that are the same for all rows of an event."""

Named = tuple[str, Statement, dict[str, Any]]
"""A step's name, its statement and the parameters, which may be more than the statement takes."""

_OF_ITS_EVENT = re.compile(rb"((?:\w+\.)?event_number) = n\.event_number")


def on_a_shard(text: bytes) -> bytes:
    """Return a statement of `spanning.sql` that limits each table to the batch's events.

    A node then sees that all are on one shard, and sends the statement there as it is. One PostgreSQL needs no such
    condition.
    """
    return _OF_ITS_EVENT.sub(rb"\g<0> AND \1 = ANY(%(event_numbers)s::bigint[])", text)


ONE_EVENT = statements_of(queries.load("batch"))
ROW_INSERTS = row_inserts_of(queries.load("batch"))
SEVERAL_EVENTS = statements_of(queries.load("spanning"), prefix="spanning_")
SEVERAL_ON_A_SHARD = statements_of(
    {name: on_a_shard(text) for name, text in queries.load("spanning").items()}, prefix="sharded_"
)

NO_ELEMENTS = "{}"

OF_EACH_ROW: dict[str, tuple[str, Encoder]] = {
    "event_numbers": ("event_number", arrays.plain),
    "versions": ("version", arrays.plain),
    "nows": ("now", arrays.times),
}
"""Parameters of `spanning.sql` that repeat an event's given value for each of its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """How statements are written for a kind of database."""

    several: Mapping[str, Statement]
    """Statements of a batch of several events."""
    max_values: int
    """Inserts of up to this number of rows are one VALUES list; 0 for none."""


ONE_POSTGRES = Forms(several=SEVERAL_EVENTS, max_values=0)
"""Arrays have the fewest parameters, because most columns of a batch have one value."""
ON_SHARDS = Forms(several=SEVERAL_ON_A_SHARD, max_values=MAX_ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStep(Generic[S]):
    """A statement of `batch.sql`, and of `spanning.sql` if several events may share it."""

    statement: str
    rows: Callable[[S], Collection[tuple[Any, ...]]]
    """Returns the rows of one event. A statement without rows is not sent."""
    columns: Mapping[str, Encoder]
    """The statement's parameters, in the order of a row's values."""
    names: tuple[str, ...] = ()
    """The columns' names as plain values, in the same order: for `single`, and for columns with one value."""
    single: str | None = None
    """A statement for exactly one row, with plain values. It costs far less, most of all on a sharded database."""
    one_by_one: bool = False
    """True if a batch of one event sends it for each row, with plain values."""
    grouped: bool = False
    """True if a batch of one event sends it for each value of the first column, with that as a plain value."""
    alone: bool = False
    """True if a batch of several events does not send it: an event that needs its rows gets a batch of its own."""

    def shared(self, rows: Collection[tuple[Any, ...]], statement: Statement) -> dict[str, Any]:
        """Return the columns' arrays, and a plain value for each column that is the same in all rows.

        The statement takes a plain value for some columns, and an array of the keys.
        """
        if not self.names:
            return self.arrays(rows)
        parameters: dict[str, Any] = {}
        columns = zip(self.columns.items(), self.names, zip(*rows, strict=True), strict=True)
        for (name, encode), plain_name, values in columns:
            if plain_name not in statement.parameters:
                parameters[name] = encode(values)
            elif values.count(values[0]) == len(values):
                parameters[plain_name], parameters[name] = values[0], NO_ELEMENTS
            else:
                parameters[plain_name], parameters[name] = None, encode(values)
        return parameters

    def arrays(self, rows: Iterable[tuple[Any, ...]]) -> dict[str, str | bytes]:
        columns = list(zip(*rows, strict=True)) or [()] * len(self.columns)
        named = zip(self.columns.items(), columns, strict=True)
        return {name: encode(values) for (name, encode), values in named}


def statements_for(
    steps: Iterable[BatchStep[S]], events: Sequence[S], givens: Sequence[Given], forms: Forms = ONE_POSTGRES
) -> Iterator[Named]:
    """Yield the statements of all steps that have rows, in their order."""
    if len(events) == 1:
        (event,), (given,) = events, givens
        return _of_one_event(steps, event, given, forms)
    return _of_several_events(steps, events, givens, forms)


def _of_one_event(steps: Iterable[BatchStep[S]], event: S, given: Given, forms: Forms) -> Iterator[Named]:
    for step in steps:
        rows = step.rows(event)
        if not rows:
            continue
        if step.single is not None and len(rows) == 1:
            (row,) = rows
            yield step.single, ONE_EVENT[step.single], {**given, **dict(zip(step.names, row, strict=True))}
            continue
        if len(rows) <= forms.max_values and step.single in ROW_INSERTS:
            few = ROW_INSERTS[step.single].statement(len(rows), own=step.names)
            yield step.single, few, {**given, **values_of(step.names, rows)}
            continue
        statement = ONE_EVENT[step.statement]
        if step.one_by_one:
            for row in rows:
                yield step.statement, statement, {**given, **dict(zip(step.columns, row, strict=True))}
        elif step.grouped:
            groups: dict[Any, list[tuple[Any, ...]]] = {}
            for row in rows:
                value, *_ = row
                groups.setdefault(value, []).append(row)
            for value, group in groups.items():
                yield step.statement, statement, {**given, step.names[0]: value, **step.arrays(group)}
        else:
            yield step.statement, statement, {**given, **step.shared(rows, statement)}


def _of_several_events(
    steps: Iterable[BatchStep[S]], events: Sequence[S], givens: Sequence[Given], forms: Forms
) -> Iterator[Named]:
    for step in steps:
        if step.alone:
            continue
        by_event = [step.rows(event) for event in events]
        if not any(by_event):
            continue
        insert = ROW_INSERTS.get(step.single or step.statement)
        if insert is not None and sum(map(len, by_event)) <= forms.max_values:
            yield step.statement, *_spread(insert, step, by_event, givens)
            continue
        statement = forms.several[step.statement]
        parameters = {**givens[0], **step.arrays(chain.from_iterable(by_event))}
        for name in OF_EACH_ROW.keys() & statement.parameters:
            given, encode = OF_EACH_ROW[name]
            values = [value[given] for value in givens]
            parameters[name] = encode([*chain.from_iterable(map(repeat, values, map(len, by_event)))])
        yield step.statement, statement, parameters


def _spread(
    insert: RowInsert,
    step: BatchStep[S],
    by_event: Sequence[Collection[tuple[Any, ...]]],
    givens: Sequence[Given],
) -> tuple[Statement, dict[str, Any]]:
    """Return one VALUES list with the rows of all events, and its parameters."""
    names = [*step.columns] if step.single is None else step.names
    given_names = [name for name in insert.parameters if name not in names]
    rows = [
        (*(given[name] for name in given_names), *row)
        for given, event_rows in zip(givens, by_event, strict=True)
        for row in event_rows
    ]
    return insert.statement(len(rows)), values_of([*given_names, *names], rows)
