"""Crowd: starts the processes with buyers, opens the doors for all at one moment, and gathers what they tell."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from holdfast.rush.plan import CannotRush, Plan
from holdfast.rush.process import MAX_LINE
from holdfast.rush.tally import RushTally

__all__ = ["Crowd", "CrowdReport"]

_START_SECONDS = 60.0
_SOON_SECONDS = 0.25
_END_SECONDS = 2.0


@dataclass(slots=True)
class CrowdReport:
    """What all buyers together were told."""

    bookings: int = 0
    booked_admissions: int = 0
    bookings_settled_afterwards: int = 0
    settled: int = 0
    open: int = 0
    read: int = 0
    unreadable: int = 0
    named: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    booked_seats: list[str] = field(default_factory=list)
    lapsing: list[tuple[float, int]] = field(default_factory=list)
    seat_times: dict[str, list[tuple[float, float | None]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, accounts: dict[str, Any]) -> None:
        for name, value in accounts.items():
            setattr(self, name, getattr(self, name) + value)


class Crowd:
    """All processes of a rush."""

    def __init__(self, plan: Plan, rows: list[list[str]]) -> None:
        self.plan = plan
        self.tally = RushTally()
        self.told = CrowdReport()
        self.started_at = 0.0
        self._rows = rows
        self._gone = 0
        self._gone_at = 0.0
        self._left: Callable[[], None] = lambda: None
        self._most_open: dict[int, int] = {}
        self._processes: list[asyncio.subprocess.Process] = []
        self._errors: list[str] = []

    @property
    def seconds(self) -> float:
        """Since the doors opened, until the last buyer left."""
        return max(0.0, (self._gone_at if self.is_empty else time.monotonic()) - self.started_at)

    @property
    def is_empty(self) -> bool:
        """Whether everybody has left, and only what they were told is still looked at."""
        return self._gone == len(self._processes)

    @property
    def is_open(self) -> bool:
        """Whether the doors have been opened."""
        return self.started_at > 0

    @property
    def tick(self) -> int:
        return int(self.seconds / self.plan.tick_seconds)

    @property
    def most_open(self) -> int:
        """Connections at once, at the most so far."""
        return sum(self._most_open.values())

    async def gather(self) -> None:
        """Start them all, and wait until each is ready. Raises CannotRush."""
        try:
            async with asyncio.timeout(_START_SECONDS), asyncio.TaskGroup() as group:
                for index in range(self.plan.processes):
                    group.create_task(self._start(index))
        except (TimeoutError, ExceptionGroup) as error:
            await self.end()
            said = f": {self._errors[-1]}" if self._errors else ""
            raise CannotRush(f"The processes with the buyers did not start{said}.") from error

    async def open_doors(self, left: Callable[[], None]) -> None:
        """Until what everybody was told is known; `left` is called when the last has gone."""
        self._left = left
        self.started_at = time.monotonic() + _SOON_SECONDS
        for process in self._processes:
            self._order(process, {"start_at": self.started_at})
        async with asyncio.TaskGroup() as group:
            for index, process in enumerate(self._processes):
                group.create_task(self._listen(index, process))

    def send_home(self) -> None:
        """Everybody leaves now; what they were told is still compared."""
        for process in self._processes:
            self._order(process, {"stop": True})

    async def end(self) -> None:
        """At once: a process that is not led any more goes by itself, and is made to where it does not."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._processes:
            try:
                async with asyncio.timeout(_END_SECONDS):
                    await process.wait()
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _start(self, index: int) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "holdfast.rush.process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_LINE,
        )
        self._processes.append(process)
        self._order(process, {"plan": self.plan.to_json(), "index": index, "rows": self._rows})
        assert process.stdout is not None
        if not await process.stdout.readline():
            raise await self._broken(process)

    async def _listen(self, index: int, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        is_whole = False
        while line := await process.stdout.readline():
            for name, value in orjson.loads(line).items():
                match name:
                    case "tally":
                        self.tally.merge(RushTally.from_json(value))
                    case "most_open":
                        self._most_open[index] = value
                    case "accounts":
                        self.told.add(value)
                        is_whole = True
                    case "seat_times":
                        for label, since, until in value:
                            self.told.seat_times[label].append((since, until))
                    case "lapsing":
                        self.told.lapsing.extend((at, quantity) for at, quantity in value)
                    case "booked_seats":
                        self.told.booked_seats.extend(value)
                    case "gone":
                        self._gone += 1
                        self._gone_at = time.monotonic()
                        if self.is_empty:
                            self._left()
                    case "broken":
                        self._errors.append(value)
        if not is_whole:
            raise await self._broken(process)

    async def _broken(self, process: asyncio.subprocess.Process) -> CannotRush:
        assert process.stderr is not None
        said = (await process.stderr.read()).decode(errors="replace").strip()
        self._errors.append(said.splitlines()[-1] if said else f"exit code {await process.wait()}")
        return CannotRush(f"A process with buyers ended before its time: {self._errors[0]}")

    def _order(self, process: asyncio.subprocess.Process, order: dict[str, Any]) -> None:
        assert process.stdin is not None
        with suppress(OSError, RuntimeError):
            process.stdin.write(orjson.dumps(order) + b"\n")
