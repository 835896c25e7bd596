"""Send mutations of valid traffic to a real server for some seconds: `python -m proof.fuzz`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from proof.fuzz.run import run
from proof.machine import Source


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, help="default: derived from the commit")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--first", type=int, default=0, help="number of the first script, to repeat one")
    parser.add_argument("--finds", type=int, default=3, help="stop after this many broken rules")
    parser.add_argument("--source", type=Path, help="folder with another `holdfast`")
    parser.add_argument("--out", type=Path, help="folder of the result and of the finds; default: a new one")
    given = parser.parse_args()
    seed = Source.now().seed if given.seed is None else given.seed
    out = given.out or Path(tempfile.mkdtemp(prefix="holdfast-fuzz-"))
    print(f"seed {seed}", flush=True)
    result = run(
        seed=seed,
        seconds=given.seconds,
        out=out,
        first=given.first,
        max_finds=given.finds,
        source=given.source,
    )
    result.write(out)
    for note in result.notes:
        print(note, flush=True)
    for one in result.violations:
        print(f"{one['rule']}: {one['detail']}", flush=True)
    print(json.dumps({**result.tried, **result.figures}), flush=True)
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
