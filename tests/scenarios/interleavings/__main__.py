"""Interleavings from the command line.

    PYTHONPATH=tests python -m scenarios.interleavings --schedules 5000 --seed 1 --out DIR

The exit status is 1 if the run found a violation. `--controls N` also plays N schedules against each broken copy of
the product. The run must catch all of these copies.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from pathlib import Path

import structlog
import uvloop

from scenarios.interleavings import evidence, runs
from scenarios.interleavings.controls import CONTROLS, try_control
from support.postgres import TestDatabases


def main() -> int:
    parser = argparse.ArgumentParser(prog="interleavings")
    parser.add_argument("--schedules", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for interleavings.json")
    parser.add_argument(
        "--controls", type=int, default=0, help="schedules for each broken copy of the product"
    )
    parser.add_argument(
        "--again",
        type=_schedule,
        metavar="KIND:AT",
        help="play only this schedule of the seed, --schedules times",
    )
    parser.add_argument("--enough", type=int, default=20, help="stop after this number of violations")
    arguments = parser.parse_args()
    # The tests break connections on purpose: hide what the engine logs about them.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"interleavings: seed {arguments.seed}, {arguments.schedules} schedules", flush=True)
    began = time.monotonic()
    databases = TestDatabases()
    databases.start()
    try:
        played = uvloop.run(
            runs.run(
                databases.create,
                schedules=arguments.schedules,
                seed=arguments.seed,
                again=arguments.again,
                enough=arguments.enough,
                finished=_show_progress,
            )
        )
    finally:
        databases.stop()
    seconds = time.monotonic() - began
    controls = (
        [try_control(control, schedules=arguments.controls, seed=arguments.seed) for control in CONTROLS]
        if arguments.controls
        else []
    )
    found = evidence.evidence(
        played, schedules=0 if arguments.again else arguments.schedules, seconds=seconds, controls=controls
    )
    text = json.dumps(found, indent=1)
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / f"{evidence.PART}.json").write_text(text)
    for violation in found["violations"]:
        print(f"{violation['rule']}: {violation['detail']}", *violation["lines"], sep="\n  ")
    summary = {name: found[name] for name in ("tried", "coverage", "figures", "controls", "notes", "passed")}
    print(json.dumps(summary, indent=1))
    return 0 if found["passed"] else 1


def _schedule(text: str) -> tuple[str, int]:
    kind, _, at = text.partition(":")
    return kind, int(at)


def _show_progress(schedules: int) -> None:
    if schedules % 500 == 0:
        print(f"interleavings: {schedules} schedules", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
