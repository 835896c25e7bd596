"""Ratio: check in a minute that one event still sells far faster in batches than by a transaction per request.

    python -m benchmarks.ratio [--rounds 5] [--seconds 1] [--least 9]

A busy machine gives other rates, so only their ratio is checked, with much room. It is about sixteen, so a change that
halves it is noticed at once. A run below the limit is repeated once.
"""

from __future__ import annotations

import argparse
import sys

import uvloop

from benchmarks.limit import check_limit
from benchmarks.result import Result, median, spread
from benchmarks.store import RATIO, measure

CALLERS = 64
MIN = 9.0


def verdict(measured: Result, least: float) -> tuple[bool, str]:
    """Return whether the ratio is high enough, and the text to print."""
    middle, lowest, highest = spread(measured.bars[RATIO])
    batches, single = (median(row.rounds["per_second"]) for row in measured.rows)
    return middle >= least, (
        f"holds/s: {batches:,.0f} in batches, {single:,.0f} by a transaction per request; "
        f"ratio {middle:.1f} ({lowest:.1f} to {highest:.1f}), at least {least:g}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each of both, in every round")
    parser.add_argument("--least", type=float, default=MIN)
    given = parser.parse_args()

    def measured(url: str) -> tuple[bool, str]:
        selling = measure(url, callers=CALLERS, rounds=given.rounds, seconds=given.seconds)
        return verdict(uvloop.run(selling), given.least)

    return check_limit(
        measured, complaint="One event sells slower than it did, or this machine was too busy to measure it."
    )


if __name__ == "__main__":
    sys.exit(main())
