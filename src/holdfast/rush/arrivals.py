"""Arrivals: when each buyer comes, drawn before the first one does.

A load that waits for answers before it asks again offers less the slower the server gets, and then measures how it
waited. Here the moments are fixed beforehand, and every latency counts from them.
"""

from __future__ import annotations

from array import array
from math import exp, log, log1p, sqrt
from random import Random

from holdfast.rush.plan import Arrival

__all__ = ["draw_arrivals"]

_DECAY = log(2) / 0.1
"""Of a spike: half of what is still to come comes in each tenth of the time."""


def draw_arrivals(chance: Random, kind: Arrival, *, buyers: int, over_seconds: float) -> array[float]:
    """Seconds from the opening, in order."""
    match kind:
        case Arrival.SPIKE:
            whole = 1 - exp(-_DECAY)
            drawn = (-log1p(-chance.random() * whole) / _DECAY for _ in range(buyers))
        case Arrival.POISSON:
            drawn = (chance.random() for _ in range(buyers))
        case Arrival.RAMP:
            drawn = (sqrt(chance.random()) for _ in range(buyers))
    return array("d", sorted(moment * over_seconds for moment in drawn))
