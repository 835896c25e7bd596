"""The checker on a simulated engine: a correct one is never accused, and every enabled bug is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof.checker import check
from proof.simulator import BUGS, simulate

OPERATIONS = 4_000
NOT_SIMULATED = {
    *("holds_of_whole_tables", "holds_with_a_wheelchair_place"),
    *("bookings_exchanged", "bookings_reduced", "refused_exchanges"),
    *("holds_through_pages", "bookings_through_pages"),
}
"""Situations of seat maps with flags, and of pages, which only real runs have."""


@pytest.mark.parametrize("seed", [1, 2])
def test_a_correct_engine_is_not_accused(seed: int, tmp_path: Path) -> None:
    """Its clients also reach every required situation that the simulator has."""
    simulate(tmp_path, operations=OPERATIONS, seed=seed)
    verdict = check(tmp_path)
    assert [(each.rule, each.detail) for each in verdict.violations] == []
    assert verdict.missed_floors.keys() <= NOT_SIMULATED


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_an_enabled_bug_is_caught(bug: str, tmp_path: Path) -> None:
    simulate(tmp_path, operations=OPERATIONS, seed=1, bugs=[bug])
    assert check(tmp_path).violations


def test_a_run_repeats_with_its_seed(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        simulate(tmp_path / name, operations=500, seed=5)
    for file in ("client-1.jsonl", "dump.json", "setup.jsonl"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()
