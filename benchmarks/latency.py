"""Latency by an open loop: a hold at half of the peak rate, and other events' holds while one event is rushed.

    python -m benchmarks.latency [--rounds 5] [--seconds 5] [--events 1000] [--out FOLDER]

Each round measures the limit of the disk (one row and its commit, alone). Then closed loops find the peak of one hot
event, and of holds spread evenly over many. Then buyers arrive at random at half of the hot peak. For the holds of
other events, the load is three fifths of the spread peak, so that nothing is overloaded. It is half of that peak for
one event and a tenth for all others, compared with the same load spread evenly. A third load gives the one event half
of its own peak, which is higher.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import closed_loop, programs
from benchmarks.cases import HOLDS
from benchmarks.commits import commits
from benchmarks.open_loop import Responses, arrivals, request_bytes, send
from benchmarks.part import Arguments, run_part
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
        half = self._send(number, HALF * hot_peak, seconds, self._one)
        row("hold at half of the peak").add(per_second=HALF * hot_peak, **half.figures("hot"))
        allowed = max(ALLOWED_MS, ALLOWED_COMMITS * disk["p99_ms"])
        self._judge("p99_at_half_over_allowed", half.figures("hot")["p99_ms"] / allowed)
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
            responses = self._send(number, per_second, seconds, draw)
            others[name] = responses.figures("others")
            row("others' holds", load=name).add(per_second=per_second, **others[name])
        rushed, even = others["one event has half of the peak"], others["spread evenly"]
        self._judge("others_p99_over_even", rushed["p99_ms"] / even["p99_ms"])

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

    def _send(self, number: int, per_second: float, seconds: float, draw: Draw) -> Responses:
        responses = send(self.port, arrivals(per_second, seconds, draw, seed=number))
        if responses.unexpected:
            statuses = {str(status): count for status, count in responses.statuses.items()}
            situation = (
                f"round {number + 1}, {per_second:.0f}/s: {statuses}, {responses.unanswered} unanswered"
            )
            self.result.unexpected[situation] = responses.unexpected
        return responses

    def _hold(self, event: int) -> bytes:
        return request_bytes(self.port, HOLDS.method, HOLDS.path_for(event), HOLDS.body_for(event))

    def _one(self, _: random.Random) -> tuple[bytes, str]:
        return self._hold(self.hot), "hot"

    def _even(self, chance: random.Random) -> tuple[bytes, str]:
        return self._hold(self.first + chance.randrange(self.events)), "others"

    def _rushed(self, hot: float, others: float) -> Draw:
        """Return a draw that gives each share to the one event, or to all others together."""

        def draw(chance: random.Random) -> tuple[bytes, str]:
            rushed = chance.random() < hot / (hot + others)
            return self._one(chance) if rushed else self._even(chance)

        return draw

    def _judge(self, bar: str, value: float) -> None:
        self.result.bars.setdefault(bar, []).append(value)


def measure(database_url: str, *, rounds: int, seconds: float, events: int) -> Result:
    result = Result(part="latency")
    with programs.holdfast(database_url) as server:
        hot, first = HOLDS.make(server.port), HOLDS.make(server.port, events)
        for event in range(
            first, first + events
        ):  # one hold for each, so that the process has loaded them all
            ask(server.port, "GET", f"/v1/events/{event}/availability")
        latency = Latency(server.port, server.url, result, hot, first, events)
        latency.peak(first, events)
        for number in range(rounds):
            latency.round(number, database_url, seconds)
            print(f"round {number + 1}/{rounds}", flush=True)
    return result


def main() -> int:
    def run(arguments: Arguments) -> Result:
        with scratch_database() as url:
            return measure(
                url, rounds=arguments.rounds, seconds=arguments.seconds, events=arguments.options.events
            )

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
