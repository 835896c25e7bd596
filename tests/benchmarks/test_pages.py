"""The table of the pages' budgets: what is over, what fails the run, and where it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.pages.__main__ import BUDGETS, Budget, block_of, is_within, written

ROOT = Path(__file__).parents[2]
TAP = Budget(figure="tap_ms", says="tap", limit=50, unit="ms")


def test_the_median_is_judged() -> None:
    """One bad round of a shared machine fails nothing."""
    assert is_within(TAP, [10, 50, 900])
    assert not is_within(TAP, [10, 51, 52])
    assert is_within(TAP, [10, 60, 61], 1.25)
    assert not is_within(TAP, [10, 63, 64], 1.25)


def test_the_table_shows_what_is_over() -> None:
    block = block_of({"tap_ms": [40, 60, 80], "row_ms": [10]}, "About this run.")
    assert block.startswith("About this run.\n\n| what |")
    assert "| tap to selection shown | ≤ 50 ms | 60 (40–80) | **over** |" in block
    assert "| 10 (10–10) | reached |" in block


def test_the_page_has_one_place_for_the_table() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    assert "Another table" in written(page, "Another table")
    with pytest.raises(ValueError, match="no place"):
        written("# Performance", "Another table")


def test_each_budget_has_a_figure_of_its_own() -> None:
    assert len({budget.figure for budget in BUDGETS}) == len(BUDGETS) == 16
