"""Workload: creates the events and client processes of a run, and counts their operations.

with Workload(settings) as workload:
    …faults…
    counts = workload.wait()
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from proof.log import LineWriter
from proof.machine import ROOT, Source
from proof.processes import launch
from proof.workload.organiser import Organiser
from proof.workload.progress import Progress
from proof.workload.settings import Settings

__all__ = ["Workload", "run"]

TICK_SECONDS = 0.05
USERS = 24
DOOM_SECONDS = (1.5, 4.0)
"""Between the ends of two keys."""
END_SECONDS = 60.0
"""The limit for a client process to finish its pending requests."""


class Workload:
    """Starts with `start` or `with`. Ends at the limits of its settings, or with `stop`."""

    def __init__(self, settings: Settings) -> None:
        """`settings.out` is created. It must not contain another run."""
        self.settings = settings
        self._stopping = threading.Event()
        self._chance = random.Random(f"{settings.seed}/workload")
        chance = random.Random(f"{settings.seed}/events")
        self._organiser = Organiser(settings.urls, chance, self._stopping, staff_key=settings.staff_key)
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._progress: Progress | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._lives = [0] * settings.processes
        self._counts: Counter[str] = Counter()

    @property
    def operations(self) -> int:
        """Operations begun so far."""
        return 0 if self._progress is None else self._progress.total

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start, and return when the first events are on sale and the clients run. Raises any error of the start."""
        out = self.settings.out
        out.mkdir(parents=True, exist_ok=True)
        (out / "setup.jsonl").touch(exist_ok=False)
        self._progress = Progress.create(out / "progress", self.settings.processes)
        ready = threading.Event()
        self._thread = threading.Thread(target=self._keep, args=(ready,), name="workload", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> dict[str, int]:
        """Begin no more operations, wait for the pending ones, and return the counts."""
        self._stopping.set()
        return self.wait()

    def wait(self) -> dict[str, int]:
        """Wait for the end and return the counts: all operations, and the other counts of processes that were
        not killed.

        Raises RuntimeError if a client process failed.
        """
        if self._thread is not None:
            self._thread.join()
        if self._failure is not None:
            raise self._failure
        return dict(self._counts)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _keep(self, ready: threading.Event) -> None:
        """Runs in its own thread: client processes end with it."""
        try:
            with LineWriter(self.settings.out / "setup.jsonl") as setup:
                self._prepare(setup)
                self._processes += [self._launch(number) for number in range(self.settings.processes)]
                ready.set()
                self._attend(setup)
            self._end()
        except BaseException as error:  # noqa: BLE001 - the waiting thread raises it
            self._failure = error
        finally:
            for process in self._processes:
                process.kill()
                process.wait()
            ready.set()

    def _prepare(self, setup: LineWriter) -> None:
        settings = self.settings
        setup.write(
            {
                "e": "run",
                "seed": settings.seed,
                "commit": Source.now().commit,
                "started": datetime.now(UTC).isoformat(),
                "settings": {**asdict(settings), "out": str(settings.out)},
            }
        )
        for _ in range(settings.window // 2):
            self._organiser.make_event(setup)
        accounts = [self._organiser.make_account(number) for number in range(USERS)]
        self.settings = replace(settings, users=[account for account in accounts if account is not None])
        self.settings.write(settings.out / "settings.json")

    def _launch(self, number: int) -> subprocess.Popen[bytes]:
        out = self.settings.out
        self._lives[number] += 1
        command = [sys.executable, "-m", "proof.workload.process", str(out / "settings.json")]
        with (out / f"client-{number:02}.log").open("ab") as log:
            return launch(
                [*command, str(number), str(self._lives[number])],
                environment=os.environ,
                folder=ROOT,
                output=log,
            )

    def _attend(self, setup: LineWriter) -> None:
        """Create events and kill processes as the sale proceeds, until all clients have ended or must stop."""
        organiser, settings = self._organiser, self.settings
        first, killed = organiser.counts["events"], 0
        doomed = [one for one in settings.callers if one["name"].startswith("doomed")]
        owner = next((dict(one["headers"]) for one in settings.callers if one["name"] == "owner"), {})
        end_at = time.monotonic() + self._chance.uniform(*DOOM_SECONDS)
        while any(process.poll() is None for process in self._processes):
            done = self.operations
            if self._stopping.is_set():
                return
            if (organiser.counts["events"] - first) * settings.operations_per_event < done:
                organiser.make_event(setup)
            elif settings.operations_per_kill and done // settings.operations_per_kill > killed:
                killed = done // settings.operations_per_kill
                self._kill_one()
            elif doomed and time.monotonic() > end_at:
                one = doomed.pop()
                organiser.end_key(setup, one["name"], one["principal"], owner)
                end_at = time.monotonic() + self._chance.uniform(*DOOM_SECONDS)
            elif not organiser.act():
                self._stopping.wait(TICK_SECONDS)

    def _kill_one(self) -> None:
        """Kill a process in the middle of its work. Another does its remaining operations."""
        number = self._chance.randrange(self.settings.processes)
        if self._processes[number].poll() is None:
            self._processes[number].kill()
            self._processes[number].wait()
            self._processes[number] = self._launch(number)
            self._counts["client processes killed"] += 1

    def _end(self) -> None:
        assert self._progress is not None
        self._progress.end()
        for number, process in enumerate(self._processes):
            status = process.wait(END_SECONDS)
            if status != 0:
                log = (self.settings.out / f"client-{number:02}.log").read_text(errors="replace")
                raise RuntimeError(f"client process {number} ended with status {status}: {log[-2000:]}")
            counts = json.loads((self.settings.out / f"counts-{number:02}.json").read_text())
            self._counts.update(counts)
        self._counts.update(self._organiser.counts)
        self._counts["operations"] = self.operations


def run(settings: Settings, *, stop: threading.Event | None = None) -> dict[str, int]:
    """Run a whole workload and return its counts, including `milliseconds` and `operations`. `stop` ends it early."""
    began = time.monotonic()
    with Workload(settings) as workload:
        while stop is not None and workload.is_running and not stop.wait(TICK_SECONDS):
            pass
        counts = workload.stop() if stop is not None and stop.is_set() else workload.wait()
    return {**counts, "milliseconds": round((time.monotonic() - began) * 1000)}
