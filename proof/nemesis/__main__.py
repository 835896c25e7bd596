"""Inject faults, with the prober as the only client.

python -m proof.nemesis --faults kill-app,kill-postgres --count 5 --seed 1
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from proof.nemesis import FAULTS, Nemesis
from proof.system import Deployment


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.nemesis", description=__doc__)
    parser.add_argument("--faults", default=",".join(FAULTS), help="names, separated by commas; default: all")
    parser.add_argument("--list", action="store_true", help="list the faults and exit")
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--setup", choices=("external", "embedded"), default="external")
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--clocks", action="store_true")
    parser.add_argument("--short", action="store_true", help="use the durations of a short run")
    parser.add_argument("--storm", action="store_true", help="inject up to three faults at once")
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    if given.list:
        for name, fault in FAULTS.items():
            print(f"{name:24} {' '.join((fault.__doc__ or '').split())}")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    faults = [FAULTS[name] for name in given.faults.split(",")]
    print(f"seed {given.seed}")
    with (
        Deployment(
            given.setup,
            servers=given.servers,
            workers=given.workers,
            seed=given.seed,
            clocks=given.clocks,
        ) as deployment,
        Nemesis(
            deployment, faults, seed=given.seed, log=given.log, short=given.short, storm=given.storm
        ) as nemesis,
    ):
        nemesis.start(count=given.count)
        while not nemesis.wait(1.0):
            pass
    for name, seconds in nemesis.figures().items():
        print(f"{name:40} {seconds}")
    print("answers", dict(nemesis.prober.answers))
    for violation in nemesis.violations:
        print("VIOLATION", json.dumps(violation))
    return 1 if nemesis.violations else 0


if __name__ == "__main__":
    sys.exit(main())
