"""Scalpers for seconds: attackers never hold more than their caps, on a real server with two workers."""

from __future__ import annotations

import pytest
from benchmarks.scalpers import CAP, attack


@pytest.mark.slow
def test_attackers_never_hold_more_than_their_caps(database_url: str) -> None:
    """The rate alone would let them hold 400 of these seats, since each may place five holds at once."""
    found = attack(database_url, attackers=12, seconds=5.0, seats=1_000, workers=2)
    assert found.looks > 3
    assert found.statuses[429] > found.statuses[201] > 12
    assert 12 * CAP // 4 < found.max_held <= 12 * CAP
    assert found.burst_passed >= 5
    assert found.is_within, found
