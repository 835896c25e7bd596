"""Arrivals: draw the time of each buyer's arrival before the rush begins.

A load that waits for answers offers less when the server is slow, and so hides the slowness. Here the times are fixed
beforehand, and every latency counts from them.
"""

from __future__ import annotations

from array import array
from math import exp, log, log1p, sqrt
from random import Random

from holdfast.rush.plan import Arrival

__all__ = ["draw_arrivals"]

_DECAY = log(2) / 0.1
"""Decay of a spike: half of the remaining buyers arrive in each tenth of the time."""


def draw_arrivals(chance: Random, kind: Arrival, *, buyers: int, over_seconds: float) -> array[float]:
    """Return the arrival times in seconds after the opening, in ascending order."""
    match kind:
        case Arrival.SPIKE:
            total = 1 - exp(-_DECAY)
            drawn = (-log1p(-chance.random() * total) / _DECAY for _ in range(buyers))
        case Arrival.POISSON:
            drawn = (chance.random() for _ in range(buyers))
        case Arrival.RAMP:
            drawn = (sqrt(chance.random()) for _ in range(buyers))
    return array("d", sorted(moment * over_seconds for moment in drawn))
