"""Generator: carries out the steps of many journeys at once, and measures the latency of each answer.

A latency counts from the time when a buyer wanted to ask. It includes a slow generator, the wait for a connection, and
retries. The first two are also reported separately, as the generator's own lag.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Iterable

from holdfast.rush.journey import Shop, code_of, draw_mind, journey
from holdfast.rush.steps import Ask, Closed, Steps, Wait
from holdfast.rush.tally import CAME
from holdfast.rush.wire import Address, Lost, Pool, RushAnswer

__all__ = ["Generator"]

_LATER = frozenset({408, 429, 500, 502, 503, 504})


class _Walker:
    """One running journey."""

    __slots__ = ("_asked", "_due", "_generator", "_is_gone", "_is_open", "_steps", "_timer", "_wanted_at")

    def __init__(self, generator: Generator, steps: Steps[None]) -> None:
        self._generator = generator
        self._steps = steps
        self._asked: Ask | None = None
        self._due = self._wanted_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_gone = False
        self._is_open = False  # True while the last request has no final answer

    def go(self, outcome: RushAnswer | Lost | None, due: float) -> None:
        """Take the next step, which was due at that time."""
        try:
            step = self._steps.send(outcome)
        except StopIteration:
            self._is_gone = True
            if self._is_open and self._asked is not None:
                self._generator.note_given_up(self._asked.step, wanted_at=self._wanted_at)
            self._generator.left(self)
            return
        if isinstance(step, Wait):
            self._wait(due + step.seconds)
            return
        if step is not self._asked:  # a retry counts from the first try
            self._asked, self._wanted_at = step, due
        self._due = due
        self._generator.pool.ask(step.request, self)

    def receive(self, outcome: RushAnswer | Lost) -> None:
        if self._is_gone:
            return
        now = time.monotonic()
        assert self._asked is not None
        self._is_open = not self._generator.note(
            self._asked.step, outcome, wanted_at=self._wanted_at, due=self._due, now=now
        )
        self.go(outcome, now)

    def close(self) -> None:
        self._is_gone = True
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._steps.throw(Closed())
        except StopIteration:
            return
        raise AssertionError("a journey went on after the end")

    def _wait(self, due: float) -> None:
        self._timer = self._generator.loop.call_later(max(0.0, due - time.monotonic()), self._resume, due)

    def _resume(self, due: float) -> None:
        self._timer = None
        self._generator.note_lag(due)
        self.go(None, due)


class Generator:
    """The buyers of one process."""

    def __init__(self, shop: Shop, address: Address, *, connections: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.shop = shop
        self.clock = shop.clock
        self._address = address
        self._connections = connections
        self._walkers: set[_Walker] = set()
        self._empty = asyncio.Event()
        self._arriving: asyncio.TimerHandle | None = None
        self._carer: asyncio.TimerHandle | None = None
        self.pool = Pool(address, limit=connections, queued=self._note_queueing)

    async def serve_arrivals(self, arrivals: array[float]) -> None:
        """Run all buyers until the last has left, or until `close`. Arrivals are seconds after the clock's start."""
        self._empty.clear()
        self._look_after()
        self._arrive(arrivals, 0)
        await self._empty.wait()

    async def run(self, journeys: Iterable[Steps[None]]) -> None:
        """Run these journeys together to their end."""
        self._empty.clear()
        self._look_after()
        for steps in journeys:
            self._begin(steps, time.monotonic())
        if self._walkers:
            await self._empty.wait()

    def close(self) -> None:
        """End all journeys."""
        self.pool.close()
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None
        for walker in self._walkers:
            walker.close()
        self._walkers.clear()
        self._empty.set()
        self.pool = Pool(self._address, limit=self._connections, queued=self._note_queueing)

    def hang_up(self) -> None:
        self.pool.close()
        if self._carer is not None:
            self._carer.cancel()

    def left(self, walker: _Walker) -> None:
        self._walkers.discard(walker)
        if not self._walkers and self._arriving is None:
            self._empty.set()

    def note(
        self, step: str, outcome: RushAnswer | Lost, *, wanted_at: float, due: float, now: float
    ) -> bool:
        """Count an outcome. Returns whether it is a final answer."""
        tally = self.shop.tally
        if isinstance(outcome, Lost):
            tally.count(f"lost:{outcome.why}", self.clock.tick(now))
            if outcome.why == "time_out":  # the buyer waited, so the time counts as a latency
                tally.latencies["later"][self.clock.tick(due)].add(now - due)
        elif outcome.status in _LATER:
            tally.count(f"refusal:{code_of(outcome)}", self.clock.tick(now))
            tally.latencies["later"][self.clock.tick(due)].add(now - due)
        else:
            tally.count("answers", self.clock.tick(now))
            tally.latencies[step][self.clock.tick(wanted_at)].add(now - wanted_at)
            return True
        return False

    def note_given_up(self, step: str, *, wanted_at: float) -> None:
        """Count the time that a buyer waited in vain. Without it, a dead server would look fast."""
        self.shop.tally.latencies[step][self.clock.tick(wanted_at)].add(time.monotonic() - wanted_at)

    def note_lag(self, due: float) -> None:
        now = time.monotonic()
        self.shop.tally.lag[self.clock.tick(now)].add(max(0.0, now - due))

    def _note_queueing(self, seconds: float) -> None:
        self.shop.tally.queueing[self.clock.tick()].add(seconds)

    def _arrive(self, arrivals: array[float], at: int) -> None:
        """Begin the journeys of all buyers whose time has come, and set a timer for the next."""
        now = time.monotonic() - self.clock.started_at
        while at < len(arrivals) and arrivals[at] <= now:
            due = self.clock.started_at + arrivals[at]
            self.note_lag(due)
            self.shop.tally.count(CAME, self.clock.tick(due))
            self._begin(journey(self.shop, draw_mind(self.shop, at)), due)
            at += 1
        if at < len(arrivals):
            seconds = self.clock.started_at + arrivals[at] - time.monotonic()
            self._arriving = self.loop.call_later(max(0.0, seconds), self._arrive, arrivals, at)
        else:
            self._arriving = None
            if not self._walkers:
                self._empty.set()

    def _begin(self, steps: Steps[None], due: float) -> None:
        walker = _Walker(self, steps)
        self._walkers.add(walker)
        walker.go(None, due)

    def _look_after(self) -> None:
        self.pool.look_after()
        if self._carer is not None:
            self._carer.cancel()
        self._carer = self.loop.call_later(1.0, self._look_after)
