"""Test the checker on a simulated engine, correct or with one bug: `python -m proof.simulate [--bug NAME | --all]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from proof.checker import Verdict, check
from proof.simulator import BUGS, simulate


def main() -> int:
    """Return 1 if a bug was missed or the correct engine accused, else 0."""
    parser = argparse.ArgumentParser(prog="python -m proof.simulate", description=__doc__)
    parser.add_argument("--operations", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--bug", action="append", choices=sorted(BUGS), default=[], help="bug to plant; repeatable"
    )
    parser.add_argument("--all", action="store_true", help="test the correct engine, then each bug alone")
    parser.add_argument("--keep", type=Path, help="keep the run in this folder")
    given = parser.parse_args()
    wanted: list[list[str]] = [[], *([bug] for bug in BUGS)] if given.all else [given.bug]
    missed = 0
    for bugs in wanted:
        with tempfile.TemporaryDirectory() as scratch:
            folder = given.keep or Path(scratch)
            folder.mkdir(parents=True, exist_ok=True)
            began = time.monotonic()
            simulate(folder, operations=given.operations, seed=given.seed, bugs=bugs)
            made = time.monotonic() - began
            verdict = check(folder)
        is_missed = bool(verdict.violations) != bool(bugs) or (not bugs and not verdict.passed)
        missed += is_missed
        print(_line(bugs, verdict, made, is_missed=is_missed), flush=True)
    return 1 if missed else 0


def _line(bugs: list[str], verdict: Verdict, made: float, *, is_missed: bool) -> str:
    caught = ", ".join(f"{rule}: {count}" for rule, count in sorted(verdict.violation_count.items()))
    text = (
        f"{' + '.join(bugs) or 'no bug':26} {'WRONG  ' if is_missed else ''}{caught or 'nothing found'}"
        f" ({verdict.counts['operations']} operations made in {made:.1f} s, checked in {verdict.seconds:.1f} s)"
    )
    if is_missed:
        text += "".join(f"\n  {each.rule}: {each.detail}" for each in verdict.violations[:5])
        text += "".join(f"\n  missed floor {name}: {pair}" for name, pair in verdict.missed_floors.items())
    return text


if __name__ == "__main__":
    sys.exit(main())
