"""Users: buyers with an account. At most two passwords are hashed at a time (argon2id), so that sales never starve."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher

from holdfast.access.store import AccessStore, User
from holdfast.errors import DuplicateEmail, UserNotFound

AT_ONCE = 2


class Users:
    """Sign-up. Log-in will come with accounts for buyers."""

    def __init__(self, store: AccessStore) -> None:
        self._store = store
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def create(self, *, name: str, phone_number: str, email: str, password: str) -> User:
        """Create a user. Raises DuplicateEmail; addresses that differ only in case are equal."""
        async with self._turn:
            password_hash = await asyncio.to_thread(self._hasher.hash, password)
        user = await self._store.insert_user(
            name=name,
            phone_number=phone_number,
            email=email,
            password_hash=password_hash,
        )
        if user is None:
            raise DuplicateEmail
        return user

    async def get(self, id: int) -> User:
        user = await self._store.find_user(id)
        if user is None:
            raise UserNotFound
        return user
