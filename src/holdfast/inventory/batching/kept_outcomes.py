"""Kept outcomes: a batch's outcomes wait until the next batch commits, and callers get them while the database works.

The answers of a batch cost the process as much time as the next batch. If they came first, the database would have
nothing to do meanwhile; then the process would have nothing to do during the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from holdfast.inventory.batching.lane import Batch
from holdfast.inventory.rules.decide import Outcome
from holdfast.inventory.waiter import resolve_all

__all__ = ["KeptOutcomes"]

MAX_KEPT_SECONDS = 0.003
"""The next batch may wait for its lock, and answers that are committed must not wait with it."""


class KeptOutcomes:
    """The outcomes of one committed batch, kept by one runner."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._kept: tuple[Batch, Sequence[Outcome[Any]]] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def keep(self, batch: Batch, outcomes: Sequence[Outcome[Any]]) -> None:
        """Keep the outcomes of a batch until `give`, or for the max time."""
        self._kept = batch, outcomes
        self._timer = self._loop.call_later(MAX_KEPT_SECONDS, self.give)

    def give(self) -> None:
        """Let the callers have their outcomes in the loop's next turn."""
        if self._kept is None:
            return
        (batch, outcomes), self._kept = self._kept, None
        if self._timer is not None:
            self._timer.cancel()
        self._loop.call_soon(resolve_all, batch, outcomes)
