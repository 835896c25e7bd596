"""Seat maps: the seats of a venue in their rows, as an event sells them; each version is immutable."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import NamedTuple

from holdfast.errors import DuplicateSeat, FieldError
from holdfast.inventory.seating.drawn_areas import MapDetails
from holdfast.inventory.seating.seat_index import RowIndex, RowOfSeats
from holdfast.inventory.seating.traits import Trait

MAX_SEATS = 200_000
"""Max seats of one event; the largest stadium sells fewer."""

DEFAULT_CATEGORY = "standard"
"""The category of seats whose source names none."""


class SeatSpec(NamedTuple):
    """A seat as its source describes it, with a normalised label. A tuple: building 100,000 of them takes 40 ms."""

    label: str
    section: str = ""
    row: str = ""
    position_in_row: int | None = None  # None: right after the row's last
    category: str = DEFAULT_CATEGORY
    x: float | None = None
    y: float | None = None
    guid: str | None = None
    name: str | None = None
    traits: int = 0
    """A set of `traits.Trait`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One seat of a map. `number` is its place in the map, from 1 on, and is the same in every later version."""

    number: int
    label: str
    section: str
    row: str
    position_in_row: int
    """Physical order from 0. A position without a seat is a break, and nothing is adjacent across it."""
    category: str
    x: float | None
    y: float | None
    guid: str | None
    """The source's own id."""
    name: str | None
    """The source's own seat number, as printed on the chair."""
    traits: Trait


class Row(NamedTuple):
    """A row's names and its seats' numbers, left to right."""

    section: str
    row: str
    numbers: Sequence[int]


