"""Remembered: what was asked of the database a moment ago, asked again before it is too old, and by one caller only.

Were it simply forgotten each second, all the requests of that moment would ask at once, and wait for each other's
connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from holdfast.errors import Fault

__all__ = ["RefreshingValue"]

T = TypeVar("T")


class RefreshingValue(Generic[T]):
    """An answer that is never older than `seconds` when it is given; from half of that on, a newer one is fetched."""

    def __init__(
        self, ask: Callable[[], Awaitable[T]], *, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._answer: T
        self._failure: Fault | None = None

    def newest(self) -> T | None:
        """The answer where it can be given without asking, and nobody needs to be sent for a newer one."""
        age = self._clock() - self._asked_at
        is_good = age < self._seconds / 2 or (age < self._seconds and self._asking is not None)
        return self._answer if is_good and self._failure is None else None

    async def get(self) -> T:
        """Raises: Fault, for as long as an answer would be remembered: a database that is away need not keep every
        caller waiting for this as well."""
        age = self._clock() - self._asked_at
        if age >= self._seconds / 2:
            if self._asking is None:
                self._asking = asyncio.get_running_loop().create_task(self._renew())
            if age >= self._seconds:
                await asyncio.shield(self._asking)  # one caller's leaving must not take it from the others
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        return self._answer

    async def _renew(self) -> None:
        asked_at = self._clock()
        try:
            self._answer, self._failure = await self._ask(), None
        except Fault as failure:
            self._failure = failure
            asked_at = self._clock()  # it took as long as the database was waited for
        except BaseException:
            asked_at = float("-inf")
            raise
        finally:
            self._asked_at, self._asking = asked_at, None
