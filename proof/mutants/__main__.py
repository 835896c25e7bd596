"""Run planted bugs: `python -m proof.mutants [--only NAME …] [--count N] [--seed N] --out DIR`, or `--renew`
the patches."""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import tempfile
import time
from pathlib import Path

from proof.machine import DEPLOYMENTS
from proof.mutants.patches import PatchError, apply, copy_source, patch_of, patches, renewed
from proof.mutants.runner import Runner, chosen, result_of
from proof.mutants.table import MUTANTS

_ENDS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    given = _parser().parse_args()
    if given.renew:
        return _renew()
    if given.list:
        for mutant in MUTANTS:
            print(f"{mutant.name:36} {mutant.part.name:36} {' or '.join(mutant.accepted)}\n    {mutant.bug}")
        return 0
    try:
        mutants = chosen(given.only or (), given.count, given.seed)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    print(f"seed {given.seed}, {len(mutants)} of {len(MUTANTS)} mutants", flush=True)
    given.out.mkdir(parents=True, exist_ok=True)
    for number in _ENDS:
        signal.signal(number, _interrupt)
    began = time.monotonic()
    runner = Runner(given.seed, keep=given.out if given.keep else None)
    try:
        verdicts = runner.run(mutants, lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
        return 130
    result = result_of(verdicts, given.seed, time.monotonic() - began)
    path = result.write(given.out)
    for one in result.controls:
        if one["caught_by"] is None:
            print(f"MISSED {one['name']} {one['also']}: {one['detail'] or one['bug']}")
    for violation in result.violations:
        print(f"{violation['rule']}: {violation['event']}: {violation['detail']}")
    print(f"{'All were caught' if result.passed else 'The part failed'}: {path}", flush=True)
    return 0 if result.passed else 1


def _interrupt(*_: object) -> None:
    """Raise once: a second signal must not interrupt the cleanup."""
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _renew() -> int:
    """Give patches that apply the current line numbers and context; report the others."""
    lost = 0
    for patch in patches():
        with tempfile.TemporaryDirectory(dir=DEPLOYMENTS) as folder:
            copy_source(Path(folder))
            try:
                apply(patch, Path(folder))
            except PatchError as error:
                print(error, file=sys.stderr)
                lost += 1
                continue
            text = renewed(patch, Path(folder))
        if text != patch_of(patch.stem).read_text():
            patch.write_text(text)
            print(f"renewed {patch.name}")
    return 1 if lost else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m proof.mutants", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="mutants by name or number")
    parser.add_argument("--count", type=int, help="number of mutants, drawn by the seed")
    parser.add_argument("--seed", type=int, default=secrets.randbits(31))
    parser.add_argument(
        "--out", type=Path, default=Path("evidence/work/mutants"), help="folder of the result"
    )
    parser.add_argument("--keep", action="store_true", help="keep the logs there too")
    parser.add_argument("--list", action="store_true", help="list the mutants and exit")
    parser.add_argument("--renew", action="store_true", help="give the patches the current line numbers")
    return parser


if __name__ == "__main__":
    sys.exit(main())
