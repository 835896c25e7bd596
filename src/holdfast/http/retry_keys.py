"""Retry keys: whether the Idempotency-Key of a guest is random, so that nobody else can guess it.

All guests share one scope, because nothing else distinguishes them. A stranger who guesses the key and the body of a
hold gets the stored answer, with its hold token. So a guest's key must be random, and not only long:

- a UUID of version 4 or 7; other versions are made of times, names and addresses
- 32 or more hexadecimal digits
- 22 or more characters that do not read like words, dates and counters: 128 random bits in base 64

None of them may be a text in base 64 or in hexadecimal digits.

The last rule is an estimate. It counts the bits that a key costs under a model of what people write: small letters
follow small letters, digits follow digits, and 0, 1 and 2 are the digits of dates and counters. What people write costs
less than 4.3 bits a character, and one of a million random keys does.
"""

from __future__ import annotations

import re
from base64 import b64decode
from contextlib import suppress
from itertools import pairwise
from math import log2

__all__ = ["MIN_LENGTH", "is_random"]

MIN_LENGTH = 22
MIN_BITS = 4.3
"""A character, under the model."""

_MIN_DISTINCT = 7
"""Different hexadecimal digits: one of a billion random UUIDs has fewer. A counter in the form of a UUID has few."""
_FILLER = "0000000"
"""What stands before a time or a counter in the form of a UUID; one of thirty million random ones has it."""
_MIN_PAIRS = 20
"""Different pairs of neighbouring digits: one of a million random keys has fewer."""

_UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)
_HEX = re.compile(r"(?=.*[a-f])[0-9a-f]{32,}", re.IGNORECASE)
_SMALL, _CAPITAL, _DIGIT, _OTHER = range(4)
_FIRST = (0.6, 0.2, 0.2, 0.001)
_NEXT = (
    (0.86, 0.02, 0.03, 0.09),
    (0.55, 0.28, 0.06, 0.11),
    (0.03, 0.04, 0.66, 0.27),
    (0.45, 0.13, 0.40, 0.02),
)
"""How often a kind of character follows another in names, dates and counters."""
_DIGITS = {"0": 0.30, "1": 0.2, "2": 0.2}
_USUAL_DIGIT = 0.3 / 7
_LETTER_BITS = 3.7
_OTHER_BITS = 1.0


def is_random(key: str) -> bool:
    """Return whether a visible ASCII text looks random."""
    if len(key) < MIN_LENGTH:
        return False
    uuid = _UUID.fullmatch(key)
    if uuid is not None:
        return uuid[1] in "47" and uuid[2].lower() in "89ab" and _FILLER not in key and _is_varied(key)
    if _hides_text(key):
        return False
    if _HEX.fullmatch(key):
        return _is_varied(key) and len({*pairwise(key.lower())}) >= _MIN_PAIRS
    return any(map(str.isalpha, key)) and _bits(key) >= MIN_BITS * len(key)


def _is_varied(key: str) -> bool:
    return len(set(key.lower()) - {"-"}) >= _MIN_DISTINCT


def _hides_text(key: str) -> bool:
    """Return whether the key is a text in base 64 or in hexadecimal digits. One of a million random keys is."""
    decoded: list[bytes] = []
    if _HEX.fullmatch(key) and len(key) % 2 == 0:
        decoded.append(bytes.fromhex(key))
    usual = key.rstrip("=").replace("-", "+").replace("_", "/")
    with suppress(ValueError):  # no base 64
        decoded.append(b64decode(usual + "=" * (-len(usual) % 4), validate=True))
    return any(each.isascii() and each.decode().isprintable() for each in decoded)


def _bits(key: str) -> float:
    kinds = [_kind(character) for character in key]
    bits = -log2(_FIRST[kinds[0]])
    bits -= sum(log2(_NEXT[before][after]) for before, after in pairwise(kinds))
    for character, kind in zip(key, kinds, strict=True):
        if kind == _DIGIT:
            bits -= log2(_DIGITS.get(character, _USUAL_DIGIT))
        else:
            bits += _OTHER_BITS if kind == _OTHER else _LETTER_BITS
    return bits


def _kind(character: str) -> int:
    if character.isdigit():
        return _DIGIT
    if not character.isalpha():
        return _OTHER
    return _SMALL if character.islower() else _CAPITAL
