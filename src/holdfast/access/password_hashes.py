"""Hashing of passwords (argon2id), which takes 19 MiB and tens of milliseconds.

So few passwords are hashed at a time, few may wait, and others are refused at once: sign-ups and sign-ins cannot use up
the memory, nor slow down sales.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from holdfast.errors import Busy

__all__ = ["AT_ONCE", "MAX_WAITING", "PasswordHashing"]

AT_ONCE = 2
MAX_WAITING = 30
"""At the pace of one processor, the last of them waits about a second."""

T = TypeVar("T")


class PasswordHashing:
    """Hashes and compares passwords in threads of its own."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        """Threads of their own: a caller that leaves frees its place only when its thread is free."""
        self._places = BoundedSemaphore(AT_ONCE + MAX_WAITING)
        self._nobodys_hash = ""

    async def hash(self, password: str) -> str:
        """Return the hash to store. Raises Busy if too many passwords wait."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether it is the password. Without a stored hash, return False after the same work. Raises Busy."""
        if stored is None and not self._nobodys_hash:
            self._nobodys_hash = await self.hash("the password of nobody")
        return await self._run(lambda: self._is_right(stored or self._nobodys_hash, password)) and bool(
            stored
        )

    def _is_right(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise Busy(Busy.PASSWORDS)
        running = self._threads.submit(work)
        running.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(running)
