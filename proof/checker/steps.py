"""Steps: a quantity that changes over time, with its extremes in a window; and intervals that may meet a window."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

__all__ = ["Highest", "Intervals", "Lowest"]

BLOCK = 64
"""Steps that share one extreme, so that a long window costs no more than a short one."""


class _Steps:
    __slots__ = ("_blocks", "_times", "_values")

    def __init__(self, ordered: list[tuple[int, int]], *, highest: bool) -> None:
        self._times = [time for time, _ in ordered]
        self._values = list(accumulate(change for _, change in ordered))
        extreme = max if highest else min
        self._blocks = [extreme(self._values[at : at + BLOCK]) for at in range(0, len(self._values), BLOCK)]

    def _window(self, start: int, end: int) -> Iterable[int]:
        """Yield the value before the window, and enough values within it to find the extreme."""
        first, last = bisect_left(self._times, start), bisect_right(self._times, end)
        yield self._values[first - 1] if first else 0
        head, tail = -(-first // BLOCK), last // BLOCK
        if head >= tail:
            yield from self._values[first:last]
            return
        yield from self._values[first : head * BLOCK]
        yield from self._blocks[head:tail]
        yield from self._values[tail * BLOCK : last]


class Highest(_Steps):
    """The maximum of a quantity, from (moment, change). Rises come before falls of the same moment."""

    def __init__(self, changes: Iterable[tuple[int, int]]) -> None:
        super().__init__(sorted(changes, key=lambda step: (step[0], -step[1])), highest=True)

    def within(self, start: int, end: int) -> int:
        return max(self._window(start, end))


class Lowest(_Steps):
    """The minimum; falls come before rises of the same moment."""

    def __init__(self, changes: Iterable[tuple[int, int]]) -> None:
        super().__init__(sorted(changes), highest=False)

    def within(self, start: int, end: int) -> int:
        return min(self._window(start, end))


class Intervals:
    """Closed intervals, which can be tested against a window."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, intervals: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(intervals)
        self._starts = [start for start, _ in ordered]
        self._ends = list(accumulate((end for _, end in ordered), max))

    def meet(self, start: int, end: int) -> bool:
        last = bisect_right(self._starts, end)
        return last > 0 and self._ends[last - 1] >= start
