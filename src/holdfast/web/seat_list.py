"""Seat list: sections, rows and seats as links and boxes, which work without a script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from holdfast.inventory.projections.read_model import ReadModel
from holdfast.inventory.rules.availability import Counts
from holdfast.inventory.seating.seat_map import Seat
from holdfast.inventory.seating.traits import Trait
from holdfast.web.languages import gettext
from holdfast.web.seat_groups import ends_of, free_runs, groups_of
from holdfast.web.written import left
from holdfast.web.written import number as written_number

__all__ = ["SeatSteps", "read_seat_steps"]


LOOKS = 8
"""The number of signs and colours for kinds of seats that the style sheet has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A category of seats: its place in the map's list, its sign, and how many can be had."""

    name: str
    index: int
    free: int

    @property
    def look(self) -> int:
        return self.index % LOOKS + 1

    @property
    def left(self) -> str:
        return left(self.free)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section or a row, the sign of its first seat, and how many of its seats can be had."""

    name: str
    free: int
    look: int
    together: int = 0
    """The free seats of a row that are side by side, at most."""

    @property
    def title(self) -> str:
        """Return how a row is called. A short name needs the word; "Table 4" does not."""
        return self.name if len(self.name) > 3 else gettext("Row %(row)s", row=self.name)

    @property
    def left(self) -> str:
        if self.together < 2:
            return left(self.free)
        return gettext(
            "%(left)s, %(together)s together", left=left(self.free), together=written_number(self.together)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatGroup:
    """Free seats side by side, as many as a visitor wants."""

    seats: list[Seat]

    @property
    def press(self) -> str:
        """Return what the button says that holds them."""
        first, last = ends_of(self.seats)
        if len(self.seats) == 2:
            return gettext("Hold seats %(first)s and %(last)s", first=first, last=last)
        return gettext("Hold seats %(first)s to %(last)s", first=first, last=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChoice:
    seat: Seat
    free: bool

    @property
    def name(self) -> str:
        return self.seat.name or self.seat.label

    @property
    def notes(self) -> str:
        """Return what a buyer should know of the seat."""
        words = {
            Trait.WHEELCHAIR: gettext("wheelchair place"),
            Trait.COMPANION: gettext("companion seat"),
            Trait.RESTRICTED_VIEW: gettext("restricted view"),
        }
        return ", ".join(word for trait, word in words.items() if trait in self.seat.traits)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatSteps:
    """The kinds of seats, all sections, the rows of the open section, and the seats of the open row."""

    kinds: list[Kind]
    sections: list[Part]
    section: str | None
    rows: list[Part]
    row: str | None
    seats: list[SeatChoice]
    together: int
    """The number of seats that the visitor wants side by side."""
    groups: list[SeatGroup]


def read_seat_steps(
    model: ReadModel, section: str | None, row: str | None, counts: Mapping[str, Counts], together: int
) -> SeatSteps:
    """Return the list with one section and one row open, and the groups of a size that fit into the row.

    Unknown names open nothing. `counts` are by category.
    """
    seat_map, taken = model.seat_map, model.taken
    kinds = [
        Kind(name=name, index=index, free=counts[name].available)
        for index, name in enumerate(seat_map.categories)
        if name in counts
    ]
    looks = {name: index % LOOKS + 1 for index, name in enumerate(seat_map.categories)}
    sections: dict[str, Part] = {}
    rows: list[Part] = []
    seats: list[SeatChoice] = []
    groups: list[SeatGroup] = []
    for each in seat_map.seat_rows:
        free = sum(number not in taken for number in each.numbers)
        look = looks[seat_map.category_of(each.numbers[0])]
        known = sections.get(each.section) or Part(name=each.section, free=0, look=look)
        sections[each.section] = replace(known, free=known.free + free)
        if each.section != section:
            continue
        is_table = len(seat_map.table_of(each.numbers[0])) > 1
        runs = [] if is_table else free_runs(seat_map, each.numbers, taken)
        longest = max(map(len, runs), default=0)
        rows.append(Part(name=each.row, free=free, look=look, together=longest))
        if each.row == row:
            seats = [
                SeatChoice(seat=seat_map.seat(number), free=number not in taken) for number in each.numbers
            ]
            groups = [
                SeatGroup(seats=[seat_map.seat(number) for number in group])
                for group in groups_of(runs, together)
            ]
    return SeatSteps(
        kinds=kinds,
        sections=list(sections.values()),
        section=section if rows else None,
        rows=rows,
        row=row if seats else None,
        seats=seats,
        together=together,
        groups=groups,
    )
