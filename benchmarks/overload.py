"""Overload: a server with a low peak gets five times that load. How much does it sell, and how fast does it refuse?

    python -m benchmarks.overload [--rounds 5] [--seconds 10] [--out FOLDER]

It repeats the trial of the proof (`proof.overload`), whose checker checks the sales.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.part import Arguments, run_part
from benchmarks.result import Result
from proof import overload

FIGURES = {
    "per_second": "overload_goodput_per_second",
    "peak_per_second": "overload_peak_per_second",
    "offered_per_second": "overload_offered_per_second",
    "success_p99_seconds": "overload_success_p99_seconds",
    "refusal_p50_seconds": "overload_refusal_p50_seconds",
    "refusal_p99_seconds": "overload_refusal_p99_seconds",
    "lag_p99_seconds": "overload_arrival_lag_p99_seconds",
}


def measure(*, rounds: int, seconds: float) -> Result:
    result = Result(part="overload")
    row = result.row("goodput")
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="holdfast-benchmark-", dir="/var/tmp") as folder:
            tried = overload.run(seed=number + 1, seconds=seconds, out=Path(folder))
        figures = {name: value for name, value in tried.figures.items() if isinstance(value, int | float)}
        row.add(**{name: float(figures[source]) for name, source in FIGURES.items()})
        for one in tried.violations:
            if one["rule"] != "overload":  # the bars replace its own violations
                rule = f"round {number + 1}: {one['rule']}"
                result.unexpected[rule] = result.unexpected.get(rule, 0) + 1
        print(f"round {number + 1}/{rounds}", flush=True)
    result.judge("overload_goodput_over_peak", row.rounds["per_second"], row.rounds["peak_per_second"])
    result.bars["overload_refusal_seconds"] = row.rounds["refusal_p99_seconds"]
    return result


def main() -> int:
    def run(arguments: Arguments) -> Result:
        return measure(rounds=arguments.rounds, seconds=arguments.seconds)

    return run_part(__doc__, run, rounds=5, seconds=10.0)


if __name__ == "__main__":
    raise SystemExit(main())
