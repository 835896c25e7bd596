"""Crowd: starts the processes with buyers, starts the rush in all at one time, and collects their reports."""

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
    """The answers that all buyers together received."""

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
        self.report = CrowdReport()
        self.started_at = 0.0
        self._rows = rows
        self._gone = 0
        self._gone_at = 0.0
        self._left: Callable[[], None] = lambda: None
        self._max_open: dict[int, int] = {}
        self._processes: list[asyncio.subprocess.Process] = []
        self._errors: list[str] = []

    @property
    def seconds(self) -> float:
        """Seconds since the opening; after the last buyer has left, the seconds until then."""
        return max(0.0, (self._gone_at if self.is_empty else time.monotonic()) - self.started_at)

    @property
    def is_empty(self) -> bool:
        """True if all buyers have left, and only their answers are still checked."""
        return self._gone == len(self._processes)

    @property
    def is_open(self) -> bool:
        """True once the rush has been opened."""
        return self.started_at > 0

    @property
    def tick(self) -> int:
        return int(self.seconds / self.plan.tick_seconds)

    @property
    def max_open(self) -> int:
        """Max number of simultaneous connections so far."""
        return sum(self._max_open.values())

    async def gather(self) -> None:
        """Start all processes, and wait until each is ready. Raises CannotRush."""
        try:
            async with asyncio.timeout(_START_SECONDS), asyncio.TaskGroup() as group:
                for index in range(self.plan.processes):
                    group.create_task(self._start(index))
        except (TimeoutError, ExceptionGroup) as error:
            await self.end()
            reason = f": {self._errors[-1]}" if self._errors else ""
            raise CannotRush(f"The processes with the buyers did not start{reason}.") from error

    async def open_doors(self, left: Callable[[], None]) -> None:
        """Run the rush until all reports have arrived. Calls `left` when the last buyer has left."""
        self._left = left
        self.started_at = time.monotonic() + _SOON_SECONDS
        for process in self._processes:
            self._order(process, {"start_at": self.started_at})
        async with asyncio.TaskGroup() as group:
            for index, process in enumerate(self._processes):
                group.create_task(self._listen(index, process))

    def send_home(self) -> None:
        """Make all buyers leave now. Their answers are still compared."""
        for process in self._processes:
            self._order(process, {"stop": True})

    async def end(self) -> None:
        """End all processes. Each ends by itself when its input closes; kills those that do not."""
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
        is_complete = False
        while line := await process.stdout.readline():
            for name, value in orjson.loads(line).items():
                match name:
                    case "tally":
                        self.tally.merge(RushTally.from_json(value))
                    case "max_open":
                        self._max_open[index] = value
                    case "accounts":
                        self.report.add(value)
                        is_complete = True
                    case "seat_times":
                        for label, since, until in value:
                            self.report.seat_times[label].append((since, until))
                    case "lapsing":
                        self.report.lapsing.extend((at, quantity) for at, quantity in value)
                    case "booked_seats":
                        self.report.booked_seats.extend(value)
                    case "gone":
                        self._gone += 1
                        self._gone_at = time.monotonic()
                        if self.is_empty:
                            self._left()
                    case "broken":
                        self._errors.append(value)
        if not is_complete:
            raise await self._broken(process)

    async def _broken(self, process: asyncio.subprocess.Process) -> CannotRush:
        assert process.stderr is not None
        output = (await process.stderr.read()).decode(errors="replace").strip()
        self._errors.append(output.splitlines()[-1] if output else f"exit code {await process.wait()}")
        return CannotRush(f"A process with buyers ended early: {self._errors[0]}")

    def _order(self, process: asyncio.subprocess.Process, order: dict[str, Any]) -> None:
        assert process.stdin is not None
        with suppress(OSError, RuntimeError):
            process.stdin.write(orjson.dumps(order) + b"\n")
