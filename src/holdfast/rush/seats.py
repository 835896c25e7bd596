"""Seats: the seats of an event as a shop's page shows them to the buyers of a process.

The data is up to a second old, as on real pages. So two buyers can pick the same seat, and one of them is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

__all__ = ["SeatPlan"]

_GLANCES = 24
"""Places that a buyer tries before they search the complete map."""


class SeatPlan:
    """Rows of neighbouring seats, from the front, and which of them are taken."""

    def __init__(self, rows: list[list[str]]) -> None:
        self._rows = rows
        self._taken: set[str] = set()
        self._free: dict[int, list[tuple[int, int]]] = {}

    def show(self, taken: Iterable[str]) -> None:
        """Replace the taken seats by the server's current ones."""
        self._taken = set(taken)
        self._free.clear()

    def take(self, labels: Iterable[str]) -> None:
        self._taken.update(labels)

    def pick(self, chance: Random, quantity: int) -> list[str] | None:
        """Return neighbouring seats that look free, or None. Prefers the front, as most buyers do."""
        if not self._rows:
            return None
        for _ in range(_GLANCES):
            row = self._rows[int(len(self._rows) * chance.random() ** 2)]
            if len(row) >= quantity:
                start = chance.randint(0, len(row) - quantity)
                seats = row[start : start + quantity]
                if self._taken.isdisjoint(seats):
                    return seats
        return self._search(chance, quantity)

    def _search(self, chance: Random, quantity: int) -> list[str] | None:
        """Search the complete map. Finds the free places once per `show`, and skips those taken since."""
        places = self._free.get(quantity)
        if places is None:
            places = self._free[quantity] = [
                (number, start)
                for number, row in enumerate(self._rows)
                for start in range(len(row) - quantity + 1)
                if self._taken.isdisjoint(row[start : start + quantity])
            ]
        while places:
            at = chance.randrange(len(places))
            places[at], places[-1] = places[-1], places[at]
            number, start = places.pop()
            seats = self._rows[number][start : start + quantity]
            if self._taken.isdisjoint(seats):
                return seats
        return None
