"""Failover replay: an answer is lost while its commit waits for the standby, and the client retries.

PostgreSQL cannot undo a commit that waits for its standby. If the wait is cut short, the sale is done and
visible, but on a primary that is about to be lost. A server that answered a retry from this primary would
report a booking that the next primary does not have.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from holdfast_client import Client, Quantity, Retries
from proof.buyers import Buyers, Life, Step
from proof.buyers.buyers import confirm, place, take_over
from proof.buyers.comparison import read
from proof.failover_pair import Pair
from proof.result import Result

_TRIES = 3
_PATIENCE_SECONDS = 8.0  # longer than a server waits for its database
_SETTLES_SECONDS = 20.0
_TICK_SECONDS = 0.02
_ENDS = ("pg_cancel_backend", "pg_cancel_backend", "pg_terminate_backend")


class LostAnswer:
    """A sale through one server; the comparison after the failover includes it."""

    def __init__(
        self, pair: Pair, url: str, buyers: Buyers, *, chance: random.Random, result: Result
    ) -> None:
        self._pair = pair
        self._buyers = buyers
        self._chance = chance
        self._result = result
        self._client = Client(url, timeout_seconds=_PATIENCE_SECONDS, retries=Retries(total_seconds=0))
        self._life = Life(event=buyers.events[-1], order=(Quantity(1, area="standing"),))
        buyers.lives.append(self._life)

    def lose(self) -> None:
        """Freeze the standby and sell. No answer may report a sale."""
        hold = self._buyers.attempt(self._new("place"), lambda key: place(self._client, self._life, key))
        if hold is None:
            raise TimeoutError("there is no hold to confirm")
        take_over(self._life, hold)
        self._pair.standby.freeze()
        with self._waits_cut_short():
            for step in (self._new("confirm"), self._new("confirm")):  # the second has its own key
                for _ in range(_TRIES):
                    self._confirm(step)
        row = read(self._pair.primary.url, [self._life.event]).get(hold.id)
        if row is not None and row.booking is not None:
            self._count("sales_seen_and_not_acknowledged")
        for step in self._life.steps[1:]:
            self._count("retries_without_a_standby", len(step.attempts))
            if step.acknowledged is not None:
                self._violate(f"a sale that no standby has was acknowledged: {step.report()}")

    def settle(self) -> None:
        """Confirm on the new primary with the first key: it must succeed, whatever happened before."""
        step = self._life.steps[1]
        deadline = time.monotonic() + _SETTLES_SECONDS
        while step.acknowledged is None and time.monotonic() < deadline:
            self._confirm(step)
        if step.acknowledged is None:
            self._violate(f"it cannot be confirmed after the failover: {step.report()}")
        self._client.close()

    def _confirm(self, step: Step) -> None:
        booking = self._buyers.attempt(step, lambda key: confirm(self._client, self._life, key))
        if booking is not None:
            self._life.booking = booking.id

    def _new(self, name: str) -> Step:
        step = Step(name, secrets.token_urlsafe(18))
        self._life.steps.append(step)
        return step

    @contextmanager
    def _waits_cut_short(self) -> Iterator[None]:
        """Repeatedly cut short all waits for the standby."""
        over = threading.Event()

        def cut() -> None:
            while not over.wait(_TICK_SECONDS):
                try:
                    ended = self._pair.end_waits(how=self._chance.choice(_ENDS))
                except psycopg.Error:
                    continue
                self._count("waits_cut_short", ended)

        thread = threading.Thread(target=cut, name="cuts waits short", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _count(self, name: str, more: int = 1) -> None:
        self._result.tried[name] = self._result.tried.get(name, 0) + more

    def _violate(self, detail: str) -> None:
        self._result.violations.append({"rule": "lost answer", "event": self._life.event, "detail": detail})
