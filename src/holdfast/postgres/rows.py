"""Rows of an answer, read by the names of their columns: where a column stands in a statement is nobody's business."""

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
        """These columns of each row, in this order. Raises ValueError for a name that no column has."""
        return map(_picker(self.columns, names), self) if self else ()

    def column(self, name: str) -> list[Any]:
        if not self:
            return []
        at = self.columns.index(name)
        return [row[at] for row in self]

    def unnest(self, *names: str) -> Table:
        """The elements of the arrays that the only row has in these columns, as rows. NULL is an empty array."""
        (arrays,) = self.select(*names)
        return Table(zip(*(array or () for array in arrays), strict=True), names)

    def by(self, name: str) -> dict[Any, Table]:
        """Its rows, as one table for each value of this column."""
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
    """Makes a value of each row. The parameters of `make` are the names of the columns that it takes."""

    def __init__(self, make: Callable[..., T], columns: Iterable[str] | None = None) -> None:
        """`columns`: those to read, in the order of the parameters, where not every parameter has one of its name."""
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
    """The names of a statement's columns, looked at in its first answer."""
    columns = _COLUMNS.get(statement)
    if columns is None:
        names = [answer.fname(at) or b"" for at in range(answer.nfields)]
        columns = _COLUMNS[statement] = tuple(name.decode() for name in names)
    return columns


@cache
def _picker(columns: tuple[str, ...], names: tuple[str, ...]) -> Callable[[Row], Row]:
    """Neighbours are cut out as a slice, which costs least."""
    at = [columns.index(name) for name in names]
    if at == [*range(at[0], at[0] + len(at))]:
        return itemgetter(slice(at[0], at[0] + len(at)))
    return itemgetter(*at)
