"""Tuning: settings that a long-lived process makes once for all its requests."""

from __future__ import annotations

import gc

__all__ = ["tune_garbage_collection"]

YOUNG_OBJECTS = 50_000
"""New objects between two searches for cycles. A batch of holds makes about ten thousand, and no cycles."""


def tune_garbage_collection() -> None:
    """Call once after start-up. Excludes all loaded objects from garbage collection, and runs it less often.

    Reference counting frees nearly everything. Python's default, a search for each 700 new objects, cost 4 %.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)
