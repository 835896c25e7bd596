"""Steps of a batch: one table of statements and rows, for batches of one event and of several.

A batch of one event names its event once, so that a sharded database can route each statement. A batch of
several sends the same columns with the rows of all its events, and columns with the event of each row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Generic, TypeVar

from holdfast.postgres import arrays, queries
from holdfast.postgres.pipeline import Statement, statements_of

S = TypeVar("S")

Encoder = Callable[[Sequence[Any]], str | bytes]
"""Encodes a column's values as one array; see `postgres.arrays`."""

Given = Mapping[str, Any]
"""Parameters that are the same for all rows of an event."""

Named = tuple[str, Statement, dict[str, Any]]
"""A step's name, its statement and the parameters, which may be more than the statement takes."""

ONE_EVENT = statements_of(queries.load("batch"))
SEVERAL_EVENTS = statements_of(queries.load("spanning"), prefix="spanning_")

NO_ELEMENTS = "{}"

OF_EACH_ROW: dict[str, tuple[str, Encoder]] = {
    "event_numbers": ("event_number", arrays.plain),
    "versions": ("version", arrays.plain),
    "nows": ("now", arrays.times),
}
"""Parameters of `spanning.sql` that repeat an event's given value for each of its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStep(Generic[S]):
    """A statement of `batch.sql`, and of `spanning.sql` if several events may share it."""

    statement: str
    rows: Callable[[S], Collection[tuple[Any, ...]]]
    """Returns the rows of one event. A statement without rows is not sent."""
    columns: Mapping[str, Encoder]
    """The statement's parameters, in the order of a row's values."""
    names: Sequence[str] = ()
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
    steps: Iterable[BatchStep[S]], events: Sequence[S], givens: Sequence[Given]
) -> Iterator[Named]:
    """Yield the statements of all steps that have rows, in their order."""
    if len(events) == 1:
        (event,), (given,) = events, givens
        return _of_one_event(steps, event, given)
    return _of_several_events(steps, events, givens)


def _of_one_event(steps: Iterable[BatchStep[S]], event: S, given: Given) -> Iterator[Named]:
    for step in steps:
        rows = step.rows(event)
        if not rows:
            continue
        if step.single is not None and len(rows) == 1:
            (row,) = rows
            values = dict(zip(step.names, row, strict=True))
            yield step.single, ONE_EVENT[step.single], {**given, **values}
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
    steps: Iterable[BatchStep[S]], events: Sequence[S], givens: Sequence[Given]
) -> Iterator[Named]:
    for step in steps:
        if step.alone:
            continue
        by_event = [step.rows(event) for event in events]
        if not any(by_event):
            continue
        statement = SEVERAL_EVENTS[step.statement]
        parameters = {**givens[0], **step.arrays(chain.from_iterable(by_event))}
        for name in OF_EACH_ROW.keys() & statement.parameters:
            given, encode = OF_EACH_ROW[name]
            values = [value[given] for value in givens]
            parameters[name] = encode([*chain.from_iterable(map(repeat, values, map(len, by_event)))])
        yield step.statement, statement, parameters
