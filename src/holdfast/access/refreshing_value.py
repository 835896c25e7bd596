"""Refreshing values: values of the database that one caller rereads for all, before they are too old.

If each value simply expired after a second, all requests of that moment would read it at once.

While the database is away, the last value stays for `STALE_SECONDS`. The database of keys may be away alone: the nodes
of a cluster sell on without their coordinator.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from holdfast.errors import Fault

__all__ = ["RefreshingValue", "RefreshingValues"]

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

STALE_SECONDS = 120.0
"""How long an old value counts while it cannot be read again. A key that is revoked meanwhile works until then."""


class RefreshingValue(Generic[T]):
    """A value that is never older than `seconds`, unless it cannot be read. After half of them, one task reads it."""

    def __init__(
        self, read: Callable[[], Awaitable[T]], *, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._read_at = float("-inf")
        self._known_at = float("-inf")
        """The time of the last reading that succeeded."""
        self._reading: asyncio.Task[None] | None = None
        self._value: T
        self._failure: Fault | None = None

    def newest(self) -> T | None:
        """Return the value if it is fresh, or if a newer one is being read; else None."""
        age = self._clock() - self._read_at
        is_good = age < self._seconds / 2 or (age < self._seconds and self._reading is not None)
        return self._value if is_good and self._failure is None else None

    async def get(self) -> T:
        """Return the value. Raises Fault if it could not be read for long, and repeats it for `seconds`.

        That spares the other callers the wait.
        """
        age = self._clock() - self._read_at
        if age >= self._seconds / 2:
            if self._reading is None:
                self._reading = asyncio.get_running_loop().create_task(self._renew())
            if age >= self._seconds:
                await asyncio.shield(self._reading)  # a caller that leaves must not cancel it for the others
        if self._failure is not None and self._clock() >= self._known_at + STALE_SECONDS:
            raise self._failure.with_traceback(None)
        return self._value

    async def _renew(self) -> None:
        read_at = self._clock()
        try:
            self._value, self._failure = await self._read(), None
            self._known_at = read_at
        except Fault as failure:
            self._failure = failure
            read_at = self._clock()  # the wait for the database may have taken most of `seconds`
        except BaseException:
            read_at = float("-inf")
            raise
        finally:
            self._read_at, self._reading = read_at, None


class RefreshingValues(Generic[K, T]):
    """Refreshing values by key. Above `size` of them, the one that was not used for the longest time goes."""

    def __init__(self, *, seconds: float, size: int, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._values: OrderedDict[K, RefreshingValue[T]] = OrderedDict()

    async def get(self, key: K, read: Callable[[], Awaitable[T]]) -> T:
        """Return the value of a key. `read` reads it, now and later. Raises Fault as a refreshing value does."""
        value = self._values.get(key)
        if value is None:
            value = RefreshingValue(read, seconds=self._seconds, clock=self._clock)
            self._values[key] = value
            if len(self._values) > self._size:
                self._values.popitem(last=False)
        else:
            self._values.move_to_end(key)
        return await value.get()

    def forget(self, key: K) -> None:
        self._values.pop(key, None)
