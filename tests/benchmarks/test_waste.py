"""Waste: the table of the decision record, for two houses and a few seeds."""

from __future__ import annotations

import pytest
from benchmarks.waste import WAYS, measured


@pytest.mark.parametrize("house", ["horseshoe", "beer hall"])
def test_best_available_splits_no_more_groups_than_any_other_way(house: str) -> None:
    """Break the order of preference (drop the fits from `search.best_block`), and this fails."""
    found = measured(3, iter([house]))
    *others, now = WAYS
    assert found[house, now].split <= min(found[house, way].split for way in others)
    assert found[house, now].split < 0.9 * found[house, others[-1]].split, "than before"
    assert found[house, now].sold > 0.99
