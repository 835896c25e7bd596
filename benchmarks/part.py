"""Part: the common code of the programs of `make bench`: their options, and the file with their result."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import closed_loop, open_loop
from benchmarks.result import Result, spread

__all__ = ["Arguments", "run_part"]


@dataclass(frozen=True, slots=True)
class Arguments:
    rounds: int
    seconds: float
    options: argparse.Namespace
    """The options of this part."""


def run_part(
    says: str | None,
    measure: Callable[[Arguments], Result],
    *,
    rounds: int,
    seconds: float,
    needs_wrk: bool = False,
    needs_compiler: bool = False,
    **options: tuple[Callable[[str], Any], Any, str],
) -> int:
    """Parse the options, measure, print a summary, and return the exit code.

    `options`: the parser, default and help of each option, by name. With `--out`, the result also goes into a file.
    """
    parser = argparse.ArgumentParser(
        description=says, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--rounds", type=int, default=rounds, help="number of rounds")
    parser.add_argument("--seconds", type=float, default=seconds, help="seconds of each measurement")
    parser.add_argument("--out", type=Path, help="folder for the result")
    for name, (read, default, what) in options.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=read, default=default, help=what)
    given = parser.parse_args()
    if needs_wrk and not closed_loop.is_there():
        print(closed_loop.INSTALL, file=sys.stderr)
        return 1
    if needs_compiler and not open_loop.is_there():
        print(open_loop.INSTALL, file=sys.stderr)
        return 1
    began = time.monotonic()
    result = measure(Arguments(given.rounds, given.seconds, given))
    result.seconds = round(time.monotonic() - began, 1)
    result.settings |= {"rounds": given.rounds, "seconds": given.seconds}
    result.settings |= {name: getattr(given, name) for name in options}
    if given.out is not None:
        result.write(given.out)
    _print(result)
    return 0


def _print(result: Result) -> None:
    for row in result.rows:
        at = " ".join(f"{name}={value}" for name, value in row.at.items())
        figures = "  ".join(f"{name} {_spread(values)}" for name, values in row.rounds.items())
        print(f"{row.of} [{at}]  {figures}")
    for bar, values in result.bars.items():
        print(f"{bar}: {_spread(values)}")
    rest = {
        name: value
        for name, value in asdict(result).items()
        if name not in ("rows", "bars") and value not in (None, [], {})
    }
    print(json.dumps(rest, indent=1))


def _spread(values: list[float]) -> str:
    middle, least, most = spread(values)
    return f"{middle:.4g} ({least:.4g} to {most:.4g})"
