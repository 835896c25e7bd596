"""Interleavings from the command line.

    PYTHONPATH=tests python -m scenarios.interleavings --schedules 5000 --seed 1 --out DIR

The exit status is 1 where anything is wrong. `--controls N` also plays N schedules with each broken copy of the
product, all of which must be caught.
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
    parser.add_argument("--out", type=Path, help="where interleavings.json goes")
    parser.add_argument(
        "--controls", type=int, default=0, help="schedules for each broken copy of the product"
    )
    parser.add_argument(
        "--again", type=_place, metavar="KIND:AT", help="only that schedule of the seed's, so often"
    )
    parser.add_argument("--enough", type=int, default=20, help="violations after which it ends")
    asked = parser.parse_args()
    # What the engine says of connections that were lost on purpose.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"interleavings: seed {asked.seed}, {asked.schedules} schedules", flush=True)
    began = time.monotonic()
    databases = TestDatabases()
    databases.start()
    try:
        played = uvloop.run(
            runs.run(
                databases.create,
                schedules=asked.schedules,
                seed=asked.seed,
                again=asked.again,
                enough=asked.enough,
                finished=_tell,
            )
        )
    finally:
        databases.stop()
    seconds = time.monotonic() - began
    controls = (
        [try_control(control, schedules=asked.controls, seed=asked.seed) for control in CONTROLS]
        if asked.controls
        else []
    )
    found = evidence.evidence(
        played, schedules=0 if asked.again else asked.schedules, seconds=seconds, controls=controls
    )
    text = json.dumps(found, indent=1)
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / f"{evidence.PART}.json").write_text(text)
    for violation in found["violations"]:
        print(f"{violation['rule']}: {violation['detail']}", *violation["lines"], sep="\n  ")
    kept = {name: found[name] for name in ("tried", "coverage", "figures", "controls", "notes", "passed")}
    print(json.dumps(kept, indent=1))
    return 0 if found["passed"] else 1


def _place(text: str) -> tuple[str, int]:
    kind, _, at = text.partition(":")
    return kind, int(at)


def _tell(schedules: int) -> None:
    if schedules % 500 == 0:
        print(f"interleavings: {schedules} schedules", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
