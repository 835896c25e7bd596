"""Quantiles of measurements, without interpolation."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["quantile"]


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the least value that is at least as large as this share of all. Raises IndexError for no values."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
