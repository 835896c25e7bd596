"""Crowd: the clients of one process, whose journeys run side by side until the operations are done."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Iterator
from itertools import accumulate, count
from pathlib import Path

import orjson

from proof.callers import Caller
from proof.log import ClientLog
from proof.retry_keys import random_key
from proof.workload.asking import Asking, Identity
from proof.workload.asks import as_caller, draw_ask
from proof.workload.clock import ServerClock
from proof.workload.events import Event
from proof.workload.journeys import Journey
from proof.workload.progress import Progress
from proof.workload.settings import Settings
from proof.workload.wire import Wire

__all__ = ["Crowd"]

LOOK_SECONDS = 0.05
EVENT_ZIPF = 0.9
REGULARS = 12
"""Users of a process who return often; all others come once."""
MAX_WAITING = 2_000
"""If more journeys wait than this, no new ones begin."""


WITH_CREDENTIALS = 0.4
"""The share of clients that prove who they are, where the run has callers."""
ASKING = 0.35
"""The share of these that ask for answers, and do not buy."""
SELLING = frozenset({"buyer", "sell", "organise", "box_office", "manager", "owner"})


class Enough(Exception):
    """No further operation may begin."""


class Crowd:
    """One process of clients."""

    def __init__(self, settings: Settings, process: int, life: int = 1) -> None:
        """`life` counts the processes with this number: a kill ends one, and no client continues in the next."""
        self._settings, self._process = settings, process
        self._name = f"{process:02}-{life}"
        self._seed = f"{settings.seed}/{self._name}"
        self._chance = random.Random(self._seed)
        share, rest = divmod(settings.operations, settings.processes)
        self._budget = share + (process < rest) if settings.operations else sys.maxsize
        self._progress = Progress(settings.out / "progress")
        self._begun = self._progress.begun(process)
        self._pace = settings.pace / settings.processes
        self._next_at = 0.0
        self._slots = Slots(settings.clients)
        self._events: list[Event] = []
        self._weights: list[float] = []
        self._enough = asyncio.Event()
        self._journeys: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._clock = ServerClock()
        self._callers = [Caller(**one) for one in settings.callers]
        self._clerk = next((one for one in self._callers if one.name == "key-sell"), None)

    async def run(self) -> dict[str, int]:
        """Run until all journeys have ended and return the counts."""
        loop = asyncio.get_running_loop()
        if self._settings.seconds is not None:
            loop.call_later(self._settings.seconds, self._enough.set)
        out = self._settings.out
        with ClientLog(out / f"client-{self._name}.jsonl") as log:
            wire = Wire(self._settings.urls)
            self._asking = Asking(
                wire,
                log,
                self._clock,
                keys=self._keys(),
                pause=self._pause,
                begin=self._begin,
                time_out_seconds=self._settings.time_out_seconds,
            )
            looking = asyncio.create_task(self._look_for_events(out / "setup.jsonl"))
            await self._send_out()
            await asyncio.gather(*self._journeys, return_exceptions=True)
            if self._failure is not None:
                raise self._failure
            await looking
            wire.close()
        return {**self._asking.counts, "late requests answered": wire.late}

    async def _send_out(self) -> None:
        """Start journeys as slots become free."""
        for number in count(1):
            await self._slots.acquire()
            while not self._enough.is_set() and (not self._events or len(self._journeys) > MAX_WAITING):
                await self._rest(LOOK_SECONDS)
            if self._enough.is_set():
                self._slots.release()
                return
            journey = asyncio.create_task(self._go(number))
            self._journeys.add(journey)
            journey.add_done_callback(self._end_of_journey)

    def _end_of_journey(self, journey: asyncio.Task[None]) -> None:
        """Record a failure, which is a bug of this program, and end the run."""
        self._journeys.discard(journey)
        if not journey.cancelled() and (error := journey.exception()) is not None:
            self._failure = self._failure or error
            self._enough.set()

    async def _go(self, number: int) -> None:
        chance = random.Random(f"{self._seed}/{number}")
        [event] = chance.choices(self._events, cum_weights=self._weights)
        is_regular = chance.random() < 0.3
        user = (
            f"regular-{self._name}-{chance.randrange(REGULARS)}" if is_regular else f"u{self._name}-{number}"
        )
        users = self._settings.users
        caller = self._draw_caller(chance)
        if caller is not None and chance.random() < ASKING:
            await self._ask_for_answers(chance, Identity(f"{self._name}-{number}"), user, event, caller)
            return
        journey = Journey(
            self._asking,
            self._clock,
            chance=chance,
            who=Identity(f"{self._name}-{number}"),
            user=user,
            account=str(chance.choice(users)) if users else None,
            event=event,
            caller=caller if caller is None or caller.role in SELLING else None,
            clerk=self._clerk,
            pause=self._pause,
        )
        try:
            await journey.run()
        except Enough:
            pass
        finally:
            self._slots.release()

    def _draw_caller(self, chance: random.Random) -> Caller | None:
        """Return someone with credentials that have not ended by time, or None for a guest."""
        if not self._callers or chance.random() > WITH_CREDENTIALS:
            return None
        caller = chance.choice(self._callers)
        return None if caller.until is not None and time.monotonic_ns() > caller.until else caller

    async def _ask_for_answers(
        self, chance: random.Random, who: Identity, user: str, event: Event, caller: Caller
    ) -> None:
        """Ask as someone, and sometimes as a guest, for what it may or may not see."""
        try:
            for _ in range(chance.randint(2, 5)):
                someone = None if chance.random() < 0.1 else caller
                call = as_caller(draw_ask(chance, event), someone)
                await self._asking.ask(who, user, call, chance)
        except Enough:
            pass
        finally:
            self._slots.release()

    async def _pause(self, seconds: float) -> None:
        """Let other clients run meanwhile. The client resumes at once, and does not pause after the end."""
        if seconds <= 0:
            return
        self._slots.release()
        try:
            await self._rest(seconds)
        finally:
            self._slots.take()

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._enough.wait()

    async def _begin(self) -> None:
        """Count an operation before it begins. Raises Enough at the end of the run."""
        if self._begun >= self._budget:
            self._enough.set()
        if self._enough.is_set():
            raise Enough
        self._begun += 1
        self._progress.record(self._process, self._begun)
        if self._pace:
            now = time.monotonic()
            self._next_at = max(self._next_at + 1 / self._pace, now - 1)
            if self._next_at > now:
                await asyncio.sleep(self._next_at - now)

    def _keys(self) -> Iterator[str]:
        chance = random.Random(f"{self._seed}/keys")
        while True:
            yield random_key(chance)

    async def _look_for_events(self, path: Path) -> None:
        """Read events as they appear; the newest are the most wanted."""
        place = 0
        while not self._enough.is_set():
            if self._progress.is_enough:
                self._enough.set()
            with path.open("rb") as file:
                file.seek(place)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    place += len(line)
                    entry = orjson.loads(line)
                    if entry["e"] == "event":
                        self._events = [Event.of(entry), *self._events[: self._settings.window - 1]]
            if len(self._weights) != len(self._events):
                self._weights = list(
                    accumulate(1 / (rank + 1) ** EVENT_ZIPF for rank in range(len(self._events)))
                )
            await self._rest(LOOK_SECONDS)


class Slots:
    """A limit on active clients. Clients that return from a pause exceed it, because their moment must not pass."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._freed = asyncio.Event()

    async def acquire(self) -> None:
        """Wait for a free slot. Only one task may wait."""
        while self._free <= 0:
            self._freed.clear()
            await self._freed.wait()
        self._free -= 1

    def take(self) -> None:
        self._free -= 1

    def release(self) -> None:
        self._free += 1
        self._freed.set()
