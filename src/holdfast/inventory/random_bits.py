"""Random bits: unpredictable numbers, many from one call to the operating system."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from struct import iter_unpack

__all__ = ["random_numbers"]

_AT_ONCE = 512


def random_numbers(random_bytes: Callable[[int], bytes] = os.urandom) -> Iterator[int]:
    """Yield unpredictable integers of 64 bits. A call to the system for each costs 2 µs, ten times as much."""
    while True:
        for (number,) in iter_unpack("Q", random_bytes(8 * _AT_ONCE)):
            yield number
