"""Selling in this process: an engine as in a worker, callers that wait for their answers, and the longest batch."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from holdfast.errors import Busy
from holdfast.inventory.hold_tokens import HoldTokens, hash_token
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.postgres.connections import Connections
from holdfast.process.tuning import tune_garbage_collection

__all__ = ["CAPACITY", "Caller", "LongestBatch", "new_event", "open_engine", "placing", "rate"]

CAPACITY = 100_000_000
"""The capacity of an event that must not sell out during a measurement."""

Caller = Callable[[], Awaitable[None]]
ONE = c.QuantityLine(quantity=1)


@asynccontextmanager
async def open_engine(url: str, *, connections: int = 8) -> AsyncIterator[Inventory]:
    inventory = Inventory(Connections(url, size=connections), HoldTokens(b"benchmark key of 32 characters.."))
    await inventory.open()
    tune_garbage_collection()  # as every worker does
    try:
        yield inventory
    finally:
        await inventory.close()


async def new_event(inventory: Inventory, **stock: Any) -> int:
    """Create an event, with one area that does not sell out by default. Return its number."""
    given = stock or {"areas": (c.AreaSpec(name="general", capacity=CAPACITY),)}
    event = await inventory.create_event(c.NewEvent(name="benchmark", **given), by="benchmark")
    assert event is not None
    return event.number


def placing(inventory: Inventory, number: int | Callable[[], int], line: c.Line = ONE) -> Caller:
    """Return a call that places a hold in this event, or in a drawn one. It raises refusals."""
    draw = number if callable(number) else lambda: number

    async def place() -> None:
        event = draw()
        hold_id = inventory.new_id(event)
        token = hash_token(inventory.hold_tokens.hold_token(hold_id))
        await inventory.execute(event, c.PlaceHold(hold_id=hold_id, lines=(line,), token_hash=token))

    return place


async def rate(caller: Caller, callers: int, seconds: float, *, refused: Counter[str] | None = None) -> float:
    """Return completed calls per second of callers that each wait for their answer (closed loop).

    A refused call is in no rate. `refused` counts it by code; without `refused` the error is raised.
    """
    done = 0
    end = time.perf_counter() + seconds

    async def call_on() -> None:
        nonlocal done
        while time.perf_counter() < end:
            try:
                await caller()
            except Busy as error:
                if refused is None:
                    raise
                refused[error.code] += 1
            else:
                done += 1

    began = time.perf_counter()
    await asyncio.gather(*(call_on() for _ in range(callers)))
    return done / (time.perf_counter() - began)


class LongestBatch:
    """Measures the longest batch of an engine since the last read, from its start to its commit."""

    def __init__(self, inventory: Inventory) -> None:
        self._longest = 0.0
        for name in ("run", "run_together"):
            setattr(inventory._batches, name, self._timed(getattr(inventory._batches, name)))

    def take_ms(self) -> float:
        found, self._longest = self._longest, 0.0
        return found * 1000

    def _timed(self, act: Any) -> Any:
        async def timed(*given: Any, **more: Any) -> Any:
            began = time.perf_counter()
            try:
                return await act(*given, **more)
            finally:
                self._longest = max(self._longest, time.perf_counter() - began)

        return timed
