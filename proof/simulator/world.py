"""World: virtual time, and a network that loses and delays. It writes logs like a real run."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from proof.simulator.dump import dump
from proof.simulator.engine import Engine
from proof.simulator.model import Event

__all__ = ["Steps", "World"]

EPOCH_US = 1_700_000_000_000_000
"""The engine's clock when the clients' clock is zero."""

MILLISECOND = 1_000_000
TIME_OUT = 200 * MILLISECOND
OPERATIONS_PER_EVENT = 300
WINDOW = 6
CALM = 10_000 * MILLISECOND

Steps = Generator[int, None, None]
"""A process in virtual time, which yields waits in nanoseconds."""


class World:
    """Virtual time, the events on sale, and the output files."""

    def __init__(self, folder: Path, *, operations: int, seed: int, bugs: Iterable[str]) -> None:
        self.chance = random.Random(seed)
        self.engine = Engine(self.chance, bugs)
        self.left = operations
        self.now = 0
        self._folder = folder
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []
        self._turns = itertools.count()
        self._numbers = itertools.count(1)
        self._setup: list[dict[str, Any]] = [
            {"e": "run", "seed": seed, "commit": "simulated", "settings": {}}
        ]
        self._made = operations
        self._log = (folder / "client-1.jsonl").open("wb")
        self.on_sale: list[Event] = []

    def go(self, lives: Mapping[str, Steps]) -> None:
        """Run each user's steps, by name, until all have ended."""
        self._setup[0]["settings"] = {"principals": {user: user for user in lives}}
        for steps in lives.values():
            self.start(steps)
        while self._waiting:
            self.now, _, step = heapq.heappop(self._waiting)
            step()
        self._log.close()
        self.now += CALM
        state = {**dump(self.engine, self.server_time()), "taken_at": self.now}
        (self._folder / "dump.json").write_bytes(orjson.dumps(state))
        (self._folder / "setup.jsonl").write_bytes(b"".join(map(_line, self._setup)))

    def server_time(self) -> int:
        return EPOCH_US + self.now // 1_000

    def start(self, steps: Steps) -> None:
        def step() -> None:
            wait = next(steps, None)
            if wait is not None:
                self.after(wait, step)

        step()

    def after(self, wait: int, step: Callable[[], None]) -> None:
        heapq.heappush(self._waiting, (self.now + wait, next(self._turns), step))

    def event(self) -> Event:
        """Return an event on sale; now and then a new event replaces the oldest."""
        if len(self.on_sale) < WINDOW or self.left < self._made - OPERATIONS_PER_EVENT:
            self._made = self.left
            self.on_sale = [*self.on_sale[-WINDOW + 1 :], self._open()]
        return self.on_sale[min(int(self.chance.expovariate(0.7)), len(self.on_sale) - 1)]

    def _open(self) -> Event:
        number = len(self.engine.events) + 1
        rows = [
            [(f"{row}-{seat}", "stalls" if row in "AB" else "circle") for seat in range(1, 11)]
            for row in "ABCDE"
        ]
        event = Event(self.engine.uuid(), number, rows, capacity=40)
        event.max_per_buyer = 6 if number % 3 == 0 else None
        self.engine.events[event.id] = event
        shown = [[{"label": label, "category": category} for label, category in row] for row in rows]
        limits = {} if event.max_per_buyer is None else {"max_per_buyer": event.max_per_buyer}
        line = {"e": "event", "event": event.id, "number": number, "areas": {"general": 40}, "rows": shown}
        self._setup.append({**line, "hold_ttl": 120, "limits": limits})
        return event

    def ask(self, op: dict[str, Any], attempt: int) -> Generator[int, None, dict[str, Any]]:
        """Run one attempt and return its client's view."""
        number, chance = next(self._numbers), self.chance
        line = {"e": "inv", "i": number, "t": self.now, **op, "attempt": attempt}
        self._log.write(_line(line))
        fate, seen = chance.random(), []
        out_ms, back_ms = chance.uniform(0.2, 6), chance.uniform(0.2, 6)
        key = op["key"] if op["via"] == "v1" and not op["f"].startswith("read") else None

        def arrive() -> None:
            given = {**op["in"], "reuse": True} if op["via"] == "arena" else op["in"]
            seen.append(self.engine.ask(self.server_time(), op["f"], op["user"], key, given))

        if fate < 0.02:  # the request is lost
            yield TIME_OUT
        elif fate < 0.04:  # the request arrives after its client gave up
            self.after(TIME_OUT + int(chance.uniform(1, 900) * MILLISECOND), arrive)
            yield TIME_OUT
        elif fate < 0.06:  # the answer is lost
            self.after(int(out_ms * MILLISECOND), arrive)
            yield TIME_OUT
            seen.clear()
        elif fate < 0.063:  # the client is killed
            self.after(int(out_ms * MILLISECOND), arrive)
            yield TIME_OUT
            return {"res": "info", "out": {}, "code": None}
        else:
            yield int(out_ms * MILLISECOND)
            arrive()
            yield int(back_ms * MILLISECOND)
        answer = (
            seen[0] if seen else {"res": "info", "status": None, "code": None, "out": {}, "replayed": False}
        )
        if op["via"] == "arena" and answer["res"] == "ok":
            answer = {**answer, "out": {**answer["out"], "hold": None, "booking": None}}
        self._log.write(_line({"e": "ret", "i": number, "t": self.now, **answer}))
        return answer


def _line(line: dict[str, Any]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
