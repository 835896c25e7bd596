"""Passwords: which ones are too easy to guess.

A password needs 12 characters. Common words, rows of keys and the user's own details count for nothing, because
a guesser tries them first. A passphrase of four different words is accepted, even if each word is common.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

__all__ = ["MAX_PASSWORD_LENGTH", "MIN_PASSWORD_LENGTH", "is_guessable"]

MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_LENGTH = 1_000

_MIN_DISTINCT = 5
"""Different characters that must remain without the parts that a guesser tries first."""
_MIN_DISTINCT_WITH_ENDS = 7
"""The same, if they remain only with the digits and signs at both ends, which people add to a word."""
_PASSPHRASE_WORDS = 4
_KNOWN_PASSPHRASES = frozenset({"correct horse battery staple"})
_TRACKS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1q2w3e4r5t6y7u8i9o0p",
)
_LOOKALIKES = str.maketrans("@4310$57!", "aaeiossti")
_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_DETAIL = re.compile(r"\w{4,}")
_WORD = re.compile(r"[^\W\d_]{3,}")


def is_guessable(password: str, *, own: tuple[str, ...] = ()) -> bool:
    """Return whether a password is among the first that a guesser tries. `own`: the user's name, address and so on."""
    folded = _folded(password)
    words = _WORD.findall(folded)
    if " ".join(words) in _KNOWN_PASSPHRASES:
        return True
    details = {part for detail in own for part in _DETAIL.findall(_folded(detail))} | {*map(_folded, own)}
    if len(set(words) - details) >= _PASSPHRASE_WORDS:
        return False
    if folded in (folded + folded)[1:-1]:  # one part, repeated
        return True
    rest = _without_runs(folded)
    known = sorted(_common_words() | details, key=len, reverse=True)
    as_given = _distinct(rest, known)
    read = min(as_given, _distinct(rest.translate(_LOOKALIKES), known))
    without_ends = _distinct(_ENDS.sub("", rest).translate(_LOOKALIKES), known)
    return as_given < _MIN_DISTINCT or (without_ends < _MIN_DISTINCT and read < _MIN_DISTINCT_WITH_ENDS)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _distinct(text: str, known: list[str]) -> int:
    """Return the number of different characters without the known words."""
    return len(set(_without(text, known)))


def _without(text: str, known: list[str]) -> str:
    for word in known:
        text = text.replace(word, " ")
    return text.replace(" ", "")


def _without_runs(text: str) -> str:
    """Return the text without three or more characters that are equal, or neighbours on a keyboard or in a row."""
    kept = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and _is_run(text[at : end + 1]):
            end += 1
        if end - at < 3:
            kept.append(text[at])
            at += 1
        else:
            at = end
    return "".join(kept)


def _is_run(part: str) -> bool:
    return len(set(part)) == 1 or any(part in track or part[::-1] in track for track in _TRACKS)


@cache
def _common_words() -> frozenset[str]:
    lines = files(__package__).joinpath("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
