"""Users: sign-up of buyers. An account with a membership is staff, too."""

from __future__ import annotations

from holdfast.access.password_hashes import PasswordHashing
from holdfast.access.passwords import MIN_PASSWORD_LENGTH, is_guessable
from holdfast.access.store import AccessStore, User
from holdfast.errors import DuplicateEmail, FieldError, InvalidInput, UserNotFound

__all__ = ["Users"]


class Users:
    """Sign-up."""

    def __init__(self, store: AccessStore, hashing: PasswordHashing) -> None:
        self._store = store
        self._hashing = hashing

    async def create(self, *, name: str, phone_number: str, email: str, password: str) -> User:
        """Create a user. Raises DuplicateEmail; addresses that differ only in case are equal.

        Raises InvalidInput for a password that is easy to guess, and Busy if too many sign-ups wait.
        """
        refuse_guessable(password, name, phone_number, email)
        user = await self._store.insert_user(
            name=name,
            phone_number=phone_number,
            email=email,
            password_hash=await self._hashing.hash(password),
        )
        if user is None:
            raise DuplicateEmail
        return user

    async def get(self, id: int) -> User:
        user = await self._store.find_user(id)
        if user is None:
            raise UserNotFound
        return user


def refuse_guessable(password: str, *own: str) -> None:
    """Raise InvalidInput for a password that is short or easy to guess. `own`: the person's name, address and so on."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidInput.in_field("/password", "too_short", FieldError.EASY_TO_GUESS)
    if is_guessable(password, own=own):
        raise InvalidInput.in_field("/password", "too_common", FieldError.EASY_TO_GUESS)
