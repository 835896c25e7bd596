"""Histogram: a million latencies in a few hundred numbers, each exact to three hundredths.

A bucket's width is a 32nd of its power of two, so that a shift finds the bucket's number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["Histogram"]

_BITS = 5
_WIDTH = 1 << _BITS


class Histogram:
    """Durations: stored in microseconds, added and returned in seconds."""

    __slots__ = ("counts", "longest")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.longest = 0

    def add(self, seconds: float) -> None:
        microseconds = int(seconds * 1_000_000)
        self.longest = max(self.longest, microseconds)
        if microseconds < _WIDTH:
            bucket = max(microseconds, 0)
        else:
            shift = microseconds.bit_length() - _BITS - 1
            bucket = (shift << _BITS) + (microseconds >> shift)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    def merge(self, other: Histogram) -> None:
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.longest = max(self.longest, other.longest)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def percentiles(self, *shares: float) -> list[float | None]:
        """Return a duration in seconds for each share: 0.5 is the median. Shares must ascend.

        Each is None if the histogram is empty.
        """
        total = self.total
        if not total:
            return [None] * len(shares)
        found: list[float | None] = []
        seen, last = 0, 0
        buckets = iter(sorted(self.counts.items()))
        for share in shares:
            while seen < max(1, share * total):
                last, count = next(buckets)
                seen += count
            found.append(min(_upper(last), self.longest) / 1_000_000)
        return found

    @property
    def longest_seconds(self) -> float:
        return self.longest / 1_000_000

    def to_json(self) -> list[Any]:
        return [self.longest, list(self.counts), list(self.counts.values())]

    @classmethod
    def from_json(cls, members: list[Any]) -> Histogram:
        found = cls()
        found.longest = members[0]
        found.counts = dict(zip(members[1], members[2], strict=True))
        return found

    @classmethod
    def sum(cls, several: Iterable[Histogram]) -> Histogram:
        found = cls()
        for one in several:
            found.merge(one)
        return found


def _upper(bucket: int) -> int:
    """Return the largest duration of the bucket, in microseconds."""
    if bucket < _WIDTH:
        return bucket
    shift = (bucket >> _BITS) - 1
    return ((bucket - (shift << _BITS) + 1) << shift) - 1
