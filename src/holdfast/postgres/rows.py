"""Rows: read an answer by its columns' names, so that no reader depends on a column's position."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import starmap
from operator import itemgetter
from typing import Any, Generic, TypeVar

from psycopg.pq.abc import PGresult

T = TypeVar("T")

Row = tuple[Any, ...]

_COLUMNS: dict[bytes, tuple[str, ...]] = {}


class Table(list[Row]):
    """The rows of one answer, and the names of its columns."""

    __slots__ = ("columns",)

    def __init__(self, rows: Iterable[Row] = (), columns: tuple[str, ...] = ()) -> None:
        super().__init__(rows)
        self.columns = columns

    def select(self, *names: str) -> Iterable[Row]:
        """Return these columns of each row, in this order. Raises ValueError for an unknown name."""
        return map(_picker(self.columns, names), self) if self else ()

    def column(self, name: str) -> list[Any]:
        if not self:
            return []
        at = self.columns.index(name)
        return [row[at] for row in self]

    def unnest(self, *names: str) -> Table:
        """Return the elements of the only row's arrays in these columns, as rows. NULL counts as an empty array."""
        (arrays,) = self.select(*names)
        return Table(zip(*(array or () for array in arrays), strict=True), names)

    def by(self, name: str) -> dict[Any, Table]:
        """Return one table for each value of this column."""
        found: dict[Any, Table] = {}
        if not self:
            return found
        at = self.columns.index(name)
        for row in self:
            table = found.get(row[at])
            if table is None:
                found[row[at]] = Table((row,), self.columns)
            else:
                table.append(row)
        return found


class RowReader(Generic[T]):
    """Makes a value from each row. The names of `make`'s parameters are the columns that it reads."""

    def __init__(self, make: Callable[..., T], columns: Iterable[str] | None = None) -> None:
        """`columns`: the columns in the order of the parameters, if their names differ from the parameters'."""
        parameters = inspect.signature(make).parameters
        self.columns = tuple(parameters if columns is None else columns)
        self._make = make
        if any(each.kind is inspect.Parameter.KEYWORD_ONLY for each in parameters.values()):
            self._make = lambda *values: make(**dict(zip(parameters, values, strict=True)))

    def read(self, table: Table) -> Iterator[T]:
        return starmap(self._make, table.select(*self.columns))

    def first(self, table: Table) -> T | None:
        return next(self.read(table), None)


def columns_of(statement: bytes, answer: PGresult) -> tuple[str, ...]:
    """Return the names of a statement's columns. They are read from its first answer only."""
    columns = _COLUMNS.get(statement)
    if columns is None:
        names = [answer.fname(at) or b"" for at in range(answer.nfields)]
        columns = _COLUMNS[statement] = tuple(name.decode() for name in names)
    return columns


@cache
def _picker(columns: tuple[str, ...], names: tuple[str, ...]) -> Callable[[Row], Row]:
    """Return a function that picks these columns of a row. Adjacent columns are a slice, which is cheapest."""
    at = [columns.index(name) for name in names]
    if at == [*range(at[0], at[0] + len(at))]:
        return itemgetter(slice(at[0], at[0] + len(at)))
    return itemgetter(*at)
