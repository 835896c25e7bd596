"""Attempts: how often somebody may guess a secret, such as a password or a one-time code.

Each attempt counts for the account and for the address. A quarter of an hour has ten of them. Then each further attempt
waits, and each wait is twice as long, up to a quarter of an hour. So nobody is locked out, and guessing is slow. A
success forgets the account's failures, and gives the address its attempt back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from holdfast.limits.allowance import Allowance
from holdfast.limits.callers import caller_keys
from holdfast.limits.classes import Rate
from holdfast.limits.rate_table import RateTable

__all__ = ["AttemptLimits", "AttemptStore", "MemoryAttempts"]


class AttemptStore(Protocol):
    """Where attempts are counted. Each key is a caller of one kind of secret."""

    async def take(self, rate: Rate, key: int) -> Allowance: ...

    async def give_back(self, rate: Rate, key: int) -> None: ...

    async def forget(self, key: int) -> None: ...


class AttemptLimits:
    """The attempts of a deployment. `kind` keeps one secret's guesses apart from another's."""

    def __init__(self, store: AttemptStore, rate: Rate, *, server_key: bytes) -> None:
        self._store = store
        self._rate = rate
        self._key_of = caller_keys(server_key)

    async def take(self, kind: str, *, account: str | None, address: str | None) -> Allowance | None:
        """Count an attempt before the secret is compared. Return None if nothing limits it.

        An allowance with `wait_seconds` refuses the attempt. Raises Unavailable if attempts cannot be counted.
        """
        found: Allowance | None = None
        for name, caller in _named(account, address) if self._rate.quantity else ():
            found = await self._store.take(self._rate, self._key_of(f"{kind} {name}", caller))
            if found.wait_seconds:
                return found
        return found

    async def succeed(self, kind: str, *, account: str | None, address: str | None) -> None:
        """Forget the failures of an account whose secret was right."""
        for name, caller in _named(account, address) if self._rate.quantity else ():
            key = self._key_of(f"{kind} {name}", caller)
            if name == "account":
                await self._store.forget(key)
            else:
                await self._store.give_back(self._rate, key)


def _named(account: str | None, address: str | None) -> Iterable[tuple[str, str]]:
    """Return the address first: its refusal must not use up an attempt of the account."""
    return [
        (name, value) for name, value in (("address", address), ("account", account)) if value is not None
    ]


class MemoryAttempts:
    """Attempts in the table that all workers of a server share."""

    def __init__(self, table: RateTable, clock: Callable[[], float] = time.monotonic) -> None:
        self._table = table
        self._clock = clock

    async def take(self, rate: Rate, key: int) -> Allowance:
        table, now = self._table, self._clock()
        gate, failures = parts_of(key)
        closed_seconds = table.used_seconds(gate, now)
        if closed_seconds:
            return Allowance(rate, closed_seconds, closed_seconds)
        wait_seconds, used_seconds = table.take(key, rate.interval_seconds, rate.burst, now)
        if wait_seconds:
            return Allowance(rate, wait_seconds, used_seconds)
        waited_seconds = table.used_seconds(failures, now)
        if waited_seconds or used_seconds + rate.interval_seconds > rate.window_seconds:
            closed_seconds = next_wait(rate, waited_seconds)
            table.put(gate, closed_seconds, now)
            table.put(failures, min(waited_seconds, MAX_WAITS * memory_of(rate)) + memory_of(rate), now)
            return Allowance(rate, 0.0, max(used_seconds, closed_seconds))
        return Allowance(rate, 0.0, used_seconds)

    async def give_back(self, rate: Rate, key: int) -> None:
        """Undo an attempt. If the next one waits, it waits for this one's failure: none passes meanwhile."""
        table, now = self._table, self._clock()
        gate, failures = parts_of(key)
        table.put(key, max(0.0, table.used_seconds(key, now) - rate.interval_seconds), now)
        if table.used_seconds(gate, now):
            table.put(gate, 0.0, now)
            table.put(failures, max(0.0, table.used_seconds(failures, now) - memory_of(rate)), now)

    async def forget(self, key: int) -> None:
        for one in (key, *parts_of(key)):
            self._table.put(one, 0.0, self._clock())


MAX_WAITS = 4
"""How many earlier waits make the next one longer."""


def memory_of(rate: Rate) -> int:
    """Return for how many seconds each wait is remembered. It is longer than the longest wait."""
    return 2 * rate.window_seconds


def next_wait(rate: Rate, waited_seconds: float) -> float:
    """Return how long the next attempt waits, by how long the earlier waits are remembered."""
    earlier = -(-waited_seconds // memory_of(rate))
    return float(min(rate.interval_seconds * 2**earlier, rate.window_seconds))


def parts_of(key: int) -> tuple[int, int]:
    """Return the keys of the caller's present wait, and of its earlier waits."""
    return key ^ _GATE, key ^ _FAILURES


_GATE, _FAILURES = 0x5A5A_0000_0000_0108, 0x3C3C_0000_0000_0210
"""They change the row of the table, too: three entries of one caller do not share a row."""
