"""CPU: check in half a minute how much processor time a hold takes, compared with the bare echo of its answer.

    python -m benchmarks.cpu [--rounds 3] [--seconds 2] [--most 2.5]

Rates depend on what else the machine does, and processor time far less. So a slip on a hold's way is noticed on the day
it happens. Both servers take turns, and one round has one ratio. A run above the limit is repeated once.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import closed_loop
from benchmarks.cases import HOLDS
from benchmarks.limit import check_limit
from benchmarks.programs import Program, cpu_seconds, echo, holdfast
from benchmarks.result import median, spread
from benchmarks.wire import ask

CONNECTIONS = 256
MAX = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Microseconds of the server's processor time for each answer."""

    hold: float
    echo: float


def verdict(rounds: Sequence[Round], most: float) -> tuple[bool, str]:
    """Return whether a hold is cheap enough, and the text to print."""
    middle, lowest, highest = spread([one.hold / one.echo for one in rounds])
    holds, echoes = (median([getattr(one, name) for one in rounds]) for name in ("hold", "echo"))
    return middle <= most, (
        f"processor time: {holds:.0f} µs a hold, {echoes:.0f} µs an echo; "
        f"ratio {middle:.2f} ({lowest:.2f} to {highest:.2f}), at most {most:g}"
    )


def measure(database_url: str, *, rounds: int, seconds: float) -> list[Round]:
    with holdfast(database_url) as server:
        event = HOLDS.make(server.port)
        answer = ask(server.port, HOLDS.method, HOLDS.path, json.loads(HOLDS.body_for(event) or "null"))
        with echo(answer) as floor:
            for program in (server, floor):
                _microseconds(program, event, seconds)  # the first seconds are not measured
            return [_round(number, server, floor, event, seconds) for number in range(rounds)]


def _round(number: int, server: Program, floor: Program, event: int, seconds: float) -> Round:
    """Measure both. Every other round has the other order."""
    if number % 2:
        floor_used = _microseconds(floor, event, seconds)
        return Round(hold=_microseconds(server, event, seconds), echo=floor_used)
    return Round(hold=_microseconds(server, event, seconds), echo=_microseconds(floor, event, seconds))


def _microseconds(program: Program, event: int, seconds: float) -> float:
    """Return the processor time of one answer. Raises RuntimeError if an answer is no success."""
    before = cpu_seconds(program.pids)
    load = closed_loop.run(
        HOLDS.script, program.url, *HOLDS.arguments(event, 1), connections=CONNECTIONS, seconds=seconds
    )
    if load.unexpected:
        raise RuntimeError(f"{program.name}: {load.unexpected} answers were no success")
    return (cpu_seconds(program.pids) - before) / load.succeeded * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each of both, in every round")
    parser.add_argument("--most", type=float, default=MAX)
    given = parser.parse_args()
    if not closed_loop.is_there():
        print(closed_loop.INSTALL, file=sys.stderr)
        return 1
    return check_limit(
        lambda url: verdict(measure(url, rounds=given.rounds, seconds=given.seconds), given.most),
        complaint="A hold takes more processor time than it did.",
    )


if __name__ == "__main__":
    sys.exit(main())
