"""Over HTTP: requests of buyers for one hot event and for many, over few and many connections, beside the floors.

    python -m benchmarks.over_http [--rounds 5] [--seconds 2] [--levels 1,16,64,256,1024] [--workers 1] --out FOLDER

With one worker, Holdfast takes turns with a bare echo of its own answers, and with the two usual ways to write it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from benchmarks import programs
from benchmarks.cases import BEST, BROWSERS, CASES, HOLDS, KEYED_CASES, READS, SEATS, Case
from benchmarks.part import Arguments, run_part
from benchmarks.programs import Program
from benchmarks.result import Result
from benchmarks.server import scratch_database
from benchmarks.turns import Turn, Turns

LEVELS = (1, 16, 64, 256, 1024)
HOT = 256
"""The number of connections for the ratios."""
MANY = 1_000
"""The number of events in "many events"."""

BASELINES = ("for_update", "conditional_update")
ECHOED = (HOLDS, BROWSERS, SEATS, BEST, READS)

Place = dict[str, int | str]


def measure(
    database_url: str, *, rounds: int, seconds: float, levels: Sequence[int], workers: int, many: int = MANY
) -> Result:
    """Measure all levels. Without HOT among them, the bars are left out."""
    result = Result(part="over-http" if workers == 1 else f"over-http-{workers}-workers")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(programs.holdfast(database_url, workers=workers))
        bench = Turns(database_url, server, result, rounds, seconds)
        turns = list(_of_holdfast(bench, levels, {"workers": workers}, many))
        turns += _of_floors(bench, levels, stack)
        if workers == 1:
            turns += _of_baselines(bench, levels, stack)
        turns.sort(
            key=lambda turn: turn.connections
        )  # all turns of a comparison run within the same half minute
        bench.run(turns)
        bench.check()
    if workers == 1 and HOT in levels:
        _judge(result, many)
    return result


def _of_holdfast(bench: Turns, levels: Sequence[int], place: Place, many: int) -> Iterator[Turn]:
    port = bench.holdfast.port
    for case in (*CASES, *KEYED_CASES):
        one = case.make(port)
        bench.sample(case, one)
        for level in _hot(levels) if case in KEYED_CASES else levels:
            row = bench.result.row(case.name, connections=level, events=1, **place)
            yield Turn(row, bench.holdfast, case, level, one)
    groups: dict[int, int] = {}  # counted cases share their events; each seat is sold once
    for case in CASES:
        kind = CASES.index(case) if case.seats else -1
        if kind not in groups:
            groups[kind] = case.make(port, many)
        first = groups[kind]
        for level in levels if case is HOLDS else _hot(levels):
            row = bench.result.row(case.name, connections=level, events=many, **place)
            yield Turn(row, bench.holdfast, case, level, first, many)


def _hot(levels: Sequence[int]) -> list[int]:
    return [level for level in levels if level == HOT]


def _of_floors(bench: Turns, levels: Sequence[int], stack: contextlib.ExitStack) -> Iterator[Turn]:
    """Return the turns of the echo: holds at every level, other cases only at HOT."""
    for case in ECHOED:
        event = case.make(bench.holdfast.port)
        answer = bench.sample(case, event)
        program = stack.enter_context(programs.echo(answer))
        for level in levels if case is HOLDS else _hot(levels):
            yield _floor(bench, f"echo of {case.name}", program, case, level)
        if case is HOLDS and HOT in levels:
            own = stack.enter_context(programs.echo(answer, protocol="holdfast"))
            yield _floor(bench, "echo on Holdfast's protocol", own, case, HOT)


def _floor(bench: Turns, of: str, program: Program, case: Case, level: int) -> Turn:
    return Turn(bench.result.row(of, connections=level), program, case, level)


def _of_baselines(bench: Turns, levels: Sequence[int], stack: contextlib.ExitStack) -> Iterator[Turn]:
    for name in BASELINES:
        program = stack.enter_context(programs.baseline(name, bench.database_url))
        for level in levels:
            yield Turn(bench.result.row(name, connections=level), program, HOLDS, level)


def _judge(result: Result, many: int) -> None:
    def own(case: str, events: int = 1) -> list[float]:
        return result.row(case, connections=HOT, events=events, workers=1).rounds["per_second"]

    def floor(of: str) -> list[float]:
        return result.row(of, connections=HOT).rounds["per_second"]

    echo, holds = floor("echo of holds"), own("holds")
    result.judge("holds_over_echo", holds, echo)
    result.judge("keyed_over_echo", own("keyed"), echo)
    result.judge("browsers_over_echo", own("browsers"), floor("echo of browsers"))
    for name in BASELINES:
        result.judge(f"holds_over_{name}", holds, floor(name))
    result.judge("pairs_over_echo", own("pairs"), echo)
    result.judge("pairs_over_holds", own("pairs"), holds)
    for name in ("seats", "best"):
        result.judge(f"{name}_over_echo", own(name), floor(f"echo of {name}"))
        result.judge(f"{name}_over_holds", own(name), holds)
    result.judge("many_events_over_one", own("holds", many), holds)
    result.judge("reads_over_echo", own("reads"), floor("echo of reads"))
    result.judge("many_reads_over_one", own("reads", many), own("reads"))


def main() -> int:
    def run(arguments: Arguments) -> Result:
        levels = [int(level) for level in arguments.options.levels.split(",")]
        with scratch_database() as url:
            return measure(
                url,
                rounds=arguments.rounds,
                seconds=arguments.seconds,
                levels=levels,
                workers=arguments.options.workers,
                many=arguments.options.many,
            )

    return run_part(
        __doc__,
        run,
        rounds=5,
        seconds=2.0,
        needs_wrk=True,
        levels=(str, ",".join(map(str, LEVELS)), "connections"),
        workers=(int, 1, "worker processes"),
        many=(int, MANY, "events of many events"),
    )


if __name__ == "__main__":
    raise SystemExit(main())
