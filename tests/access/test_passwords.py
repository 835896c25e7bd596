"""Passwords that are easy to guess, and the queue of sign-ups.

The kind: a password that a guesser tries first, in any disguise. The list below has one of each disguise that the
common tools know (hashcat's rules): case, look-alikes, digits before and after, doubling, rows of keys, runs, blanks,
and the user's own details.
"""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest

from holdfast.access.password_hashes import AT_ONCE, MAX_WAITING, PasswordHashing
from holdfast.access.passwords import is_guessable
from holdfast.access.users import Users, refuse_guessable
from holdfast.errors import Busy, InvalidInput

OWN = ("Ada Byron", "ada.byron@example.org", "+44 20 7946 0000")


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password123!",
        "P@ssw0rd2024",
        "P4$$w0rd!!!!",
        "ＰＡＳＳＷＯＲＤ１２３４",
        "passwordpassword",
        "letmeinletmein",
        "monkeydragon99",
        "trustno1trustno1",
        "123456789012",
        "098765432109",
        "qwertyuiop12",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "abcdefghijkl",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        " " * 12,
        "correct horse battery staple",
        "Correct-Horse-Battery-Staple",
        "password password password password",
        "adabyron1234",
        "ada.byron@example.org",
        "+44 20 7946 0000",
        "holdfast-2026",
    ],
)
def test_a_password_that_guessers_try_first_is_refused(password):
    assert is_guessable(password, own=OWN)


@pytest.mark.parametrize(
    "password",
    [
        "analytical engine",
        "purple monkey dishwasher",
        "dragon monkey soccer tiger",
        "kX9#vv2!mQp4",
        "f3Jq0Zr81LwP",
        "9f86d081884c7d65",  # drawn by a program, mostly digits
        "70921486305517",
        "sieben kleine Zwerge",
        "пароль-длинный",
        "日本語のパスワードは長い",
    ],
)
def test_other_passwords_and_passphrases_are_accepted(password):
    assert not is_guessable(password, own=OWN)


def test_the_longest_password_is_judged_quickly():
    """The work grows with the length only, so that nobody can stop the server with passwords."""
    for password in ("x y" * 333, "p@ssword" * 125, "1q2w3e4r5t6y" * 83, "a" * 1_000):
        is_guessable(password, own=OWN)


async def test_sign_ups_wait_in_a_bounded_queue():
    """200 sign-ups at once: as many as fit are hashed, two at a time; the others are refused before any work."""
    going, most, lock = 0, 0, threading.Lock()
    gate = threading.Event()

    def hash_slowly(password: str) -> str:
        nonlocal going, most
        with lock:
            going += 1
            most = max(most, going)
        gate.wait(10)
        with lock:
            going -= 1
        return password

    async def insert(**details):
        return details

    hashing = PasswordHashing()
    hashing._hasher = SimpleNamespace(hash=hash_slowly)
    users = Users(SimpleNamespace(insert_user=insert), hashing)

    async def sign_up(number):
        return await users.create(
            name="Ada", phone_number="1", email=f"{number}@example.org", password="analytical engine"
        )

    callers = [asyncio.create_task(sign_up(number)) for number in range(200)]
    await asyncio.wait(callers, return_when=asyncio.FIRST_COMPLETED)
    for caller in callers[:5]:
        caller.cancel()  # a caller that leaves does not free the thread that works for it
    gate.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, Busy)]
    assert len(refused) == 200 - AT_ONCE - MAX_WAITING
    assert most == AT_ONCE
    assert await sign_up(201)


async def test_a_guessable_password_names_the_field():
    users = Users(SimpleNamespace(), PasswordHashing())
    with pytest.raises(InvalidInput) as refused:
        await users.create(name="Ada", phone_number="1", email="a@b.c", password="password1234")
    assert [(one.pointer, one.code) for one in refused.value.errors] == [("/password", "too_common")]


@pytest.mark.parametrize("password", ["", "short", "elevencha7!"])
def test_a_short_password_is_refused_where_every_new_password_passes(password: str):
    """Setup, sign-up, reset, change and invitation call this function; only dialect 3 has a model with the length."""
    with pytest.raises(InvalidInput) as refused:
        refuse_guessable(password)
    assert [error.code for error in refused.value.errors] == ["too_short"]
