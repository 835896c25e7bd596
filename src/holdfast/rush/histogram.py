"""Histogram: a million latencies in a few hundred numbers, each known to three hundredths.

Buckets are as wide as a 32nd of the power of two that they lie in, so that a bucket's number is found by shifting.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["Histogram"]

_BITS = 5
_WIDTH = 1 << _BITS


class Histogram:
    """Of durations, in microseconds inside and in seconds outside."""

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
        """In seconds, of shares in rising order: 0.5 is the median. None for each where nothing was added."""
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
    """The largest duration that falls into it."""
    if bucket < _WIDTH:
        return bucket
    shift = (bucket >> _BITS) - 1
    return ((bucket - (shift << _BITS) + 1) << shift) - 1
