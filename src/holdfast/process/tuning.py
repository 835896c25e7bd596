"""Tuning: what a long-lived process sets once, for all of its requests."""

from __future__ import annotations

import gc

__all__ = ["tune_garbage_collection"]

YOUNG_OBJECTS = 50_000
"""New objects between two looks for cycles. A batch of holds makes some ten thousand, and none of them in cycles."""


def tune_garbage_collection() -> None:
    """After start-up: what was loaded is never looked through again, and young objects are looked at more seldom.

    Reference counting frees nearly everything; looking for cycles at every 700th object, as Python does, cost 4 %.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)
