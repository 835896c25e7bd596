"""Users: buyers with an account.

Hashing a password (argon2id) takes 19 MiB and tens of milliseconds. So few are hashed at a time, few may wait, and
others are refused at once: sign-ups cannot use up the memory, nor slow down sales.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from argon2 import PasswordHasher

from holdfast.access.passwords import is_guessable
from holdfast.access.store import AccessStore, User
from holdfast.errors import Busy, DuplicateEmail, FieldError, InvalidInput, UserNotFound

__all__ = ["AT_ONCE", "MAX_WAITING", "Users"]

AT_ONCE = 2
MAX_WAITING = 30
"""At the pace of one processor, the last of them waits about a second."""


class Users:
    """Sign-up. Log-in will come with accounts for buyers."""

    def __init__(self, store: AccessStore) -> None:
        self._store = store
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        """Threads of their own: a caller that leaves frees its place only when its thread is free."""
        self._places = BoundedSemaphore(AT_ONCE + MAX_WAITING)

    async def create(self, *, name: str, phone_number: str, email: str, password: str) -> User:
        """Create a user. Raises DuplicateEmail; addresses that differ only in case are equal.

        Raises InvalidInput for a password that is easy to guess, and Busy if too many sign-ups wait.
        """
        if is_guessable(password, own=(name, phone_number, email)):
            raise InvalidInput.in_field("/password", "too_common", FieldError.EASY_TO_GUESS)
        user = await self._store.insert_user(
            name=name,
            phone_number=phone_number,
            email=email,
            password_hash=await self._hash(password),
        )
        if user is None:
            raise DuplicateEmail
        return user

    async def get(self, id: int) -> User:
        user = await self._store.find_user(id)
        if user is None:
            raise UserNotFound
        return user

    async def _hash(self, password: str) -> str:
        if not self._places.acquire(blocking=False):
            raise Busy(Busy.SIGN_UPS)
        hashing = self._threads.submit(self._hasher.hash, password)
        hashing.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(hashing)
