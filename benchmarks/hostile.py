"""Hostile: 20,000 connections of every hostile form for ten minutes, and their effect on normal buyers and memory.

    python -m benchmarks.hostile [--connections 20000] [--minutes 10] [--workers 2] --out FOLDER

The server has all default settings. Buyers arrive by an open loop at a modest rate: half place a hold, half read the
availability. They are alone for `--rounds` slices of `--seconds`, then under attack until it ends, then alone again.
Each worker's memory is sampled once a second. Holds last `--hold-seconds`, so that the number of live holds is constant
after a minute, and all growth comes from the attack.

The crowd (`hostile_forms.py`) runs in separate processes on the same cores, while these have nothing else to do. Its
pace is part of the result. Buyers also feel the kernel's work for its connections, which is no fault of the server.
The control measures it: buyers of the same server, while the same crowd attacks a second server on the same cores.

No plan of `make bench` includes it, because it takes a quarter of an hour. The limit of open files must be 20,000 or
more.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import programs
from benchmarks.bars import Bar
from benchmarks.cases import HOLDS, READS
from benchmarks.hostile_crowd import MAX_CONNECTIONS
from benchmarks.hostile_rows import note, note_crowd, note_workers
from benchmarks.hostile_samples import CONNECTIONS, Sample, Samples, sample
from benchmarks.open_loop import arrivals, request_bytes, send
from benchmarks.part import Arguments, run_part
from benchmarks.programs import Program
from benchmarks.result import Result, median
from benchmarks.server import scratch_database
from benchmarks.wire import ask, make_event, make_events, seat_map
from proof.machine import ROOT

__all__ = ["BARS", "measure"]

SEATS = 25_000
BUYERS_CONNECTIONS = 32
"""Connections at the beginning. More open if these are busy; the server closes idle ones after five seconds."""
WARM_UP_SECONDS = 3.0
DESCRIPTORS_LEFT = 20
_CROWD_PROCESSES = 2
_MORE_SECONDS = 60.0
_LOOK_SECONDS = 0.5
_CONTROL = "beside an attacked server"

BARS = (
    Bar(
        name="hostile_p99_over_alone",
        says="p99 of normal buyers under attack, over alone",
        limit=2,
        way="at most",
        unit="×",
    ),
    Bar(
        name="hostile_p99_over_control",
        says="p99 of normal buyers under attack, over beside an attacked server",
        limit=2,
        way="at most",
        unit="×",
    ),
    Bar(
        name="hostile_rss_growth_megabytes",
        says="what a worker grows by in the second half of the attack",
        limit=10,
        way="at most",
        unit=" MB",
        always=True,
    ),
    Bar(
        name="hostile_descriptors_left",
        says="descriptors that a worker has 30 s after the attack, and had not before",
        limit=DESCRIPTORS_LEFT,
        way="at most",
        always=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """The size of the attack."""

    connections: int
    seconds: float
    per_second: float
    """Max connections opened per second, by all processes together."""
    buyers_per_second: float
    slices: int
    """Slices without the attack, before it and after it."""
    slice_seconds: float
    control_seconds: float
    hold_seconds: int
    back_seconds: float = 30.0
    """Max time until the descriptors are closed."""


@dataclass(slots=True)
class Bench:
    result: Result
    server: Program
    database_url: str
    attack: Attack
    sold: int
    seated: int
    seed: int = 0

    def alone(self, phase: str) -> None:
        for _ in range(self.attack.slices):
            self.slice(phase, self.attack.slice_seconds)
        print(f"{phase}: p99 {_newest(self.p99(phase)):.1f} ms", flush=True)

    def slice(self, phase: str, seconds: float) -> None:
        """Send buyers for some seconds, each at a time drawn beforehand."""
        self.seed += 1
        port, row = self.server.port, self.result.row
        cores = programs.Cores(self.server, programs.cluster_of(self.database_url))
        planned = arrivals(self.attack.buyers_per_second, seconds, self._draw, seed=self.seed)
        try:
            came = send(port, planned, connections=BUYERS_CONNECTIONS)
        except (
            RuntimeError,
            subprocess.TimeoutExpired,
        ) as error:  # this slice is lost, and the others still count
            note(self.result, f"{phase}: {error}", 1)
            return
        for status, count in came.statuses.items():
            if status not in (200, 201):
                note(self.result, f"{phase}: {status or 'connection ended'}", count)
        note(self.result, f"{phase}: unanswered", came.unanswered)
        used = cores.figures()
        came.latencies["both"] = sorted(took for of_one in came.latencies.values() for took in of_one)
        for of, latencies in came.latencies.items():
            if latencies:
                row(of, phase=phase).add(**came.figures(of), **used)

    def beside_attacked(self, neighbour: Program) -> None:
        """Run the control. Its slices begin when the crowd is complete."""
        attack = self.attack
        sold, seated = _events_of(neighbour.port, attack.hold_seconds)
        began = time.monotonic()
        with _crowd(neighbour.port, attack, sold, seated, attack.control_seconds) as processes:
            time.sleep(attack.control_seconds / 3)  # the crowd needs this long to grow
            while (left := began + attack.control_seconds - time.monotonic()) > attack.slice_seconds / 2:
                self.slice(_CONTROL, min(attack.slice_seconds, left))
            for process in processes:
                _report(process)
        print(f"{_CONTROL}: p99 {median(self.p99(_CONTROL)):.1f} ms", flush=True)

    def place_a_hold(self) -> None:
        body = json.loads(HOLDS.body_for(self.sold) or "{}")
        try:
            ask(self.server.port, HOLDS.method, HOLDS.path, body)
        except (RuntimeError, OSError, http.client.HTTPException) as error:
            note(self.result, f"a hold after the attack: {error}", 1)

    def p99(self, phase: str, of: str = "both") -> list[float]:
        return self.result.row(of, phase=phase).rounds.get("p99_ms", [])

    def under_attack(self) -> None:
        """Run slices until the crowd ends. The last one starts only if half of it fits."""
        attack = self.attack
        before = sample(self.server)
        with Samples(self.server) as samples:
            began = time.monotonic()
            with _crowd(self.server.port, attack, self.sold, self.seated, attack.seconds) as processes:
                while (left := began + attack.seconds - time.monotonic()) > attack.slice_seconds / 2:
                    self.slice("under attack", min(attack.slice_seconds, left))
                    self._print_progress(samples, began)
                reports = [_report(process) for process in processes]
            ended = time.monotonic()
            after, took = self._back(before)
        of_attack = samples.between(began, began + attack.seconds)
        note_workers(self.result, before, of_attack, after)
        note_crowd(self.result, before, of_attack, after, reports)
        self.result.row("back after the attack").add(
            seconds=took, crowd_ended_later_seconds=ended - began - attack.seconds
        )

    def _print_progress(self, samples: Samples, began: float) -> None:
        newest = samples.taken[-1] if samples.taken else sample(self.server)
        resident = ", ".join(f"{each:.0f}" for each in newest.resident_mb)
        print(
            f"{time.monotonic() - began:.0f} s: p99 {_newest(self.p99('under attack')):.1f} ms, {resident} MB,"
            f" {newest.metrics.get(CONNECTIONS, 0):.0f} connections",
            flush=True,
        )

    def _back(self, before: Sample) -> tuple[Sample, float]:
        """Wait until all descriptors are closed, or the time is over.

        Return the last sample, and the seconds until all but a few were closed.
        """
        began = time.monotonic()
        soon: float | None = None
        while True:
            now = sample(self.server)
            took = now.at - began
            pairs = zip(now.descriptors, before.descriptors, strict=True)
            left = max(one - other for one, other in pairs)
            if soon is None and left <= DESCRIPTORS_LEFT:
                soon = took
            if left <= 0 or took > self.attack.back_seconds:
                return now, took if soon is None else soon
            time.sleep(_LOOK_SECONDS)

    def _draw(self, chance: random.Random) -> tuple[bytes, str]:
        case = HOLDS if chance.random() < 0.5 else READS
        path, body = case.path_for(self.sold), case.body_for(self.sold)
        return request_bytes(self.server.port, case.method, path, body), case.name


def _newest(values: list[float]) -> float:
    return values[-1] if values else float("nan")


def measure(database_url: str, *, workers: int, attack: Attack) -> Result:
    result = Result(part="hostile")
    with programs.holdfast(database_url, workers=workers) as server:
        sold, seated = _events_of(server.port, attack.hold_seconds)
        bench = Bench(result, server, database_url, attack, sold, seated)
        bench.slice("warm-up", WARM_UP_SECONDS)
        bench.alone("alone before")
        with scratch_database() as url, programs.holdfast(url, workers=workers) as neighbour:
            bench.beside_attacked(neighbour)
        bench.under_attack()
        bench.place_a_hold()
        bench.alone("alone after")
    _judge(result, bench)
    return result


def _events_of(port: int, hold_seconds: int) -> tuple[int, int]:
    """Create an event for buyers, and one with many seats. Return their numbers."""
    sold = make_events(port, 1, capacity=programs.CAPACITY, hold_ttl_seconds=hold_seconds)
    return sold, make_event(port, seat_map=seat_map(SEATS))


def _judge(result: Result, bench: Bench) -> None:
    """Judge the bars. Each slice is compared with the median of the slices without the attack, or of the control."""
    for of in (HOLDS.name, READS.name, "both"):
        bases = {
            "alone": bench.p99("alone before", of) + bench.p99("alone after", of),
            "control": bench.p99(_CONTROL, of),
        }
        for name, base in bases.items():
            each = [p99 / median(base) for p99 in bench.p99("under attack", of) if base]
            for ratio in each:
                result.row(f"p99 under attack over {name}", requests=of).add(ratio=ratio)
            if of == "both" and each:
                result.bars[f"hostile_p99_over_{name}"] = each
    for bar in BARS:
        if bar.name not in result.bars:
            result.notes.append(f"{bar.says}: not measured")
            continue
        verdict = "reached" if bar.is_reached(result.bars[bar.name]) else "MISSED"
        result.notes.append(f"{bar.says}: at most {bar.limit:g}{bar.unit}: {verdict}")


@contextlib.contextmanager
def _crowd(
    port: int, attack: Attack, sold: int, seated: int, seconds: float
) -> Iterator[list[subprocess.Popen[str]]]:
    """Yield the processes of a crowd, which end with the block."""
    count = max(_CROWD_PROCESSES, -(-attack.connections // MAX_CONNECTIONS))
    given = {
        "port": port,
        "sold": sold,
        "seated": seated,
        "connections": attack.connections // count,
        "per-second": attack.per_second / count,
        "seconds": seconds,
    }
    options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    with contextlib.ExitStack() as ending:
        yield [
            ending.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.hostile_crowd", *options],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(count)
        ]


def _report(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the report of a process. Raises RuntimeError if it failed."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if process.wait(_MORE_SECONDS) != 0 or not line:
        raise RuntimeError("a process of the crowd failed")
    report: dict[str, Any] = json.loads(line)
    return report


def main() -> int:
    def run(arguments: Arguments) -> Result:
        options = arguments.options
        attack = Attack(
            connections=options.connections,
            seconds=options.minutes * 60,
            per_second=options.per_second,
            buyers_per_second=options.buyers,
            slices=arguments.rounds,
            slice_seconds=arguments.seconds,
            control_seconds=options.control_seconds,
            hold_seconds=options.hold_seconds,
        )
        with scratch_database() as url:
            return measure(url, workers=options.workers, attack=attack)

    return run_part(
        __doc__,
        run,
        rounds=3,
        seconds=20.0,
        needs_compiler=True,
        connections=(int, 20_000, "hostile ones that are open at a time, at most"),
        minutes=(float, 10.0, "of the attack"),
        workers=(int, 2, "of the server"),
        per_second=(float, 1_000.0, "hostile connections that are opened, at most"),
        control_seconds=(float, 90.0, "of the attack on the second server"),
        hold_seconds=(int, 60, "that a buyer's hold lasts"),
        buyers=(float, 200.0, "requests of normal buyers a second"),
    )


if __name__ == "__main__":
    raise SystemExit(main())
