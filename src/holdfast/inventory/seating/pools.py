"""Pools: the seats that best available may give to a party of n, in the order in which it gives them.

Most maps have one pool per category: all of its seats. Wheelchair and companion places are in no pool of a
general party. Seats with a restricted view are only in the last pool of their category. A table that is sold
whole is in the pools of parties of its size, and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from holdfast.inventory.seating.traits import Trait

Numbers = tuple[int, ...]


class WholeTable(NamedTuple):
    """The seats of a table that is sold whole, and their mask."""

    numbers: Numbers
    mask: int


class Pools:
    """The pools of one version of a map, as masks."""

    def __init__(
        self,
        category_masks: Mapping[str, int],
        traits: Mapping[int, int],
        tables: Iterable[Numbers],
        mask: Callable[[Iterable[int]], int],
    ) -> None:
        self.wheelchairs = mask(_with(traits, Trait.WHEELCHAIR))
        self.companions = mask(_with(traits, Trait.COMPANION))
        self._restricted = mask(_with(traits, Trait.RESTRICTED_VIEW))
        self._in_tables = mask(_with(traits, Trait.WHOLE))
        self._tables = [WholeTable(numbers, mask(numbers)) for numbers in tables]
        reserved = self.wheelchairs | self.companions
        self._all = category_masks
        self._general = {name: seats & ~reserved for name, seats in category_masks.items()}
        self._sizes = {len(table.numbers) for table in self._tables}
        self._kept: dict[tuple[str, int], tuple[int, ...]] = {}

    def of(self, category: str, n: int) -> tuple[int, ...]:
        """Return the pools of a general party of n, to be tried in this order; 0 asks for no whole table."""
        size = n if n in self._sizes else 0
        found = self._kept.get((category, size))
        if found is None:
            found = self._kept[category, size] = self._make(category, size)
        return found

    def _make(self, category: str, size: int) -> tuple[int, ...]:
        pool = self._of_size(self._general[category], size)
        clear = pool & ~self._restricted
        return (pool,) if clear == pool else (clear, pool) if clear else (pool,)

    def general(self, category: str) -> int:
        """Return all seats that general parties may get."""
        return self._general[category]

    def beside_wheelchairs(self, category: str, n: int) -> int:
        """Return the seats that a party of n with a wheelchair may get."""
        return self._of_size(self._all[category], n)

    def tables(self, category: str) -> list[WholeTable]:
        """Return the whole tables that general parties may get, in the map's order."""
        seats = self._general[category]
        return [table for table in self._tables if table.mask & seats == table.mask]

    def _of_size(self, seats: int, size: int) -> int:
        if not self._tables:
            return seats
        pool = seats & ~self._in_tables
        for table in self._tables:
            if len(table.numbers) == size and table.mask & seats == table.mask:
                pool |= table.mask
        return pool


def _with(traits: Mapping[int, int], trait: Trait) -> list[int]:
    return [number for number, its in traits.items() if its & trait]