class SeatMap:
    """All seats of one version of an event's map, in columns, because a process keeps many maps.

    Made by `build` from seats in number order. A row is the seats of one section and row name. Rows and
    sections are ordered by their first seats. Categories are, too, unless their order is given.
    """

    __slots__ = (
        "__weakref__",
        "_categories",
        "_guids",
        "_index",
        "_labels",
        "_names",
        "_numbers",
        "_positions",
        "_row_index",
        "_rows",
        "_tables",
        "_traits",
        "_x",
        "_y",
        "categories",
        "details",
        "version",
    )

    def __init__(self, version: int, categories: Iterable[str]) -> None:
        self.version = version
        self.categories: tuple[str, ...] = tuple(dict.fromkeys(categories))
        self.details = MapDetails()
        self._labels: tuple[str, ...] = ()
        self._numbers: dict[str, int] = {}
        self._rows: tuple[Row, ...] = ()
        self._row_index = array("I")
        self._positions = array("I")
        self._categories = array("I")
        self._x = array("d")
        self._y = array("d")
        self._guids: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._traits: dict[int, int] = {}
        self._tables: dict[int, tuple[int, ...]] = {}
        """The seats that are sold together with a seat, and the seat itself."""
        self._index: RowIndex | None = None

    @classmethod
    def build(cls, seats: Iterable[SeatSpec], version: int, *, categories: Iterable[str] = ()) -> SeatMap:
        """Return the map of these seats, numbered from 1 in this order.

        A seat whose position is behind the row's end goes to the end of the row, and the seats after it
        follow. So seats that were added later get the same positions, whether they were stored as given or as
        placed. Raises DuplicateSeat, with an error for each seat whose label is taken (the first 20).
        """
        seat_map = cls(version, categories)
        seat_map._fill(seats)
        return seat_map

    def extended(self, seats: Iterable[SeatSpec], version: int, *, categories: Iterable[str] = ()) -> SeatMap:
        """Return the next version: numbers continue, and new seats of an existing row go to its end."""
        both = [*self.specs(), *seats]
        return SeatMap.build(both, version, categories=[*self.categories, *categories])

    def _fill(self, seats: Iterable[SeatSpec]) -> None:
        labels: list[str] = []
        rows: list[tuple[str, str, list[int]]] = []
        row_of: dict[tuple[str, str], int] = {}
        last: list[int] = []
        shifts: list[int] = []
        category_of = {name: index for index, name in enumerate(self.categories)}
        duplicates: list[FieldError] = []
        numbers = self._numbers
        placed = False
        for number, spec in enumerate(seats, start=1):
            label, section, row_name, wanted, category, x, y, guid, name, traits = spec
            if numbers.setdefault(label, number) != number:
                detail = DuplicateSeat.EXISTS.format(label=label)
                duplicates.append(DuplicateSeat.at(f"/{number - 1}", detail))
                continue
            row = row_of.get((section, row_name))
            if row is None:
                row = row_of[section, row_name] = len(rows)
                rows.append((section, row_name, []))
                last.append(-1)
                shifts.append(0)
            end = last[row] + 1
            position = end if wanted is None else max(end, wanted + shifts[row])
            if wanted is not None:
                shifts[row] = max(shifts[row], end - wanted)
            last[row] = position
            index = category_of.get(category)
            if index is None:
                index = category_of[category] = len(category_of)
            labels.append(label)
            rows[row][2].append(number)
            self._row_index.append(row)
            self._positions.append(position)
            self._categories.append(index)
            self._x.append(nan if x is None else x)
            self._y.append(nan if y is None else y)
            placed = placed or x is not None
            if guid is not None:
                self._guids[number] = guid
            if name is not None:
                self._names[number] = name
            if traits:
                self._traits[number] = traits
        if duplicates:
            raise DuplicateSeat(duplicates[0].detail, errors=tuple(duplicates[:20]))
        if not placed:
            self._x = self._y = array("d")
        self._labels = tuple(labels)
        self.categories = tuple(category_of)
        self._rows = tuple(Row(section, row_name, _compact(found)) for section, row_name, found in rows)
        if any(traits & Trait.WHOLE for traits in self._traits.values()):
            self._find_tables()

    def _find_tables(self) -> None:
        traits = self._traits
        for row in self._rows:
            table = tuple(number for number in row.numbers if traits.get(number, 0) & Trait.WHOLE)
            self._tables.update(dict.fromkeys(table, table))

    @property
    def size(self) -> int:
        """The number of seats."""
        return len(self._labels)

    def __len__(self) -> int:
        return len(self._labels)

    def number_of(self, label: str) -> int | None:
        """Return the seat with this normalised label, or None."""
        return self._numbers.get(label)

    def label_of(self, number: int) -> str:
        return self._labels[self._at(number)]

    def category_of(self, number: int) -> str:
        return self.categories[self._categories[self._at(number)]]

    def position_of(self, number: int) -> int:
        """Return the seat's physical place in its row, from 0."""
        return self._positions[self._at(number)]

    def place_of(self, number: int) -> tuple[float, float] | None:
        """Return the seat's coordinates in the venue, or None if the source has none."""
        at = self._at(number)
        if not self._x or isnan(self._x[at]):
            return None
        return self._x[at], self._y[at]

    def traits_of(self, number: int) -> Trait:
        return Trait(self._traits.get(number, 0))

    @property
    def has_tables(self) -> bool:
        """Whether a part of the seats is sold in whole tables only."""
        return bool(self._tables)

    def table_of(self, number: int) -> tuple[int, ...]:
        """Return the seats that are sold together with this one, and itself; only itself in most maps."""
        return self._tables.get(number, (number,))

    def seat(self, number: int) -> Seat:
        at = self._at(number)
        row = self._rows[self._row_index[at]]
        x, y = self.place_of(number) or (None, None)
        return Seat(
            number=number,
            label=self._labels[at],
            section=row.section,
            row=row.row,
            position_in_row=self._positions[at],
            category=self.categories[self._categories[at]],
            x=x,
            y=y,
            guid=self._guids.get(number),
            name=self._names.get(number),
            traits=self.traits_of(number),
        )

    def _at(self, number: int) -> int:
        if number < 1:  # a negative index would count from the end
            raise IndexError(number)
        return number - 1

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels in number order."""
        return self._labels

    @property
    def seat_rows(self) -> tuple[Row, ...]:
        """Return the rows in the map's order."""
        return self._rows

    @property
    def rows(self) -> RowIndex:
        """Return the rows as the seat picker needs them; built once."""
        if self._index is None:
            positions, categories = self._positions, self._categories
            self._index = RowIndex(
                [
                    RowOfSeats(
                        numbers=row.numbers,
                        positions=[positions[number - 1] for number in row.numbers],
                        categories=[categories[number - 1] for number in row.numbers],
                    )
                    for row in self._rows
                ],
                self.categories,
                self._traits,
                dict.fromkeys(self._tables.values()),
            )
        return self._index

    def seats(self) -> Iterator[Seat]:
        """Yield every seat, in number order."""
        return (self.seat(number) for number in range(1, self.size + 1))

    def specs(self) -> Iterator[SeatSpec]:
        """Yield the specs that build the same map, in number order."""
        rows, categories, positions = self._rows, self.categories, self._positions
        for at, label in enumerate(self._labels):
            row = rows[self._row_index[at]]
            x, y = self.place_of(at + 1) or (None, None)
            category = categories[self._categories[at]]
            guid, name, traits = self._guids.get(at + 1), self._names.get(at + 1), self._traits.get(at + 1, 0)
            yield SeatSpec(label, row.section, row.row, positions[at], category, x, y, guid, name, traits)


def _compact(numbers: list[int]) -> Sequence[int]:
    """Return a range where the numbers are consecutive, as they are in all but unusual maps."""
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return range(numbers[0], numbers[-1] + 1)
    return array("I", numbers)
