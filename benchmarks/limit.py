"""Limit: a quick measurement that must not be missed twice."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.server import scratch_database

__all__ = ["check_limit"]

TRIES = 2


def check_limit(measure: Callable[[str], tuple[bool, str]], *, complaint: str) -> int:
    """Measure with a database of its own, and print what came out. Return the exit code.

    A busy machine may miss a limit, so a run that misses it is repeated once.
    """
    for _ in range(TRIES):
        with scratch_database() as url:
            is_kept, text = measure(url)
        print(text, flush=True)
        if is_kept:
            return 0
    print(complaint, file=sys.stderr)
    return 1
