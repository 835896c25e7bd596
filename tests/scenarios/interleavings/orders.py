"""Orders: who is next. All orders of a small scene one after the other, or as many of a larger one as a seed draws."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from scenarios.interleavings.floor import Choice


class EveryOrder:
    """Walks the tree of choices, depth first: each schedule differs from all before it. `choose` for one schedule, then
    `go_on`."""

    def __init__(self) -> None:
        self._path: list[int] = []
        self._widths: list[int] = []
        self._at = 0

    def choose(self, choices: Sequence[Choice]) -> int:
        if self._at == len(self._path):
            self._path.append(0)
            self._widths.append(len(choices))
        # Where the server gave a lock to another than the last time, the tree is another one from there on.
        self._widths[self._at] = len(choices)
        chosen = min(self._path[self._at], len(choices) - 1)
        self._at += 1
        return chosen

    def go_on(self) -> bool:
        """Whether there is an order that has not been tried."""
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
    """Drawn by a seed: half of them choose evenly at each turn; half have whoever comes first in a drawn ranking go on,
    and change that ranking at a few drawn turns, which reaches what needs one to be far ahead."""

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
