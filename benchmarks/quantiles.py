"""Quantiles of what was measured, without drawing anything between two measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["quantile"]


def quantile(ordered: Sequence[float], share: float) -> float:
    """The least value that so much of all is not above. Raises IndexError where there is none."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
