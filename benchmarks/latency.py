"""Latency by an open loop: a hold at half of the peak rate, and other events' holds while one event is rushed.

    python -m benchmarks.latency [--rounds 5] [--seconds 5] [--events 1000] [--out FOLDER]

In each round: what the disk allows (one row and its commit, alone); the peak of one hot event and of holds spread
evenly over many, by closed loops; then buyers who come at random at half of the hot peak. For the others, the load is
three fifths of what the server can do when it is spread, so that neither side is overloaded, which would say nothing:
half of the peak for one event and a tenth for all others, against the same load spread evenly. A third load gives the
one event half of its own, higher, peak.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import closed_loop, programs
from benchmarks.cases import HOLDS
from benchmarks.commits import commits
from benchmarks.open_loop import Responses, arrivals, come, request_bytes
from benchmarks.part import Asked, run_part
from benchmarks.result import Result
from benchmarks.server import scratch_database
from benchmarks.wire import ask

ALLOWED_MS = 15.0
ALLOWED_COMMITS = 5.0
HALF = 0.5
OTHERS = 0.1
_PEAK_CONNECTIONS = 256
_PEAK_SECONDS = 2.0

Draw = Callable[[random.Random], tuple[bytes, str]]


@dataclass(slots=True)
class Latency:
    port: int
    url: str
    result: Result
    hot: int
    first: int
    events: int
    """One hot event, and others numbered from `first`."""

    def round(self, number: int, database_url: str, seconds: float) -> None:
        row = self.result.row
        disk = commits(database_url, 1.0)
        row("insert; commit", connections=1).add(**disk)
        hot_peak, even_peak = self.peak(self.hot, 1), self.peak(self.first, self.events)
        row("peak of one event").add(per_second=hot_peak)
        row("peak of many events").add(per_second=even_peak)
        half = self._come(number, HALF * hot_peak, seconds, self._one)
        row("hold at half of the peak").add(per_second=HALF * hot_peak, **half.figures("hot"))
        allowed = max(ALLOWED_MS, ALLOWED_COMMITS * disk["p99_ms"])
        self._say("p99_at_half_over_allowed", half.figures("hot")["p99_ms"] / allowed)
        loads = {
            "spread evenly": ((HALF + OTHERS) * even_peak, self._even),
            "one event has half of the peak": ((HALF + OTHERS) * even_peak, self._rushed(HALF, OTHERS)),
            "one event has half of its own peak": (
                HALF * hot_peak + OTHERS * even_peak,
                self._rushed(HALF * hot_peak, OTHERS * even_peak),
            ),
        }
        others = {}
        for name in loads if number % 2 == 0 else reversed(loads):
            per_second, draw = loads[name]
            told = self._come(number, per_second, seconds, draw)
            others[name] = told.figures("others")
            row("others' holds", load=name).add(per_second=per_second, **others[name])
        rushed, even = others["one event has half of the peak"], others["spread evenly"]
        self._say("others_p99_over_even", rushed["p99_ms"] / even["p99_ms"])

    def peak(self, first: int, events: int) -> float:
        arguments = HOLDS.arguments(first, events)
        load = closed_loop.run(
            HOLDS.script,
            self.url + "/",
            *arguments,
            connections=_PEAK_CONNECTIONS,
            seconds=_PEAK_SECONDS,
        )
        return load.per_second

    def _come(self, number: int, per_second: float, seconds: float, draw: Draw) -> Responses:
        told = come(self.port, arrivals(per_second, seconds, draw, seed=number))
        if told.unexpected:
            statuses = {str(status): count for status, count in told.statuses.items()}
            said = f"round {number + 1}, {per_second:.0f}/s: {statuses}, {told.unanswered} unanswered"
            self.result.unexpected[said] = told.unexpected
        return told

    def _hold(self, event: int) -> bytes:
        return request_bytes(self.port, HOLDS.method, HOLDS.path_for(event), HOLDS.body_for(event))

    def _one(self, _: random.Random) -> tuple[bytes, str]:
        return self._hold(self.hot), "hot"

    def _even(self, chance: random.Random) -> tuple[bytes, str]:
        return self._hold(self.first + chance.randrange(self.events)), "others"

    def _rushed(self, hot: float, others: float) -> Draw:
        """So much for the one event, and so much for all others together."""

        def draw(chance: random.Random) -> tuple[bytes, str]:
            rushed = chance.random() < hot / (hot + others)
            return self._one(chance) if rushed else self._even(chance)

        return draw

    def _say(self, bar: str, value: float) -> None:
        self.result.bars.setdefault(bar, []).append(value)


def measure(database_url: str, *, rounds: int, seconds: float, events: int) -> Result:
    result = Result(part="latency")
    with programs.holdfast(database_url) as server:
        hot, first = HOLDS.make(server.port), HOLDS.make(server.port, events)
        for event in range(first, first + events):  # each once, so that the process knows them all
            ask(server.port, "GET", f"/v1/events/{event}/availability")
        latency = Latency(server.port, server.url, result, hot, first, events)
        latency.peak(first, events)
        for number in range(rounds):
            latency.round(number, database_url, seconds)
            print(f"round {number + 1}/{rounds}", flush=True)
    return result


def main() -> int:
    def run(asked: Asked) -> Result:
        with scratch_database() as url:
            return measure(url, rounds=asked.rounds, seconds=asked.seconds, events=asked.options.events)

    return run_part(
        __doc__,
        run,
        rounds=5,
        seconds=5.0,
        needs_wrk=True,
        needs_compiler=True,
        events=(int, 1_000, "beside the hot one"),
    )


if __name__ == "__main__":
    raise SystemExit(main())
