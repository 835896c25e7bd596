"""Watchers: the cost of their messages, the delay of the last one, and the sales meanwhile.

    python -m benchmarks.watchers [--rounds 5] [--seconds 8] [--levels 10,100,1000,10000] --out FOLDER

First it measures idle watchers, each time on a new server. Then every round sells one event as fast as possible:
without watchers, and with each number of them. The journal has the time of each version (read after the batch's lock,
some milliseconds before the commit). The process of the watchers notes when each one had it, on the same machine and by
the same clock.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import closed_loop, programs
from benchmarks.cases import HOLDS
from benchmarks.part import Arguments, run_part
from benchmarks.programs import Program
from benchmarks.result import Result, median
from benchmarks.server import scratch_database
from benchmarks.wire import ask
from proof.machine import ROOT

LEVELS = (10, 100, 1_000, 10_000)
BARS_AT = 10_000
CONNECTIONS = 256
QUIET_SALES = 10
QUIET_PAUSE_SECONDS = 1.0
"""Longer than the pace of a stream, so that each sale is one message."""
SETTLE_SECONDS = 1.0
TOLD_SECONDS = 60.0
IDLE_SECONDS = 15.0
"""The time in which each watcher gets one keep-alive."""
WARM_UP_SECONDS = 2.0


@dataclass(slots=True)
class Crowd:
    """Watchers of an event, in their own process."""

    process: subprocess.Popen[str]
    watchers: int
    arrived_seconds: float
    cpu_seconds: float

    def report(self) -> dict[str, Any]:
        """What deliveries since the last one."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        report = self._line()
        report["cpu_seconds"], self.cpu_seconds = (
            report["cpu_seconds"] - self.cpu_seconds,
            report["cpu_seconds"],
        )
        if report["lost"]:
            raise RuntimeError(f"{report['lost']} of {self.watchers} watchers lost their connection")
        return report

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the crowd has ended")
        report: dict[str, Any] = json.loads(line)
        return report


