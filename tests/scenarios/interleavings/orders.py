"""Orders: which statement is next. Either every order of a small scene, or orders of a larger one drawn by a seed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from scenarios.interleavings.floor import Choice


class EveryOrder:
    """Walks the tree of choices, depth first, so that each schedule is new.

    Use `choose` throughout a schedule, then `advance` to the next one.
    """

    def __init__(self) -> None:
        self._path: list[int] = []
        self._widths: list[int] = []
        self._at = 0

    def choose(self, choices: Sequence[Choice]) -> int:
        if self._at == len(self._path):
            self._path.append(0)
            self._widths.append(len(choices))
        # The server may give a lock to another waiter than last time. From there on the tree differs.
        self._widths[self._at] = len(choices)
        chosen = min(self._path[self._at], len(choices) - 1)
        self._at += 1
        return chosen

    def advance(self) -> bool:
        """Go to the next order. Return whether there is one."""
        del self._path[self._at :], self._widths[self._at :]
        while self._path and self._path[-1] + 1 >= self._widths[-1]:
            self._path.pop()
            self._widths.pop()
        self._at = 0
        if not self._path:
            return False
        self._path[-1] += 1
        return True


class DrawnOrder:
    """An order drawn by a seed.

    Half of these orders choose evenly at each turn. The others draw a ranking of the engines, run the first one, and
    draw again at a few turns. That finds faults which need one engine to be far ahead.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._is_even = random.random() < 0.5
        self._ranking: dict[str, float] = {}
        self._changes = {random.randrange(40) for _ in range(random.choice([0, 1, 2, 3]))}
        self._turn = 0

    def choose(self, choices: Sequence[Choice]) -> int:
        if self._is_even:
            return self._random.randrange(len(choices))
        if self._turn in self._changes:
            self._ranking.clear()
        self._turn += 1
        for choice in choices:
            self._ranking.setdefault(choice.who, self._random.random())
        return min(range(len(choices)), key=lambda at: (self._ranking[choices[at].who], at))
