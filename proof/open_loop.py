"""Open loop: buyers arrive at random times, however slow the answers are; each holds and confirms.

A closed loop waits for its answers, so a slow server gets less load: it cannot measure overload. Here the
arrivals are drawn beforehand. Every request is in the clients' log, so that the checker judges this run too.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from proof.caller import Answer, Caller, Wanted
from proof.retry_keys import random_key

__all__ = ["AREA", "Loop"]

AREA = "general"
_PATIENCE_SECONDS = 10.0
_MAX_PAUSE_SECONDS = 1.0
_TTL_SECONDS = 60


@dataclass(slots=True)
class Loop:
    """Buyers of one event on one server; `answers` has all their answers."""

    caller: Caller
    port: int
    event: str
    seed: int
    answers: list[Answer] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    """How late each buyer arrived: the delay of the test itself, not the server's."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def closed(self, clients: int, seconds: float) -> None:
        """Run `clients` buyers at a time; each is followed by the next."""
        until = time.monotonic() + seconds

        async def one(number: int) -> None:
            while time.monotonic() < until:
                await self._buy(f"closed-{number}-{next(self._numbers)}")

        await asyncio.gather(*(one(number) for number in range(clients)))
        self.caller.hang_up()

    async def open(self, buyers_per_second: float, seconds: float) -> None:
        """Run buyers at random, on average `buyers_per_second`, without waiting for each other."""
        chance = random.Random(self.seed)
        running: set[asyncio.Task[None]] = set()
        began = time.monotonic()
        due = 0.0
        while (due := due + chance.expovariate(buyers_per_second)) < seconds:
            if (early := began + due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            self.lags.append(max(0.0, time.monotonic() - began - due))
            task = asyncio.create_task(self._buy(f"open-{next(self._numbers)}"))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        self.caller.hang_up()

    def codes(self) -> Counter[str]:
        return Counter(one.outcome for one in self.answers)

    async def _buy(self, buyer: str) -> None:
        """Hold and confirm; repeat a confirmation that was refused as busy."""
        chance = random.Random(f"{self.seed}/{buyer}")
        held = await self._ask(self._hold(buyer, chance), attempt=1)
        if not held.is_ok:
            return
        wanted = self._booking(buyer, held, chance)
        until = time.monotonic() + _PATIENCE_SECONDS
        for attempt in itertools.count(1):
            booked = await self._ask(wanted, attempt)
            if booked.status != 503 or time.monotonic() > until:
                return
            await asyncio.sleep(chance.uniform(0.5, 1.0) * _MAX_PAUSE_SECONDS)

    async def _ask(self, wanted: Wanted, attempt: int) -> Answer:
        answer = await self.caller.ask(self.port, wanted, attempt)
        self.answers.append(answer)
        return answer

    def _hold(self, buyer: str, chance: random.Random) -> Wanted:
        return Wanted(
            f="hold",
            user=buyer,
            key=random_key(chance),
            path="/v1/holds",
            body={"event": self.event, "lines": [{"quantity": 1}], "ttl_seconds": _TTL_SECONDS},
            logged={
                "event": self.event,
                "lines": [{"area": AREA, "quantity": 1}],
                "ttl": _TTL_SECONDS,
                "partial": False,
                "buyer": None,
            },
        )

    def _booking(self, buyer: str, held: Answer, chance: random.Random) -> Wanted:
        return Wanted(
            f="book",
            user=buyer,
            key=random_key(chance),
            path="/v1/bookings",
            body={"hold": held.body["id"], "hold_token": held.body["hold_token"]},
            logged={"hold": held.body["id"], "event": self.event},
        )