@contextlib.contextmanager
def crowd(port: int, event: int, watchers: int) -> Iterator[Crowd]:
    """Run a crowd. When the block begins, all watchers have their first message."""
    command = [sys.executable, "-m", "benchmarks.crowd", "--port", str(port)]
    command += ["--event", str(event), "--watchers", str(watchers)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # this closes the input of the process at the end, and waits for it
        made = Crowd(process, watchers, 0.0, 0.0)
        arrived = made._line()
        made.arrived_seconds, made.cpu_seconds = arrived["seconds"], arrived["cpu_seconds"]
        yield made


@dataclass(slots=True)
class Bench:
    """A server, and the event that is sold and watched."""

    result: Result
    server: Program
    database_url: str
    event: int
    seconds: float

    def without(self) -> None:
        """Measure sales without watchers."""
        cores = programs.Cores(self.server, programs.cluster_of(self.database_url))
        load = self.sell(self.seconds)
        self.result.row("sales", watchers=0).add(**load.figures, **cores.figures())

    def watched(self, level: int) -> None:
        """Connect the watchers, sell slowly, and then sell as fast as possible."""
        with crowd(self.server.port, self.event, level) as watching:
            time.sleep(SETTLE_SECONDS)
            watching.report()
            self._quietly(watching)
            cores = programs.Cores(self.server, programs.cluster_of(self.database_url))
            load = self.sell(self.seconds)
            used = cores.figures()
            deliveries = Deliveries.until_known(watching, self.database_url, self.event)
            self.result.row("sales", watchers=level).add(
                **load.figures,
                **used,
                watchers_cores=deliveries.cpu_seconds / load.seconds,
                messages_per_second=deliveries.messages / load.seconds,
                snapshots=deliveries.snapshots / level,
                **deliveries.lateness(self.database_url, self.event),
            )

    def _quietly(self, watching: Crowd) -> None:
        """Sell one at a time, to measure the cost of a message alone."""
        body = json.loads(HOLDS.body_for(self.event) or "{}")
        cores, began = programs.Cores(self.server, None), time.perf_counter()
        for _ in range(QUIET_SALES):
            ask(self.server.port, HOLDS.method, HOLDS.path, body)
            time.sleep(QUIET_PAUSE_SECONDS)
        used = cores.figures()["server_cores"] * (time.perf_counter() - began)
        deliveries = Deliveries.until_known(watching, self.database_url, self.event)
        self.result.row("quiet sales", watchers=watching.watchers).add(
            server_us_per_watcher=used * 1e6 / deliveries.messages / watching.watchers,
            **deliveries.lateness(self.database_url, self.event),
        )

    def sell(self, seconds: float) -> closed_loop.Load:
        arguments = HOLDS.arguments(self.event, 1)
        load = closed_loop.run(
            HOLDS.script, self.server.url + "/", *arguments, connections=CONNECTIONS, seconds=seconds
        )
        if load.unexpected:
            unexpected = self.result.unexpected
            unexpected["holds"] = unexpected.get("holds", 0) + load.unexpected
        return load


def measure(database_url: str, *, rounds: int, seconds: float, levels: Sequence[int]) -> Result:
    """Measure all levels. Without BARS_AT among them, the bars are left out."""
    result = Result(part="watchers")
    for level in levels:
        _idle(result, database_url, level)
    with programs.holdfast(database_url) as server:
        bench = Bench(result, server, database_url, HOLDS.make(server.port), seconds)
        bench.sell(WARM_UP_SECONDS)
        for number in range(rounds):
            for level in (0, *levels) if number % 2 == 0 else reversed((0, *levels)):
                if level:
                    bench.watched(level)
                else:
                    bench.without()
                print(f"round {number + 1}/{rounds}: {level} watchers", flush=True)
    if BARS_AT in levels:
        _judge(result)
    return result


def _idle(result: Result, database_url: str, level: int) -> None:
    """Measure the memory and the processor time of a server for idle watchers."""
    with programs.holdfast(database_url) as server:
        event = HOLDS.make(server.port)
        ask(server.port, HOLDS.method, HOLDS.path, json.loads(HOLDS.body_for(event) or "{}"))
        before = _resident_bytes(server)
        with crowd(server.port, event, level) as watching:
            time.sleep(SETTLE_SECONDS)
            resident, cores = _resident_bytes(server), programs.Cores(server, None)
            time.sleep(IDLE_SECONDS)
            result.row("idle watchers", watchers=level).add(
                arrived_seconds=watching.arrived_seconds,
                resident_mb=resident / 1e6,
                grown_mb=(resident - before) / 1e6,
                **cores.figures(),
            )


def _judge(result: Result) -> None:
    watched = result.row("sales", watchers=BARS_AT).rounds
    result.bars["last_watcher_seconds"] = [each / 1000 for each in watched["last_watcher_max_ms"]]
    unwatched = result.row("sales", watchers=0).rounds
    result.judge("watched_sales_over_unwatched", watched["per_second"], unwatched["per_second"])


@dataclass(slots=True)
class Deliveries:
    """The messages of a crowd during a period."""

    watchers: int
    counts: list[tuple[int, int, int, float]]
    """(previous version, new version, number of watchers, time of the last one)."""
    snapshots: int
    cpu_seconds: float

    @classmethod
    def until_known(cls, watching: Crowd, database_url: str, event: int) -> Deliveries:
        """Wait until all know the event's newest version. Raises RuntimeError if they do not."""
        with psycopg.connect(database_url) as connection:
            row = connection.execute(
                "SELECT max(version) FROM journal WHERE event_number = %s", (event,)
            ).fetchone()
        assert row is not None
        deliveries = cls(watching.watchers, [], 0, 0.0)
        deadline = time.monotonic() + TOLD_SECONDS
        while deliveries.knowing(row[0]) < watching.watchers:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{deliveries.knowing(row[0])} of {watching.watchers} know version {row[0]}"
                )
            time.sleep(SETTLE_SECONDS)
            report = watching.report()
            deliveries.counts += [
                (before, version, count, when) for before, version, count, when in report["came"]
            ]
            deliveries.snapshots += report["snapshots"]
            deliveries.cpu_seconds += report["cpu_seconds"]
        return deliveries

    @property
    def messages(self) -> float:
        """The number of messages to each watcher."""
        return sum(count for _, _, count, _ in self.counts) / self.watchers

    def knowing(self, version: int) -> int:
        return sum(count for before, newest, count, _ in self.counts if before < version <= newest)

    def lateness(self, database_url: str, event: int) -> dict[str, float]:
        """Return the delays until the last watcher has each version or a later one, after its commit."""
        first, last = min(each[0] for each in self.counts) + 1, max(each[1] for each in self.counts)
        late = []
        with psycopg.connect(database_url) as connection:
            found = connection.execute(
                "SELECT version, extract(epoch FROM at)::float8 FROM journal"
                " WHERE event_number = %s AND version BETWEEN %s AND %s",
                (event, first, last),
            )
            for version, at in found:
                if self.knowing(version) != self.watchers:
                    raise RuntimeError(f"version {version} did not reach each of {self.watchers} once")
                late.append(
                    max(when for before, newest, _, when in self.counts if before < version <= newest) - at
                )
        return {"last_watcher_p50_ms": median(late) * 1000, "last_watcher_max_ms": max(late) * 1000}


def _resident_bytes(server: Program) -> int:
    total = 0
    for pid in server.pids:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
    return total


def main() -> int:
    def run(arguments: Arguments) -> Result:
        levels = [int(level) for level in arguments.options.levels.split(",")]
        with scratch_database() as url:
            return measure(url, rounds=arguments.rounds, seconds=arguments.seconds, levels=levels)

    return run_part(
        __doc__,
        run,
        rounds=5,
        seconds=8.0,
        needs_wrk=True,
        levels=(str, ",".join(map(str, LEVELS)), "watchers"),
    )


if __name__ == "__main__":
    raise SystemExit(main())
