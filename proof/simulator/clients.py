"""Clients: the sequence of each client's operations, until the simulation has enough."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proof.simulator.model import Event
    from proof.simulator.world import World

__all__ = ["Client"]

MILLISECOND = 1_000_000
TTL_SECONDS = (1, 2, 3)
ABANDONED = 0.15

Answer = dict[str, Any]
Steps = Generator[int, None, Answer]


@dataclass(slots=True)
class Mine:
    """A hold that this client knows."""

    event: Event
    hold: str
    expires: int
    """Virtual time, as precisely as a client can know it."""
    booking: str | None = None


class Client:
    def __init__(self, world: World, user: str) -> None:
        self._world, self._user = world, user
        self._chance = world.chance
        self._lives = itertools.count(1)
        self._keys = itertools.count(1)
        self._proc = f"{user}.0"
        self._mine: list[Mine] = []
        self._bought: list[Mine] = []

    def live(self) -> Generator[int, None, None]:
        world, chance = self._world, self._chance
        while world.left > 0:
            yield int(chance.expovariate(1 / 15) * MILLISECOND)
            what = chance.random()
            if what < 0.42 or not self._mine:
                yield from self._hold()
            elif what < 0.62:
                yield from self._end(self._mine.pop(chance.randrange(len(self._mine))))
            elif what < 0.66:
                yield from self._extend(chance.choice(self._mine))
            elif what < 0.69 and self._bought:
                yield from self._cancel(self._bought.pop(chance.randrange(len(self._bought))))
            elif what < 0.72:
                yield from self._at_arena()
            elif what < 0.75:
                event = world.event()
                given = {"event": event.id, "quantity": chance.randint(1, 2)}
                yield from self._do("instant", given, via="instant")
            else:
                yield from self._read()

    def _hold(self) -> Generator[int, None, None]:
        chance, event = self._chance, self._world.event()
        ttl = chance.choice(TTL_SECONDS)
        kind = chance.random()
        line: dict[str, Any]
        if kind < 0.5:
            row = chance.choice(event.rows)
            start, count = chance.randrange(len(row)), chance.choice((1, 1, 2, 3))
            line = {"seats": [label for label, _ in row[start : start + count]]}
        elif kind < 0.75:
            line = {"area": "general", "quantity": chance.randint(1, 4)}
        else:
            category = chance.choice((None, "stalls", "circle"))
            line = {"best": chance.randint(1, 4), "category": category, "together": chance.random() < 0.6}
        partial = chance.random() < 0.1 and not line.get("together")
        given = {"event": event.id, "lines": [line], "ttl": ttl, "partial": partial, "buyer": self._user}
        began = self._world.now
        answer = yield from self._do("hold", given)
        if answer["res"] == "ok":
            expires = (began + self._world.now) // 2 + ttl * 1_000 * MILLISECOND
            self._mine.append(Mine(event, answer["out"]["hold"], expires))
            self._mine = self._mine[-8:]

    def _end(self, mine: Mine) -> Generator[int, None, None]:
        """Confirm or release a hold at once, near its expiry, or later."""
        chance = self._chance
        when = chance.random()
        left = mine.expires - self._world.now
        if when < 0.25:
            yield max(0, left + int(chance.uniform(-50, 50) * MILLISECOND))
        elif when < 0.4:
            yield max(0, left + int(chance.uniform(50, 400) * MILLISECOND))
        given = {"hold": mine.hold, "event": mine.event.id}
        if chance.random() < 0.04:
            yield from self._do("book", given, user=f"{self._user}'s thief")
        if chance.random() < 0.65:
            answer = yield from self._do("book", given)
            if answer["res"] == "ok":
                mine.booking = answer["out"]["booking"]
                self._bought = [*self._bought[-20:], mine]
        else:
            yield from self._do("release", given)

    def _extend(self, mine: Mine) -> Generator[int, None, None]:
        ttl = self._chance.choice(TTL_SECONDS)
        given = {"hold": mine.hold, "event": mine.event.id, "ttl": ttl}
        answer = yield from self._do("extend", given)
        if answer["res"] == "ok":
            mine.expires = max(mine.expires, self._world.now + ttl * 1_000 * MILLISECOND)

    def _cancel(self, mine: Mine) -> Generator[int, None, None]:
        given = {"booking": mine.booking, "hold": mine.hold, "event": mine.event.id}
        yield from self._do("cancel", given)

    def _at_arena(self) -> Generator[int, None, None]:
        """Hold and confirm a seat in a format that returns no ids, reuses a user's hold, and has no keys."""
        chance, event = self._chance, self._world.event()
        seat, user = chance.choice(list(event.category)), f"{self._user} at the arena"
        given = {"event": event.id, "lines": [{"seats": [seat]}], "ttl": 3, "partial": False, "buyer": user}
        answer = yield from self._do("hold", given, via="arena", user=user)
        if answer["res"] == "ok" and chance.random() < 0.6:
            yield int(chance.uniform(0, 3_300) * MILLISECOND)
            given = {"hold": None, "event": event.id, "seats": [seat]}
            yield from self._do("book", given, via="arena", user=user)

    def _read(self) -> Generator[int, None, None]:
        chance = self._chance
        what = chance.random()
        if what < 0.5:
            yield from self._do("read_availability", {"event": self._world.event().id})
        elif what < 0.8:
            yield from self._do("read_seats", {"event": self._world.event().id})
        elif what < 0.9 or not self._bought:
            mine = chance.choice(self._mine)
            yield from self._do("read_hold", {"hold": mine.hold, "event": mine.event.id})
        else:
            mine = chance.choice(self._bought)
            yield from self._do("read_booking", {"booking": mine.booking, "event": mine.event.id})

    def _do(self, f: str, given: dict[str, Any], *, via: str = "v1", user: str | None = None) -> Steps:
        """Run an operation with its retries and return the last answer."""
        world, chance = self._world, self._chance
        world.left -= 1
        key = f"{self._user}/{next(self._keys)}"
        op = {"proc": self._proc, "user": user or self._user, "f": f, "key": key, "via": via, "in": given}
        if chance.random() < 0.01 and via == "v1":
            world.start(self._twin(op))
        answer: Answer = {}
        for attempt in range(1, 8):
            answer = yield from world.ask(op, attempt)
            if answer["res"] != "info" and chance.random() > 0.02:
                break
            if answer["res"] == "info":
                self._proc = f"{self._user}.{next(self._lives)}"
                op = {**op, "proc": self._proc}
                if chance.random() < ABANDONED:
                    break
            yield int(chance.uniform(1, 30) * MILLISECOND)
        return answer

    def _twin(self, op: dict[str, Any]) -> Generator[int, None, None]:
        """Send the same request at the same time on another connection."""
        yield int(self._chance.uniform(0, 3) * MILLISECOND)
        yield from self._world.ask(op, 100)
